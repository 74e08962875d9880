"""Openings outside their mandate become an alarm and one draft each, whoever looks, and however often."""

import asyncio
import json
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.openings import reading, reconciliation
from fleet.openings.reconciliation import Reconciliation
from fleet.store.store import Store
from tests.support.opening_entries import (
    AT,
    UNIT,
    after,
    authority,
    closed,
    lease,
    mandate,
    mandate_cancelled,
    media,
    opened,
    story,
    whole,
)
from tests.support.opening_log import enter, sequence, write
from tests.support.reporting import register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SOON = after(120)


@pytest.fixture(autouse=True)
async def _unit(owner: Owner) -> None:
    await register(owner, [UNIT])


async def reports(owner: Owner) -> list[tuple[str, str]]:
    rows = await owner.fetch("SELECT cause, repeat_key FROM error_report ORDER BY found_at, repeat_key")
    return [(row["cause"], row["repeat_key"].rpartition(":")[2]) for row in rows]


async def test_what_is_inside_is_no_finding(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, story())
    assert await Reconciliation(store, lambda: SOON).look() == 0
    assert await owner.fetchval("SELECT count(*) FROM event") == 0


async def test_what_is_outside_is_an_alarm_with_evidence_and_entries(store: Store, dsn: str, owner: Owner) -> None:
    watch = Reconciliation(store, lambda: SOON)
    await enter(store, dsn, [*story(), mandate_cancelled(after(11))])
    assert (await watch.look(), await watch.look()) == (1, 0)
    row = await owner.fetchrow("SELECT * FROM error_report")
    assert row is not None
    assert (row["unit_id"], row["cause"], row["state"]) == (UNIT, "outside-mandate", "draft")
    assert row["summary"].startswith("video: left running for 20 s after mandate m-1 was cancelled")
    assert json.loads(row["evidence"]) == [*(f"entry {index}" for index in range(7)), "record 7", "record 8"]
    event = await owner.fetchrow("SELECT unit_id, kind, severity, summary FROM event")
    assert event is not None
    assert (event["unit_id"], event["kind"], event["severity"]) == (UNIT, "error-report", "alarm")
    assert row["report_id"] in event["summary"]
    bodies = await owner.fetch("SELECT kind, authority FROM log_entry WHERE leaf_index IS NULL")
    assert [tuple(body) for body in bodies] == [("error-report.drafted", "AUTH-26/7")]


async def test_many_controllers_and_a_restart_give_one_report(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, [authority(), mandate(), opened(), closed()])
    drafted = await asyncio.gather(*(Reconciliation(store, lambda: SOON).look() for _ in range(4)))
    assert sorted(drafted) == [0, 0, 0, 1]
    assert await Reconciliation(store, lambda: SOON + timedelta(days=300)).look() == 0
    assert await reports(owner) == [("unit-only", "unit-only")]
    kinds = await owner.fetch("SELECT kind FROM log_entry WHERE leaf_index IS NULL ORDER BY entry_id")
    assert [row["kind"] for row in kinds] == ["record.differs", "error-report.drafted"]


async def test_what_was_written_while_nobody_looked_is_found(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, [authority(), mandate(), opened(), closed()])
    assert await Reconciliation(store, lambda: SOON + timedelta(days=300)).look() == 1


async def test_worse_found_later_is_another_report(store: Store, dsn: str, owner: Owner) -> None:
    watch = Reconciliation(store, lambda: SOON)
    await enter(store, dsn, [authority(), mandate(ends_at=AT), lease(), media(), opened()])
    assert await watch.look() == 1
    await enter(store, dsn, [mandate_cancelled(after(5))])
    assert await watch.look() == 0
    await enter(store, dsn, [closed()])
    assert await watch.look() == 1
    assert await reports(owner) == [
        ("outside-mandate", "after-mandate"),
        ("outside-mandate", "mandate-cancelled-running"),
    ]


