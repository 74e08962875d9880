"""What is erased when, what is kept, and that each erasure is an entry; on a real PostgreSQL, whose clock is right."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from fleet import retention
from fleet.clock import utc_now
from fleet.ingest.rows import report_rows
from fleet.retention import CLOCKS_APART_DAYS, DAYS_AHEAD, Retention
from fleet.settings import RetentionSettings
from fleet.store.events import ControllerEvent
from fleet.store.store import Store
from protocols.health import HealthReport
from protocols.uplink import HealthBatch, Severity
from tests.support.reporting import OWNER_ID, register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT = "unit-abcd2345"
KEPT = RetentionSettings(health_days=30, event_days=100)


async def _report(store: Store, seq: int, at: datetime, received: datetime) -> None:
    report = HealthReport(seq=seq, sampled_at_ms=int(at.timestamp() * 1000))
    message = HealthBatch(unit=UNIT, session="0" * 32, spool_id=5, reports=[report])
    async with store.transaction() as transaction:
        await transaction.telemetry.stage_reports(list(report_rows(message, int(received.timestamp() * 1000))))
        await transaction.telemetry.add_staged()


async def _partition(store: Store, day: date) -> str:
    async with store.transaction() as transaction:
        await transaction.retention.ensure_health_partitions(day, 0)
    return f"health_report_{day:%Y%m%d}"


async def _event(store: Store, kind: str, severity: Severity, at: datetime, acknowledged: datetime | None) -> None:
    async with store.transaction() as transaction:
        await transaction.events.add(ControllerEvent(kind=kind, severity=severity, summary=kind), at)
        (event, *_) = await transaction.events.page(limit=1)
        if acknowledged is not None:
            await transaction.events.acknowledge(event.event_id, OWNER_ID, acknowledged)


async def _entries(owner: Owner, kind: str) -> list[dict[str, Any]]:
    records = await owner.fetch("SELECT body FROM log_entry WHERE kind = $1 ORDER BY entry_id", kind)
    return [msgspec.json.decode(record["body"]) for record in records]


async def _seqs(owner: Owner) -> list[int]:
    return [row["seq"] for row in await owner.fetch("SELECT seq FROM health_report ORDER BY seq")]


async def test_reports_past_keeping_go_and_what_came_lately_stays(store: Store, owner: Owner) -> None:
    now = utc_now()
    old, recent = now - timedelta(days=60), now - timedelta(days=1)
    dropped = await _partition(store, old.date())
    kept = await _partition(store, now.date() - timedelta(days=KEPT.health_days))
    await _report(store, 1, old, old)
    await _report(store, 2, recent, recent)
    await owner.execute(f"ANALYZE {dropped}")
    stopped, ahead = datetime(1970, 1, 1, tzinfo=UTC), now + timedelta(days=4000)
    await _report(store, 3, stopped, recent)
    await _report(store, 4, stopped, old)
    await _report(store, 5, ahead, recent)
    await _report(store, 6, ahead, old)
    for _ in range(2):
        await Retention(store, KEPT, lambda: now).tidy()
    (said,) = await _entries(owner, "retention.set")
    assert (said["dpa"], said["health_days"], said["log_text_years_of"]) == ("alteration", 30, {})
    await Retention(store, RetentionSettings(health_days=31, event_days=100), lambda: now).tidy()
    assert [entry["health_days"] for entry in await _entries(owner, "retention.set")] == [30, 31]
    assert await _seqs(owner) == [2, 3, 5]
    assert await owner.fetchval("SELECT to_regclass($1)", dropped) is None
    assert await owner.fetchval("SELECT to_regclass($1)", kept) is not None
    ahead_partition = f"health_report_{now + timedelta(days=DAYS_AHEAD):%Y%m%d}"
    assert await owner.fetchval("SELECT to_regclass($1)", ahead_partition) is not None
    (entry,) = await _entries(owner, "telemetry.erased")
    assert (entry["dpa"], entry["actor"]) == ("erasure", "controller")
    assert entry["kept_from"] == str(now.date() - timedelta(days=30))
    assert (entry["partitions"], entry["rows_estimated"], entry["rows_outside"]) == ([dropped], 1, 2)


@pytest.mark.parametrize("wrong_days", [400, CLOCKS_APART_DAYS + 2, -CLOCKS_APART_DAYS - 2])
async def test_one_wrong_clock_erases_nothing_and_raises_one_alarm(store: Store, owner: Owner, wrong_days: int) -> None:
    now = utc_now()
    old = now - timedelta(days=3000)
    await register(owner, [UNIT])
    await _partition(store, old.date())
    await _report(store, 1, old, old)
    await _report(store, 2, now, now)
    await _event(store, "told", "info", old, None)
    for _ in range(2):
        await Retention(store, KEPT, lambda: now + timedelta(days=wrong_days)).tidy()
    assert await _seqs(owner) == [1, 2]
    alarms = await owner.fetch("SELECT kind, severity, count FROM event WHERE kind <> 'told'")
    assert [tuple(alarm) for alarm in alarms] == [("retention-refused", "alarm", 2)]
    assert await owner.fetchval("SELECT count(*) FROM event") == 2
    assert await owner.fetchval("SELECT count(*) FROM log_entry") == 0


async def test_the_database_itself_drops_nothing_of_today_or_later(store: Store, owner: Owner) -> None:
    now = utc_now()
    await register(owner, [UNIT])
    await _partition(store, now.date())
    await _report(store, 1, now, now)
    await _report(store, 2, now + timedelta(days=50), now)
    await _event(store, "told", "info", now, None)
    async with store.transaction() as transaction:
        assert not await transaction.retention.drop_health_partitions(date(2500, 1, 1))
        assert (await transaction.retention.erase_events(date(2500, 1, 1), 10)).rows == 0
    assert await _seqs(owner) == [1, 2]


async def test_events_go_when_they_are_past_keeping_and_no_open_one_does(
    store: Store, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVENTS_AT_ONCE", 2)
    now = utc_now()
    old, recent = now - timedelta(days=101), now - timedelta(days=99)
    await register(owner, [UNIT])
    await _event(store, "info", "info", old, None)
    await _event(store, "info and taken", "info", old, old)
    await _event(store, "alarm and taken", "alarm", old, old)
    await _event(store, "open alarm", "alarm", old, None)
    await _event(store, "open warning", "warning", old, None)
    await _event(store, "taken lately", "alarm", old, recent)
    await _event(store, "recent info", "info", recent, None)
    numbers = [row["event_id"] for row in await owner.fetch("SELECT event_id FROM event ORDER BY event_id")]
    for _ in range(2):
        await Retention(store, KEPT, lambda: now).tidy()
    left = [row["kind"] for row in await owner.fetch("SELECT kind FROM event ORDER BY event_id")]
    assert left == ["open alarm", "open warning", "taken lately", "recent info"]
    entries = await _entries(owner, "event.erased")
    assert [(entry["dpa"], entry["rows"], entry["first"], entry["last"]) for entry in entries] == [
        ("erasure", 2, numbers[0], numbers[1]),
        ("erasure", 1, numbers[2], numbers[2]),
    ]


async def test_the_controller_s_role_can_delete_no_event_itself(store: Store, owner: Owner) -> None:
    await _event(store, "alarm", "alarm", utc_now() - timedelta(days=5000), None)
    await owner.execute("SET ROLE muster_controller")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute("DELETE FROM event")
