"""The report of openings through the API: what an inspector sees is what the log's tree holds, and making it is an
entry with the file's hash."""

import csv
import io
import json
from datetime import timedelta
from hashlib import sha256

import asyncpg
import msgspec
import pytest

from fleet.client import FleetClient, Refused, connect
from fleet.entries.entry import Entry
from fleet.openings.reconciliation import Reconciliation
from fleet.openings.report import MAX_OPENINGS
from fleet.store.store import Store
from protocols.api.log import LogQuery
from tests.support.controller import RunningApi
from tests.support.opening_entries import (
    AT,
    UNIT,
    after,
    allows,
    authority,
    closed,
    lease,
    mandate,
    opened,
    story,
    whole,
)
from tests.support.opening_log import enter, write
from tests.support.reporting import register

ALL = LogQuery()
OTHER = "unit-wxyz6789"


async def filled(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> Store:
    """Three openings: one inside, one over the budget by another person, one of another unit without a lease."""
    store = api.services.store
    await register(owner, [UNIT, OTHER])
    entries: list[Entry] = [authority(), mandate(allows=allows(openings=1)), *whole()]
    entries += [msgspec.structs.replace(one, actor="TO-99") for one in whole("open-2", timedelta(minutes=5))]
    entries += [opened(unit=OTHER, opening="open-3", authority=None), closed(unit=OTHER, opening="open-3")]
    await enter(store, api.settings.database.dsn, entries)
    assert await Reconciliation(store, lambda: after(3600)).look() == 2
    return store


async def ids(door: FleetClient, query: LogQuery) -> list[str]:
    return sorted(one.opening for one in (await door.openings(query)).openings)


async def test_what_an_inspector_sees(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    store = await filled(api, owner)
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        page = await door.openings(ALL)
        assert (page.is_all, [(one.opening, one.verdict) for one in page.openings]) == (
            True,
            [("open-2", "outside"), ("open-3", "outside"), ("open-1", "inside")],
        )
        over, alone, inside = page.openings
        assert (inside.person, inside.purpose, inside.report) == ("TO-12", "see that the lens is clean", None)
        assert "allows 1 a day" in over.faults[0]
        reports = {report.report_id: report for report in await door.error_reports()}
        assert reports[over.report or ""].evidence[: len(over.entries)] == [f"entry {index}" for index in over.entries]
        assert reports[alone.report or ""].unit_id == OTHER
        assert await ids(door, LogQuery(unit=UNIT)) == ["open-1", "open-2"]
        assert await ids(door, LogQuery(person="TO-99")) == ["open-2"]
        assert await ids(door, LogQuery(authority="AUTH-26/7", until=after(60))) == ["open-1", "open-3"]
        assert await ids(door, LogQuery(since=after(200))) == ["open-2"]
        assert await ids(door, LogQuery(kind="lease.")) == ["open-1", "open-2"]
        assert await ids(door, LogQuery(kind="person.")) == []
        await owner.execute("DELETE FROM log_text")
        await write(store, whole("open-9"))
        assert [one.purpose for one in (await door.openings(ALL)).openings] == [None, None, None]


async def test_a_narrow_question_gets_the_verdict_of_the_whole_day(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await filled(api, owner)
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        (found,) = (await door.openings(LogQuery(person="TO-99"))).openings
    assert found.verdict == "outside"


async def test_files_are_what_the_entry_says(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    await filled(api, owner)
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        table = await door.openings_report(LogQuery(unit=UNIT), "csv")
        page = await door.openings_report(ALL, "pdf")
        await door.openings(ALL)
    bodies = await owner.fetch("SELECT body FROM log_entry WHERE kind = 'report.made' ORDER BY entry_id")
    made = [json.loads(row["body"]) for row in bodies]
    assert [(one["form"], one["found"], one["sha256"], one["actor"]) for one in made] == [
        ("csv", 2, sha256(table).hexdigest(), "IN-01"),
        ("pdf", 3, sha256(page).hexdigest(), "IN-01"),
        ("screen", 3, None, "IN-01"),
    ]
    assert made[0]["scope"]["unit"] == UNIT
    assert page.startswith(b"%PDF-")
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig").split("\r\n\r\n", 1)[1])))
    assert [(row["opening"], row["verdict"], row["lease_granted_at"]) for row in rows] == [
        ("open-2", "outside", "2026-07-10T12:05:00Z"),
        ("open-1", "inside", "2026-07-10T12:00:00Z"),
    ]


async def test_who_may_not_read_the_log_gets_no_report(api: RunningApi) -> None:
    async with connect(await api.add_person("AP-01", "approver")) as door:
        for question in (door.openings(ALL), door.openings_report(ALL, "csv")):
            with pytest.raises(Refused) as refused:
                await question
            assert refused.value.status == 403


async def test_more_than_fit_are_said_to_be_more(api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    await register(owner, [UNIT])
    store = api.services.store
    async with store.transaction() as transaction:
        for number in range(MAX_OPENINGS + 1):
            await transaction.log.append(lease(opening=f"open-{number}", at=AT + timedelta(hours=number)))
    await enter(store, api.settings.database.dsn, story())
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        page = await door.openings(ALL)
        assert (page.is_all, len(page.openings)) == (False, MAX_OPENINGS)
        assert "open-0" not in {one.opening for one in page.openings}
