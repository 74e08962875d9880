"""Holding sessions that were taken over: taken back when lost, let go in the end, never too many."""

import asyncio
from collections import defaultdict

from fleet.revocation.errors import BrokerAway
from fleet.revocation.guard import Guard
from fleet.revocation.units_listener import TakenOver
from tests.support.waiting import until

FOREVER_S = 3600.0


class Broker:
    """One session for each unit, whose end is told to who holds it."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.taken: dict[str, int] = defaultdict(int)
        self.away = False
        self.refused = 0

    async def take_over(self, unit_id: str) -> TakenOver:
        if self.away:
            self.refused += 1
            raise BrokerAway("here", "away")
        if (old := self.sessions.get(unit_id)) is not None:
            old.ended_by_broker.set()
        self.taken[unit_id] += 1
        session = self.sessions[unit_id] = Session()
        return session

    async def taken_times(self, unit_id: str, times: int) -> bool:
        return self.taken[unit_id] == times

    async def refused_times(self, times: int) -> bool:
        return self.refused >= times


class Session(TakenOver):
    """A session without a connection."""

    def __new__(cls) -> "Session":
        return super().__new__(cls, None, None, "1a")  # type: ignore[arg-type]  # nothing is read or written here

    def __init__(self) -> None:
        self.ended_by_broker = asyncio.Event()
        self.ended = False

    async def lost(self) -> None:
        await self.ended_by_broker.wait()

    async def end(self) -> None:
        self.drop()

    def drop(self) -> None:
        self.ended = True


async def test_a_session_that_is_taken_back_is_taken_over_again() -> None:
    broker = Broker()
    async with Guard(broker.take_over, FOREVER_S) as guard:
        guard.hold("unit-1", await broker.take_over("unit-1"))
        for times in (2, 3):
            broker.sessions["unit-1"].ended_by_broker.set()
            await until(lambda times=times: broker.taken_times("unit-1", times))  # type: ignore[misc]  # bound here
        assert guard.held == ["unit-1"]
        newest = broker.sessions["unit-1"]
    assert newest.ended
    assert guard.held == []


async def test_a_session_is_let_go_in_time() -> None:
    broker = Broker()
    async with Guard(broker.take_over, held_s=0.05) as guard:
        session = await broker.take_over("unit-1")
        guard.hold("unit-1", session)

        async def let_go() -> bool:
            return guard.held == []

        await until(let_go)
        assert broker.sessions["unit-1"].ended


async def test_no_more_are_held_than_may_be_and_the_oldest_goes_first() -> None:
    broker = Broker()
    async with Guard(broker.take_over, FOREVER_S, max_held=2) as guard:
        for unit_id in ("unit-1", "unit-2", "unit-3"):
            guard.hold(unit_id, await broker.take_over(unit_id))
        assert guard.held == ["unit-2", "unit-3"]

        async def ended() -> bool:
            return broker.sessions["unit-1"].ended

        await until(ended)
        assert not broker.sessions["unit-2"].ended


async def test_a_unit_that_is_held_anew_is_held_once() -> None:
    broker = Broker()
    async with Guard(broker.take_over, FOREVER_S) as guard:
        guard.hold("unit-1", await broker.take_over("unit-1"))
        guard.let_go("unit-1")
        guard.hold("unit-1", await broker.take_over("unit-1"))
        assert guard.held == ["unit-1"]
        await asyncio.sleep(0)
        assert broker.taken["unit-1"] == 2


async def test_a_session_that_can_not_be_taken_back_at_once_is_tried_for_as_long_as_it_is_held() -> None:
    """Whoever fills the broker's door for a moment must not open the way for a connection from before."""
    broker = Broker()
    async with Guard(broker.take_over, FOREVER_S, retry_s=0.01) as guard:
        guard.hold("unit-1", await broker.take_over("unit-1"))
        broker.away = True
        broker.sessions["unit-1"].ended_by_broker.set()
        await until(lambda: broker.refused_times(3))
        broker.away = False
        await until(lambda: broker.taken_times("unit-1", 2))
        assert guard.held == ["unit-1"]


async def test_a_broker_that_stays_away_is_asked_no_longer_than_a_session_is_held() -> None:
    broker = Broker()
    async with Guard(broker.take_over, held_s=0.1, retry_s=0.01) as guard:
        guard.hold("unit-1", await broker.take_over("unit-1"))
        broker.away = True
        broker.sessions["unit-1"].ended_by_broker.set()

        async def let_go() -> bool:
            return guard.held == []

        await until(let_go)
