"""The telemetry part of the store on a real PostgreSQL: duplicates, partitions, refusals told apart."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from fleet.clock import utc_now
from fleet.errors import StoreUnavailable
from fleet.ingest.rows import moment, report_rows
from fleet.store.errors import RowsRefused, TransactionConflict, told_apart
from fleet.store.store import Store
from fleet.store.telemetry import Heard, SessionSeen
from protocols.health import HealthReport
from protocols.uplink import HealthBatch
from tests.support.reporting import register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT = "unit-abcd2345"
TODAY = date(2026, 5, 10)


def rows(
    *seqs: int, at: datetime | None = None, received: datetime | None = None, **figures: Any
) -> list[tuple[Any, ...]]:
    sampled_at_ms = int((at or datetime(2026, 5, 10, 12, tzinfo=UTC)).timestamp() * 1000)
    received_at_ms = int((received or at or datetime(2026, 5, 10, 12, tzinfo=UTC)).timestamp() * 1000)
    reports = [HealthReport(seq=seq, sampled_at_ms=sampled_at_ms, **figures) for seq in seqs]
    message = HealthBatch(unit=UNIT, session="0" * 32, spool_id=5, reports=reports)
    return list(report_rows(message, received_at_ms))


async def add(store: Store, given: list[tuple[Any, ...]]) -> dict[tuple[str, int], set[int]]:
    async with store.transaction() as transaction:
        await transaction.telemetry.stage_reports(given)
        return await transaction.telemetry.add_staged()


async def add_and_fail(store: Store, given: list[tuple[Any, ...]]) -> None:
    async with store.transaction() as transaction:
        await transaction.telemetry.stage_reports(given)
        await transaction.telemetry.add_staged()
        raise LookupError


async def add_told_apart(store: Store, given: list[tuple[Any, ...]]) -> None:
    async with store.transaction() as transaction:
        with told_apart():
            await transaction.telemetry.stage_reports(given)
            await transaction.telemetry.add_staged()


async def test_only_what_is_new_is_stored_and_told(store: Store, owner: Owner) -> None:
    assert await add(store, []) == {}
    assert await add(store, rows(1, 2, 2)) == {(UNIT, 5): {1, 2}}
    assert await add(store, rows(1, 2, 3)) == {(UNIT, 5): {3}}
    assert await add(store, rows(1, 2, 3)) == {}
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 3


async def test_every_figure_and_time_comes_back(store: Store, owner: Owner) -> None:
    at = datetime(2026, 5, 10, 23, 59, 59, 999_000, tzinfo=UTC)
    figures: dict[str, Any] = {
        "supply_mv": 5010,
        "undervolted": True,
        "soc_temp_c": 51.5,
        "clock_offset_ms": -1e15,
        "rsrp_dbm": -88.0,
    }
    await add(store, rows(1, at=at, load_1m=0.25, **figures))
    record = await owner.fetchrow("SELECT * FROM health_report")
    assert record is not None
    assert (record["sampled_at"], record["received_at"]) == (at, at)
    assert {name: record[name] for name in figures} == pytest.approx(figures)
    assert (record["more"], record["battery_percent"]) == ('{"load_1m":0.25}', None)


@pytest.mark.parametrize("ms", [0, 1, 999, 1_800_000_000_123, 253_402_300_799_999])
async def test_any_time_of_the_contract_can_be_stored_exactly_once(store: Store, owner: Owner, ms: int) -> None:
    at = moment(ms)
    assert await add(store, rows(1, at=at)) == {(UNIT, 5): {1}}
    assert await add(store, rows(1, at=at)) == {}
    stored = await owner.fetchval("SELECT sampled_at FROM health_report")
    assert abs(stored - at) < timedelta(milliseconds=1)


async def test_two_controllers_that_write_the_same_rows_at_once_store_them_once(store: Store, owner: Owner) -> None:
    given = rows(*range(1, 500))
    results = await asyncio.gather(add(store, given), add(store, given), add(store, given))
    stored = [len(result.get((UNIT, 5), ())) for result in results]
    assert sum(stored) == 499
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 499


async def test_a_rolled_back_batch_leaves_nothing_in_the_staging_table(store: Store, owner: Owner) -> None:
    with pytest.raises(LookupError):
        await add_and_fail(store, rows(1))
    assert await add(store, rows(2)) == {(UNIT, 5): {2}}
    assert await owner.fetchval("SELECT count(*) FROM health_report") == 1


async def test_refusals_are_told_apart(store: Store) -> None:
    too_large = [(*row[:5], 10**12, *row[6:]) for row in rows(1)]
    with pytest.raises(RowsRefused):
        await add_told_apart(store, too_large)
    nul = [(*row[:-1], "\0") for row in rows(1)]
    with pytest.raises(RowsRefused):
        await add_told_apart(store, nul)
    half_a_sign = [(*row[:-1], "\ud800") for row in rows(1)]
    with pytest.raises(RowsRefused):
        await add_told_apart(store, half_a_sign)
    with pytest.raises(TransactionConflict), told_apart():
        raise asyncpg.DeadlockDetectedError("deadlock detected")
    with pytest.raises(StoreUnavailable), told_apart():
        raise asyncpg.DiskFullError("no space left")
    with pytest.raises(StoreUnavailable), told_apart():
        raise asyncpg.InterfaceError("connection is closed")
    with pytest.raises(StoreUnavailable), told_apart():
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")


async def test_the_due_time_is_brought_forward_and_never_pushed_back_by_reports(store: Store, owner: Owner) -> None:
    """The sweeper pushes it back; a report rewrites an indexed column only when it must."""
    await register(owner, [UNIT])
    now = utc_now()

    async def heard(due_in_s: float) -> datetime:
        async with store.transaction() as transaction:
            due = now + timedelta(seconds=due_in_s)
            await transaction.telemetry.set_heard([Heard(UNIT, now, 1, due)])
        due_at: datetime = await owner.fetchval("SELECT presence_due_at FROM unit_live")
        return due_at

    assert await heard(100) == now + timedelta(seconds=100)
    assert await heard(200) == now + timedelta(seconds=100)
    assert await heard(50) == now + timedelta(seconds=50)


async def test_a_model_is_learnt_once_and_entered_in_the_log(store: Store, owner: Owner) -> None:
    await register(owner, [UNIT])
    for model in ("model-x", "model-y"):
        async with store.transaction() as transaction:
            seen = SessionSeen(unit_id=UNIT, up=True, at=utc_now(), nonce="0" * 32, model=model)
            await transaction.telemetry.set_sessions([seen])
    assert await owner.fetchval("SELECT model FROM unit") == "model-x"
    learnt = "SELECT unit_id, text FROM log_entry JOIN log_text USING (entry_id) WHERE kind = 'unit.model-learnt'"
    assert [tuple(row) for row in await owner.fetch(learnt)] == [(UNIT, "model-x")]


async def test_partitions_are_made_ahead_and_take_over_what_a_wrong_clock_put_elsewhere(
    store: Store, owner: Owner
) -> None:
    tomorrow = datetime(2026, 5, 11, 8, tzinfo=UTC)
    await add(store, [*rows(1, at=tomorrow), *rows(2, at=tomorrow + timedelta(days=400))])
    assert await owner.fetchval("SELECT count(*) FROM health_report_default") == 2
    async with store.transaction() as transaction:
        assert await transaction.retention.ensure_health_partitions(TODAY, 2) == 3
        assert await transaction.retention.ensure_health_partitions(TODAY, 2) == 0
    assert await owner.fetchval("SELECT count(*) FROM health_report_default") == 1
    assert await owner.fetchval("SELECT count(*) FROM health_report_20260511") == 1
    assert await add(store, rows(1, at=tomorrow)) == {}, "a report that was moved is still the same report"
