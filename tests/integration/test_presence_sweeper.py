"""The sweeper on a real database and a fake clock: words change when due, in heard silence only, one event a unit."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg

from fleet.metrics import Metrics
from fleet.presence.sweeper import Sweeper
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from fleet.store.telemetry import Heard
from tests.support.reporting import register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
START = datetime(2026, 5, 10, 12, tzinfo=UTC)


class Scene:
    """A sweeper, its clock, and since when it listened."""

    def __init__(self, store: Store, owner: Owner) -> None:
        self.now = START
        self.listening_since: datetime | None = START
        self._store = store
        self._owner = owner
        settings = PresenceSettings()
        self._sweeper = Sweeper(store, settings, lambda: self.now, lambda: self.listening_since, Metrics())

    async def report(self, unit_id: str) -> None:
        async with self._store.transaction() as transaction:
            due = self.now + timedelta(seconds=160)
            await transaction.telemetry.set_heard([Heard(unit_id, self.now, 1, due)])

    async def after(self, seconds: float) -> dict[str, str]:
        """Let time pass, sweep, and return the words by unit."""
        self.now += timedelta(seconds=seconds)
        await self._sweeper.sweep()
        rows = await self._owner.fetch("SELECT unit_id, presence FROM unit_live")
        return {row["unit_id"]: row["presence"] for row in rows}

    async def events(self) -> list[tuple[str, int]]:
        rows = await self._owner.fetch("SELECT kind, count FROM event ORDER BY event_id")
        return [(row["kind"], row["count"]) for row in rows]


async def test_words_change_when_they_are_due(store: Store, owner: Owner) -> None:
    await register(owner, ["unit-silent1", "unit-talks11", "unit-never11"])
    scene = Scene(store, owner)
    await scene.report("unit-silent1")
    await scene.report("unit-talks11")
    words = {"unit-silent1": "online", "unit-talks11": "online", "unit-never11": "never"}
    assert await scene.after(100) == words
    await scene.report("unit-talks11")
    assert await scene.after(60) == {**words, "unit-silent1": "stale"}
    assert await scene.after(739) == {**words, "unit-silent1": "stale", "unit-talks11": "stale"}
    assert await scene.events() == []
    assert await scene.after(1) == {**words, "unit-silent1": "quiet", "unit-talks11": "stale"}
    assert await scene.events() == [("unit-quiet", 1)]
    assert await owner.fetchval("SELECT presence_due_at FROM unit_live WHERE unit_id = 'unit-silent1'") is None


async def test_a_unit_that_goes_quiet_again_is_counted_on_its_open_event(store: Store, owner: Owner) -> None:
    await register(owner, ["unit-silent1"])
    scene = Scene(store, owner)
    for _ in range(2):
        await scene.report("unit-silent1")
        assert await scene.after(200) == {"unit-silent1": "stale"}
        assert await scene.after(800) == {"unit-silent1": "quiet"}
    assert await scene.events() == [("unit-quiet", 2)]


async def test_silence_that_nobody_listened_to_changes_nothing(store: Store, owner: Owner) -> None:
    await register(owner, ["unit-silent1"])
    scene = Scene(store, owner)
    await scene.report("unit-silent1")
    scene.listening_since = None
    assert await scene.after(10_000) == {"unit-silent1": "online"}
    scene.listening_since = scene.now
    assert await scene.after(159) == {"unit-silent1": "online"}
    assert await scene.after(1) == {"unit-silent1": "stale"}
    assert await scene.after(740) == {"unit-silent1": "quiet"}


async def test_units_taken_out_of_service_go_quiet_without_an_event(store: Store, owner: Owner) -> None:
    await register(owner, ["unit-silent1"])
    scene = Scene(store, owner)
    await scene.report("unit-silent1")
    await owner.execute("UPDATE unit SET state = 'revoked'")
    assert await scene.after(1000) == {"unit-silent1": "quiet"}
    assert await scene.events() == []


async def test_a_row_that_another_controller_holds_is_left_to_it(store: Store, owner: Owner) -> None:
    await register(owner, ["unit-silent1", "unit-silent2"])
    scene = Scene(store, owner)
    await scene.report("unit-silent1")
    await scene.report("unit-silent2")
    async with owner.transaction():
        await owner.execute("SELECT FROM unit_live WHERE unit_id = 'unit-silent1' FOR UPDATE")
        assert await scene.after(200) == {"unit-silent1": "online", "unit-silent2": "stale"}
    assert await scene.after(0) == {"unit-silent1": "stale", "unit-silent2": "stale"}
