"""What is still to be said when the link leaves: it goes out before the goodbye."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.link.session import Session
from edge_agent.link.uplink import Outcome, UnitFacts, Uplink
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.keeper import Now
from edge_agent.spool.spool import open_spool
from protocols.opening import Closed, Degrees, PositionFound, Signal, read_signal, seal_signal, signal_text
from protocols.topics import UpChannel, UpTopic
from protocols.uplink import AnyUpMessage, CommandResult, PositionMessage, SessionState, SignalMessage, decode_up

UNIT = "unit-abcd2345"
OPENING = "open-" + "a" * 24
FAR_LIMIT_S = 20.0


@dataclass
class Line:
    """A broker's side. While `holds`, it takes messages and answers none."""

    taken: list[AnyUpMessage] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, channel: UpChannel, payload: bytes) -> None:
        self.taken.append(decode_up(UpTopic(UNIT, channel), payload))
        self.news.set()
        await self.answers.wait()

    def said(self) -> list[str]:
        """What was said, of openings, commands and the session."""
        told = []
        for message in self.taken:
            match message:
                case SignalMessage(sealed=sealed) | PositionMessage(sealed=sealed):
                    told.append(type(read_signal(sealed)).__name__)
                case CommandResult(state=state):
                    told.append(state)
                case SessionState(up=up):
                    told.append("up" if up else "down")
        return told


def say(uplink: Uplink, signal: Signal) -> None:
    uplink.signal(seal_signal(signal_text(signal), "1a", b"signature"))


CLOSED = Closed(opening=OPENING, reason="agent-stopped", open_s=3)
FOUND = PositionFound(opening=OPENING, at=Degrees(latitude_deg=1.0, longitude_deg=2.0), hdop=1.0, satellites=9)


@asynccontextmanager
async def uplink_in(path: Path) -> AsyncIterator[Uplink]:
    clock = SystemClock()

    def now() -> Now:
        return Now(clock.wall_ms(), clock.mono_ms(), None)

    spool = await open_spool(path, SpoolLimits(max_bytes=1 << 24, max_age_ms=1 << 40), now)
    try:
        session = Session(UNIT, {}, clock.mono_ms())
        yield Uplink(UNIT, session, spool, clock, UnitFacts("boot", "1", "model"), lambda: 1, 30_000)
    finally:
        await spool.close()


async def _connected(uplink: Uplink, line: Line) -> "asyncio.Task[None]":
    """`run`, once it has announced the session on a line that answers that only when told to."""
    running = asyncio.create_task(uplink.run(line.publish))
    async with asyncio.timeout(FAR_LIMIT_S):
        await line.news.wait()
    return running


async def _cancelled(running: "asyncio.Task[None]") -> None:
    running.cancel()
    await asyncio.wait({running})


async def test_what_waits_when_the_link_leaves_is_said_before_the_goodbye(tmp_path: Path) -> None:
    async with uplink_in(tmp_path) as uplink:
        line = Line()
        running = await _connected(uplink, line)
        say(uplink, FOUND)
        say(uplink, CLOSED)
        uplink.tell(Outcome("c" * 24, "done", ""))
        await _cancelled(running)
        assert line.said() == ["up"]
        line.answers.set()
        await uplink.leave(line.publish)
        assert line.said() == ["up", "PositionFound", "Closed", "done", "down"]
        again = Line()
        running = await _connected(uplink, again)
        again.answers.set()
        await _cancelled(running)
        await uplink.leave(again.publish)
        assert again.said() == ["up", "down"], "once is enough"


async def test_a_line_of_long_round_trips_takes_all_of_it_in_one(tmp_path: Path) -> None:
    async with uplink_in(tmp_path) as uplink:
        line = Line()
        running = await _connected(uplink, line)
        for _ in range(5):
            say(uplink, CLOSED)
        await _cancelled(running)
        leaving = asyncio.create_task(uplink.leave(line.publish))
        async with asyncio.timeout(FAR_LIMIT_S):
            while line.said()[-1] != "down":
                line.news.clear()
                await line.news.wait()
        assert line.said() == ["up", *["Closed"] * 5, "down"], "though nothing was answered yet"
        line.answers.set()
        await leaving


async def test_what_a_broken_connection_left_is_too_late_for_the_next(tmp_path: Path) -> None:
    async def breaks(channel: UpChannel, payload: bytes) -> None:
        del channel, payload
        say(uplink, CLOSED)
        raise OSError("the line is gone")

    async with uplink_in(tmp_path) as uplink:
        with pytest.raises(OSError, match="gone"):
            await uplink.run(breaks)
        say(uplink, CLOSED)
        line = Line()
        running = await _connected(uplink, line)
        line.answers.set()
        await _cancelled(running)
        await uplink.leave(line.publish)
        assert line.said() == ["up", "down"]
