"""A console under test: its keys, and what a person sees of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

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
        await self.pilot.press(*keys)

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
