"""What watches lines: GPIO, files of a simulated host, and, where one is fitted, the microcontroller."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol


class LineLevel(NamedTuple):
    """Line `name` became `active` or not, by its meaning and not by its voltage, at `at_ms` of CLOCK_BOOTTIME."""

    name: str
    active: bool
    at_ms: int


class LineSource(Protocol):
    """Watches the lines `names`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that this watches, by their names in the settings."""
        ...

    def levels(self) -> AsyncGenerator[LineLevel, None]:
        """First the level of each line, then each change, without end; closing it lets go of the lines.

        Raises InputUnusable when the lines can not be watched, or no longer. It may be called again then.
        """
        ...