async def test_a_cancellation_that_reaches_the_tree_last_is_held_against_what_was_open(
    store: Store, dsn: str, owner: Owner
) -> None:
    watch = Reconciliation(store, lambda: SOON)
    await enter(store, dsn, story())
    assert await watch.look() == 0
    await enter(store, dsn, [mandate_cancelled(after(5))])
    assert await watch.look() == 1


async def test_a_unit_has_an_hour_to_tell(store: Store, dsn: str, owner: Owner) -> None:
    now = [SOON]
    watch = Reconciliation(store, lambda: now[0])
    await enter(store, dsn, [authority(), mandate(), lease(), media()])
    assert await watch.look() == 0
    now[0] = after(3601)
    assert await watch.look() == 0
    now[0] = after(3602)
    assert (await watch.look(), await watch.look()) == (1, 0)
    assert await reports(owner) == [("controller-only", "controller-only")]


async def test_a_unit_that_has_proved_what_it_told_is_not_waited_for(store: Store, dsn: str, owner: Owner) -> None:
    """Unless what it told is still on its way into the tree, or a record is missing."""
    watch = Reconciliation(store, lambda: SOON)
    await enter(store, dsn, [authority(), mandate(), lease(), media()])
    await owner.execute(
        "INSERT INTO access_chain (unit_id, records, proven, proven_at) VALUES ($1, 8, 9, $2)", UNIT, SOON
    )
    assert await watch.look() == 0
    await owner.execute("UPDATE access_chain SET records = 9")
    await write(store, [opened()])
    assert await watch.look() == 0
    await sequence(dsn)
    assert await watch.look() == 0
    await enter(store, dsn, [lease(opening="open-2"), media(opening="open-2")])
    assert await watch.look() == 1
    assert await reports(owner) == [("controller-only", "controller-only")]


async def test_an_opening_over_the_budget_is_found_beside_those_before_it(store: Store, dsn: str, owner: Owner) -> None:
    """Each look reads the day's other openings, and mandates of other units that are named."""
    watch = Reconciliation(store, lambda: SOON)
    await enter(store, dsn, story())
    for number in range(2, 5):
        await enter(store, dsn, whole(f"open-{number}", timedelta(minutes=number)))
        assert await watch.look() == (number == 4)
    elsewhere = msgspec.structs.replace(mandate(mandate="m-2"), unit="unit-wxyz6789", authority="X-9")
    borrowed = [msgspec.structs.replace(one, authority=None) for one in whole("open-9", timedelta(hours=-1))]
    borrowed = [msgspec.structs.replace(one, mandate="m-2") if hasattr(one, "mandate") else one for one in borrowed]
    await enter(store, dsn, [elsewhere, authority(authority="X-9"), *borrowed])
    assert await watch.look() == 1
    assert sorted(words for _, words in await reports(owner)) == ["other-unit", "over-openings"]


async def test_the_openings_of_one_unit_and_day_are_read_once(
    store: Store, dsn: str, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many one unit makes up: read for each lot of them, they would keep the controller busy."""
    asked: list[set[str]] = []
    read = reading.read_openings

    async def noted(transaction: Any, openings: set[str], *more: Any) -> Any:
        asked.append(openings)
        return await read(transaction, openings, *more)

    monkeypatch.setattr(reconciliation, "read_openings", noted)
    monkeypatch.setattr(reconciliation, "_OPENINGS_AT_ONCE", 2)
    made = [opened(opening=f"open-{number}", record=number) for number in range(7)]
    next_day = [opened(opening="open-7", record=7, at=after(90_000), unit_at=after(90_000))]
    await enter(store, dsn, [authority(), mandate(), *made, *next_day])
    assert await Reconciliation(store, lambda: after(90_100)).look() == 8
    # Both what a pass begins with and what it then reads of the tree.
    assert asked == 2 * [{"open-0", "open-1"}, {"open-7"}]
