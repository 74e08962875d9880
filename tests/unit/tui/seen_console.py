"""A console under test: its keys, and what a person sees of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from fleet.client import FleetClient
from tui.console import ConsoleApp
from tui.saved import SavedFilters

LIMIT_S = 60.0


class SeenConsole:
    """A running console, and what a person sees of it."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        compositor = self.app.screen._compositor
        return [strip.text for strip in compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await self.pilot.pause(0.01)

    async def sees(self, *words: str) -> None:
        try:
            await self.until(lambda: all(word in self.text for word in words))
        except TimeoutError:
            raise AssertionError(f"{words} not all on the screen:\n{self.text}") from None

    async def misses(self, word: str) -> None:
        try:
            await self.until(lambda: word not in self.text)
        except TimeoutError:
            raise AssertionError(f"{word!r} still on the screen:\n{self.text}") from None

    async def press(self, *keys: str) -> None:
        for is_text, run in groupby(keys, key=lambda key: len(key) == 1):
            pressed = list(run)
            if is_text and isinstance(self.app.focused, Input):
                pressed = [self._typed(pressed)]
            await self.pilot.press(*pressed)

    def _typed(self, keys: list[str]) -> str:
        """Type all but the last key as fast as they can be read: the pilot rests 40 ms after each that it presses."""
        *first, last = keys
        assert self.app._driver is not None, "the console runs"
        for key in first:
            self.app._driver.send_message(events.Key(_character_to_key(key), key))
        return last

    def cursor_line(self) -> str:
        return next(line for line in self.lines if line.startswith("▸"))


@asynccontextmanager
async def seen_console(
    client: FleetClient, folder: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[SeenConsole]:
    """Run the console on a terminal of `size`; saved filters are kept in `folder`."""
    app = ConsoleApp(client, await client.whoami(), SavedFilters(folder / "filters.json"))
    async with app.run_test(size=size) as pilot:
        yield SeenConsole(app, pilot)
