"""The console over a fleet in memory, for tests of its screens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.unit.tui.seen_console import SeenConsole, seen_console
from tests.unit.tui.stub_client import StubClient

SIZES = [(80, 24), (160, 48)]


class StubConsole(SeenConsole):
    """A console over a fleet in memory."""

    def __init__(self, client: StubClient, seen: SeenConsole) -> None:
        super().__init__(seen.app, seen.pilot)
        self.client = client

    def asked(self, what: str) -> list[tuple[object, ...]]:
        return [question for question in self.client.asked if question[0] == what]


@asynccontextmanager
async def console(client: StubClient, folder: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[StubConsole]:
    async with seen_console(client, folder, size) as seen:
        yield StubConsole(client, seen)
