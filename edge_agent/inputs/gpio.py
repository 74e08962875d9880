"""A line of a GPIO chip, through libgpiod 2. Not run on hardware: tests hold it to the library's own types.

The library belongs to the extra `hardware` and is loaded when the first line is watched.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from edge_agent.errors import InputUnusable
from edge_agent.inputs.line_source import LineLevel
from edge_agent.inputs.settings import InputSettings
from edge_agent.readers.source_tree import reason_of

if TYPE_CHECKING:
    from gpiod.edge_event import EdgeEvent
    from gpiod.line_request import LineRequest
    from gpiod.line_settings import LineSettings

_CONSUMER = "muster"
_EVENTS_KEPT = 256
"""Edges that the kernel keeps while the agent is busy; it drops the oldest, so the last level is always right."""


class GpioLine:
    """A LineSource of one line, which nobody else may use meanwhile."""

    def __init__(self, settings: InputSettings) -> None:
        """Opens nothing yet."""
        self._settings = settings

    @property
    def names(self) -> tuple[str, ...]:
        """See LineSource."""
        return (self._settings.name,)

    async def levels(self) -> AsyncGenerator[LineLevel, None]:
        """See LineSource."""
        name = self._settings.name
        gpiod = library(name)
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        with _told_as_unusable(self._settings), request_line(gpiod, self._settings) as request:
            loop.add_reader(request.fd, ready.set)
            try:
                yield LineLevel(name, bool(request.get_values()[0]), _boottime_ns() // 1_000_000)
                while True:
                    await ready.wait()
                    ready.clear()
                    for event in request.read_edge_events():
                        yield level_of(gpiod, event, name, boottime_ahead_ns())
            finally:
                loop.remove_reader(request.fd)


def library(name: str) -> ModuleType:
    """The Python library for GPIO, for input `name`; raises InputUnusable where it is not installed."""
    try:
        import gpiod  # noqa: PLC0415 - only machines with GPIO lines have it
    except ImportError as error:
        raise InputUnusable(
            name, "the Python library gpiod is missing; install muster with its extra 'hardware'"
        ) from error
    return gpiod


def request_line(gpiod: ModuleType, settings: InputSettings) -> "LineRequest":
    """The line, asked of its chip for this process alone. Raises OSError or ValueError as the library does."""
    with gpiod.Chip(settings.chip) as chip:
        line = {settings.line: line_settings(gpiod, settings)}
        request: LineRequest = chip.request_lines(line, _CONSUMER, _EVENTS_KEPT)
    return request


def line_settings(gpiod: ModuleType, settings: InputSettings) -> "LineSettings":
    """What the kernel is asked for: both edges, stamped by CLOCK_MONOTONIC, and no debouncing, which hides chatter."""
    bias = gpiod.line.Bias
    pulls = {"as-is": bias.AS_IS, "none": bias.DISABLED, "up": bias.PULL_UP, "down": bias.PULL_DOWN}
    wanted: LineSettings = gpiod.LineSettings(
        direction=gpiod.line.Direction.INPUT,
        edge_detection=gpiod.line.Edge.BOTH,
        bias=pulls[settings.pull],
        active_low=settings.active_low,
        event_clock=gpiod.line.Clock.MONOTONIC,
    )
    return wanted


def level_of(gpiod: ModuleType, event: "EdgeEvent", name: str, ahead_ns: int) -> LineLevel:
    """An edge as a level of line `name`; a rising edge is one to active, whatever the voltage.

    `ahead_ns` is what `boottime_ahead_ns` says now.
    """
    active = event.event_type is gpiod.EdgeEvent.Type.RISING_EDGE
    return LineLevel(name, active, (event.timestamp_ns + ahead_ns) // 1_000_000)


def boottime_ahead_ns() -> int:
    """How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: the time the machine has been suspended."""
    return _boottime_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def _boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@contextmanager
def _told_as_unusable(settings: InputSettings) -> Iterator[None]:
    where = f"line {settings.line} of {settings.chip}"
    try:
        yield
    except OSError as error:
        raise InputUnusable(
            settings.name, f"{where} can not be watched ({reason_of(error)}); check chip, line and permissions"
        ) from error
    except ValueError as error:
        raise InputUnusable(settings.name, f"{where} is none of the chip's; check the settings") from error
