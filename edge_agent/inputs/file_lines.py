"""Lines of a simulated host: one file each, with `1` for a high line and `0` for a low one, as in sysfs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.errors import InputUnusable, SourceGarbled, SourceUnreadable
from edge_agent.inputs.gpio import GpioLine
from edge_agent.inputs.line_source import LineLevel, LineSource
from edge_agent.inputs.settings import InputSettings
from edge_agent.readers.plain_values import flag
from edge_agent.readers.source_tree import SourceTree

DIRECTORY = "run/muster-inputs"
"""Beneath the simulated host's root; the files are named as the inputs are."""

POLL_S = 0.1


class FileLine:
    """A LineSource of one file, read ten times a second. What is shorter is not seen."""

    def __init__(self, settings: InputSettings, root: Path, clock: Clock) -> None:
        """Watch the line as the host with this `root` has it; reads nothing yet."""
        self._settings = settings
        self._path = f"{DIRECTORY}/{settings.name}"
        self._tree = SourceTree(root)
        self._clock = clock

    @property
    def names(self) -> tuple[str, ...]:
        """See LineSource."""
        return (self._settings.name,)

    async def levels(self) -> AsyncGenerator[LineLevel, None]:
        """See LineSource."""
        before: bool | None = None
        empty_before = False
        while True:
            text = self._text()
            # Whoever writes a file may be between emptying and filling it.
            empty_now = not text.strip()
            if not empty_now or empty_before:
                active = self._is_active(text)
                if active != before:
                    before = active
                    yield LineLevel(self._settings.name, active, self._clock.mono_ms())
            empty_before = empty_now
            await asyncio.sleep(POLL_S)

    def _text(self) -> str:
        try:
            text = self._tree.text(self._path, limit_bytes=64)
        except SourceUnreadable as error:
            raise self._unusable(f"{self._path}: {error.detail}") from error
        if text is None:
            raise self._unusable(f"there is no {self._path}")
        return text

    def _is_active(self, text: str) -> bool:
        try:
            return flag(text) != self._settings.active_low
        except SourceGarbled as error:
            raise self._unusable(f"{self._path}: {error.detail}") from error

    def _unusable(self, why: str) -> InputUnusable:
        return InputUnusable(self._settings.name, f"{why}; write 0 or 1 into it")


def write_line(root: Path, name: str, *, high: bool) -> None:
    """Put the line of input `name` high or low on the simulated host with this `root`. Raises OSError."""
    directory = root / DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    being_written = directory / f".{name}"
    being_written.write_text("1\n" if high else "0\n")
    being_written.replace(directory / name)


def line_sources(inputs: Sequence[InputSettings], root: Path, clock: Clock) -> list[LineSource]:
    """What watches `inputs`, each line by itself: the machine's GPIO, or files where `root` is a simulated host."""
    if root == Path("/"):
        return [GpioLine(settings) for settings in inputs]
    return [FileLine(settings, root, clock) for settings in inputs]
