"""Reading the log through the API: scopes, pages, receipts, rights, and that every reading is an entry."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from fleet.client import FleetClient, Refused, check_entry, connect, policy_of
from fleet.entries.access import LeaseRefused
from fleet.entries.entry import Entry, HashedText
from fleet.entries.people_and_units import PersonEnded, UnitLabelled
from fleet.store.store import Store
from protocols.api.log import LogQuery
from protocols.people import PERMISSIONS
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.logged_api import logged_api
from tests.support.opening_entries import authority
from tests.support.waiting import until

UNIT, OTHER = "unit-abcd2345", "unit-efgh6789"
DAY = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    async with logged_api(store, dsn, tmp_path) as api:
        yield api


async def _write(store: Store, *entries: Entry) -> None:
    """Commit `entries`, and wait until they are in the tree."""
    async with store.transaction() as transaction:
        for entry in entries:
            await transaction.log.append(entry)

    async def sequenced() -> bool:
        async with store.transaction() as transaction:
            return await transaction.log_tree.waiting() == 0

    await until(sequenced)


def _labelled(at: datetime, label: str, unit: str = UNIT) -> UnitLabelled:
    return UnitLabelled(at=at, actor="TO-12", unit=unit, label=HashedText(label))


async def _kinds(door: FleetClient, query: LogQuery) -> list[str]:
    return [entry.kind for entry in (await door.log_entries(query, limit=500)).entries]


async def test_every_scope_finds_what_it_names_and_nothing_else(logged: RunningApi, store: Store) -> None:
    await add_units(store, "AD-91", {UNIT: "mast north"}, DAY)
    await _write(
        store,
        _labelled(DAY, "a"),
        _labelled(DAY + timedelta(days=1), "b", OTHER),
        LeaseRefused(at=DAY, actor="TO-44", unit=OTHER, mandate=None, modalities=["video"], rule="no-mandate"),
        PersonEnded(at=DAY, actor="AD-91", person="TO-44", people_version=9),
        authority(at=DAY + timedelta(hours=1), actor="AP-01", authority="AUTH/7", deployment="DEP-1"),
    )
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        assert await _kinds(door, LogQuery(unit=OTHER)) == ["lease.refused", "unit.labelled"]
        assert await _kinds(door, LogQuery(person="TO-44")) == ["person.ended", "lease.refused"]
        assert await _kinds(door, LogQuery(authority="AUTH/7")) == ["authority.recorded"]
        assert await _kinds(door, LogQuery(deployment="DEP-1", kind="auth")) == ["authority.recorded"]
        assert await _kinds(door, LogQuery(kind="lease.", unit=OTHER)) == ["lease.refused"]
        assert await _kinds(door, LogQuery(kind="no-such")) == []
        assert await _kinds(door, LogQuery(since=DAY, until=DAY + timedelta(hours=1), kind="unit")) == ["unit.labelled"]
        assert await _kinds(door, LogQuery(since=DAY + timedelta(days=1), until=DAY + timedelta(days=2))) == [
            "unit.labelled"
        ]
        (entry,) = (await door.log_entries(LogQuery(unit=UNIT))).entries
    assert (entry.label, entry.dpa, entry.actor) == ("mast north", "alteration", "TO-12")
    assert [(text.field, text.text) for text in entry.texts] == [("label", "a")]


async def test_pages_meet_and_each_is_an_entry_also_when_nothing_was_found(logged: RunningApi, store: Store) -> None:
    await _write(store, *(_labelled(DAY, str(number)) for number in range(7)))
    query = LogQuery(unit=UNIT)
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        first = await door.log_entries(query, limit=4)
        second = await door.log_entries(query, before=first.next_before, limit=4)
        await door.log_entries(LogQuery(unit=OTHER), limit=4)
        await _write(store)
        read = await door.log_entries(LogQuery(kind="log.read", person="IN-01"))
    indexes = [entry.index for entry in first.entries + second.entries]
    assert indexes == sorted(indexes, reverse=True)
    assert (len(indexes), len(set(indexes)), second.next_before) == (7, 7, None)
    told = [msgspec.json.decode(entry.leaf) for entry in read.entries]
    assert [(one["found"], one["first"], one["last"], one["scope"]["unit"], one["dpa"]) for one in told] == [
        (0, None, None, OTHER, "consultation"),
        (3, indexes[6], indexes[4], UNIT, "consultation"),
        (4, indexes[3], indexes[0], UNIT, "consultation"),
    ]


async def test_an_entry_comes_with_a_receipt_that_the_people_lists_policy_proves(
    logged: RunningApi, store: Store
) -> None:
    await _write(store, _labelled(DAY, "north"))
    async with connect(await logged.add_person("TS-01", "supervisor")) as door:
        (entry,) = (await door.log_entries(LogQuery(unit=UNIT))).entries

        async def proven() -> bool:
            return (await door.log_entry(entry.index)).receipt is not None

        await until(proven)
        proof = await door.log_entry(entry.index)
        verified = check_entry(proof, policy_of(await door.people_chain()))
        with pytest.raises(Refused) as refused:
            await door.log_entry(2**53 - 1)
        await _write(store)
        (missed, *_) = (await door.log_entries(LogQuery(kind="log.read"), limit=1)).entries
    assert verified is not None
    assert (verified.index, list(verified.cosigned)) == (entry.index, ["witness.example/north"])
    assert refused.value.problem.code == "entry-unknown"
    assert msgspec.json.decode(missed.leaf)["found"] == 0


async def test_all_see_how_the_log_stands_and_some_read_it(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for number, role in enumerate(PERMISSIONS):
        async with connect(await api.add_person(f"TO-{20 + number}", role)) as door:
            await door.log_status()
            if "read-log" in PERMISSIONS[role]:
                await door.log_entries(LogQuery())
                continue
            with pytest.raises(Refused) as refused:
                await door.log_entries(LogQuery())
            assert refused.value.status == 403
    readers = await owner.fetch("SELECT DISTINCT actor FROM log_entry WHERE kind = 'log.read' ORDER BY actor")
    able = [f"TO-{20 + number}" for number, role in enumerate(PERMISSIONS) if "read-log" in PERMISSIONS[role]]
    assert [reader["actor"] for reader in readers] == able


async def test_what_is_not_in_the_tree_is_not_shown(api: RunningApi) -> None:
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        page = await door.log_entries(LogQuery())
    assert (page.entries, page.size) == ([], 0)
