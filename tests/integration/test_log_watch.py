"""A log that does not grow while entries wait is noticed, whatever the clocks say."""

import asyncio
from datetime import timedelta
from typing import TypeAlias

import asyncpg
from prometheus_client import CollectorRegistry

from fleet.clock import utc_now
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import UnitLabelled
from fleet.errors import LogDamaged
from fleet.log.key import LogKey
from fleet.log.news import LogNews
from fleet.log.sequencer import Sequencer
from fleet.log.status import LogStanding
from fleet.log.watch import LogWatch
from fleet.metrics import Metrics
from fleet.store.store import Store
from tests.support.log_tree import AT, append
from tests.support.logging_fleet import logging_fleet
from tests.support.opening_log import sequence

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Watched:
    """A watch whose controller's clock goes back a day at each look; `at` is in seconds that no clock can change."""

    def __init__(self, store: Store) -> None:
        self._now, self._now_s = utc_now(), 0.0
        metrics = Metrics(CollectorRegistry())
        self.watch = LogWatch(store, lambda: self._now, metrics, every_s=60, monotonic=lambda: self._now_s)

    async def look(self, at: float) -> bool:
        """Look at second `at`; whether the log is stuck."""
        self._now, self._now_s = self._now - timedelta(days=1), at
        await self.watch.look()
        return self.watch.is_stuck


async def _alarms(owner: Owner) -> list[str]:
    return [row["kind"] for row in await owner.fetch("SELECT kind FROM event WHERE severity = 'alarm'")]


async def test_a_log_that_does_not_grow_is_one_alarm_and_stands_in_the_status(
    store: Store, dsn: str, owner: Owner
) -> None:
    key = LogKey.new()
    await logging_fleet(dsn, store, key)
    watched = Watched(store)
    standing = LogStanding(
        store,
        key,
        utc_now,
        every_s=60,
        is_leading=lambda: False,
        is_stuck=lambda: watched.watch.is_stuck,
        answers={},
    )

    async def is_said() -> bool:
        return any("does not grow" in alarm for alarm in (await standing.status()).alarms)

    assert not any([await watched.look(0), await watched.look(180)])
    assert (await _alarms(owner), await is_said()) == ([], False)
    assert all([await watched.look(181), await watched.look(191)])
    assert (await _alarms(owner), await is_said()) == (["log-stuck"], True)
    await sequence(dsn)
    assert not await watched.look(201)
    assert not await is_said()


async def test_a_log_in_which_there_is_always_something_new_is_not_stuck(store: Store, dsn: str) -> None:
    watched = Watched(store)
    for round_number in range(4):
        await append(store)
        assert not await watched.look(round_number * 170)
        await sequence(dsn)


async def test_an_entry_is_kept_in_sight_though_one_with_a_lower_id_comes_late(store: Store) -> None:
    """So that slow transactions do not hide a log that stands still."""
    async with store.transaction() as slow:
        early = await slow.log.append(UnitLabelled(at=AT, actor="TO-12", unit=None, label=HashedText("slow")))
        (late,) = await append(store)
        watched = Watched(store)
        assert not await watched.look(0)
    assert early < late
    assert await watched.look(181)
    async with store.transaction() as transaction:
        assert await transaction.log_tree.still_waiting(None) == early
        assert await transaction.log_tree.still_waiting(late) == late


async def test_a_sequencer_that_is_refused_again_and_again_says_so(store: Store, dsn: str, owner: Owner) -> None:
    """A row that stands already where the next leaf should."""
    await owner.execute(
        "INSERT INTO log_entry (leaf_index, kind, actor, at, body) VALUES (0, 'x', 'x', now(), '{\"v\":1}')"
    )
    await append(store)
    told: asyncio.Future[LogDamaged] = asyncio.get_running_loop().create_future()

    async def tell(damage: LogDamaged) -> None:
        if not told.done():
            told.set_result(damage)

    async def idle() -> None:
        await asyncio.Event().wait()

    sequencer = Sequencer(dsn, LogNews(), poll_s=0.005, meanwhile=idle, on_damage=tell)
    running = asyncio.create_task(sequencer.run())
    try:
        async with asyncio.timeout(30):
            damage = await told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "refused new leaves 5 times" in damage.detail
    assert "log_entry_leaf" in damage.detail
