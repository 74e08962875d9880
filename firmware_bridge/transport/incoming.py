"""What came over a line and was not read yet: bounded, in order, and honest about what was dropped. Pure."""

from firmware_bridge.errors import LineOverrun


class Incoming:
    """At most `limit_bytes` that wait to be taken.

    Once more comes than there is room for, everything is dropped until what waits has been taken and the gap told, so
    that what is taken before the gap came before it, and what is taken after it came after it.
    """

    def __init__(self, port: str, limit_bytes: int) -> None:
        self._port = port
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._dropped_bytes = 0

    def put(self, content: bytes) -> None:
        """`content` came."""
        room = 0 if self._dropped_bytes else self._limit_bytes - len(self._held)
        self._held += content[:room]
        self._dropped_bytes += max(0, len(content) - room)

    def take(self) -> bytes:
        """Everything that waits, empty when nothing does; raises LineOverrun once for each gap."""
        if self._held:
            taken = bytes(self._held)
            self._held.clear()
            return taken
        if self._dropped_bytes:
            dropped_bytes, self._dropped_bytes = self._dropped_bytes, 0
            raise LineOverrun(self._port, dropped_bytes)
        return b""

    def clear(self) -> None:
        """Forget what waits, and the gap."""
        self._held.clear()
        self._dropped_bytes = 0
