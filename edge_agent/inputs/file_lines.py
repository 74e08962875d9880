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
        self._tree = SourceTree(root)
        self._clock = clock

    @property
    def names(self) -> tuple[str, ...]:
        """See LineSource."""
        return (self._settings.name,)

    async def levels(self) -> AsyncGenerator[LineLevel, None]:
        """See LineSource."""
        before: bool | None = None
        while True:
            active = self._active()
            if active != before:
                before = active
                yield LineLevel(self._settings.name, active, self._clock.mono_ms())
            await asyncio.sleep(POLL_S)

    def _active(self) -> bool:
        path = f"{DIRECTORY}/{self._settings.name}"
        try:
            text = self._tree.text(path, limit_bytes=64)
            if text is None:
                raise InputUnusable(self._settings.name, f"there is no {path}; write 0 or 1 into it")
            return flag(text) != self._settings.active_low
        except (SourceUnreadable, SourceGarbled) as error:
            raise InputUnusable(self._settings.name, f"{path}: {error.detail}; write 0 or 1 into it") from error


def line_sources(inputs: Sequence[InputSettings], root: Path, clock: Clock) -> list[LineSource]:
    """What watches `inputs`, each line by itself: the machine's GPIO, or files where `root` is a simulated host."""
    if root == Path("/"):
        return [GpioLine(settings) for settings in inputs]
    return [FileLine(settings, root, clock) for settings in inputs]
