"""Inputs whose events nobody takes: they are bounded, and the count of what was left out is told."""

import asyncio
from collections.abc import AsyncGenerator

from edge_agent.clock import SystemClock
from edge_agent.errors import InputUnusable
from edge_agent.inputs.line_source import LineLevel
from edge_agent.inputs.settings import InputSettings
from edge_agent.inputs.watching import OUTBOX_MAX, Inputs
from edge_agent.watch import Happening
from tests.support.waiting import until

DOORS = [InputSettings(name=f"door-{number}", kind="door", line=number, debounce_ms=0) for number in range(20)]
CHANGES = 60


class Board:
    """A LineSource of many lines, as a microcontroller is: each has some levels at once, then all rest or fail."""

    def __init__(self, levels: int, *, fails: bool) -> None:
        self.calls = 0
        self._levels = levels
        self._fails = fails

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in DOORS)

    async def levels(self) -> AsyncGenerator[LineLevel, None]:
        self.calls += 1
        now_ms = SystemClock().mono_ms()
        for turn in range(self._levels if self.calls == 1 else 0):
            for name in self.names:
                yield LineLevel(name, turn % 2 == 0, now_ms)
        if self._fails:
            raise InputUnusable("board", "does not answer")
        await asyncio.Event().wait()


class Spool:
    """Takes events once it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.told: list[Happening] = []

    async def tell(self, happening: Happening) -> None:
        await self.open.wait()
        self.told.append(happening)

    async def told_of(self, kind: str) -> bool:
        return any(each.kind == kind for each in self.told)


async def test_events_that_nobody_takes_are_bounded_and_counted() -> None:
    spool, board = Spool(), Board(CHANGES + 1, fails=False)
    inputs = Inputs(DOORS, [board], spool.tell, SystemClock())
    running = asyncio.create_task(inputs.run())

    async def watching() -> bool:
        return board.calls == 1

    await until(watching)
    spool.open.set()
    await until(lambda: spool.told_of("input-events-left-out"))
    running.cancel()
    await asyncio.wait({running})
    left_out = len(DOORS) * CHANGES - OUTBOX_MAX
    counted = spool.told[OUTBOX_MAX:][-1].summary
    assert len(spool.told) in {OUTBOX_MAX + 1, OUTBOX_MAX + 2}
    assert counted in {f"{left_out - taken} events of the inputs were left out: too many waited" for taken in (0, 1)}


async def test_a_board_that_fails_is_told_once_and_asked_again() -> None:
    spool, board = Spool(), Board(1, fails=True)
    spool.open.set()
    inputs = Inputs(DOORS, [board], spool.tell, SystemClock(), retry_cap_s=0.01)
    running = asyncio.create_task(inputs.run())

    async def asked_again() -> bool:
        return board.calls > 3

    await until(asked_again)
    await until(lambda: spool.told_of("input-unusable"))
    running.cancel()
    await asyncio.wait({running})
    assert [each.kind for each in spool.told].count("input-unusable") == 1
