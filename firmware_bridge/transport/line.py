"""What a serial line is to everything above it."""

from typing import Protocol


class Line(Protocol):
    """Bytes to and from one device. One task reads and one writes at a time."""

    @property
    def name(self) -> str:
        """The port, as people call it."""
        ...

    async def read(self) -> bytes:
        """The next bytes, at least one, at most 64 KiB; raises PortLost, and LineOverrun once after bytes were
        dropped."""
        ...

    async def write(self, content: bytes) -> None:
        """Send all of `content`, and return when the driver has taken it; raises PortLost."""
        ...

    def discard(self) -> None:
        """Throw away what has come and was not read."""
        ...

    async def close(self) -> None:
        """Let go of the port; does nothing the second time."""
        ...
