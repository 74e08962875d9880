"""Free texts of the log go when their years are over, unless a hold covers them; entries and proofs stay."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.client import connect
from fleet.clock import utc_now
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import UnitLabelled, UnitReleased
from fleet.keeping import erasure
from fleet.retention import Retention
from fleet.settings import RetentionSettings
from fleet.store.store import Store
from protocols.api.log import LogQuery, NewHold
from tests.support.controller import RunningApi
from tests.support.logged_api import logged_api
from tests.support.waiting import until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT, OTHER = "unit-abcd2345", "unit-efgh6789"
KEPT = RetentionSettings(log_text_years=3, log_text_years_of={"unit.released": 6})
NOW = utc_now()
OLD, OLDER = NOW - timedelta(days=4 * 366), NOW - timedelta(days=7 * 366)


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    async with logged_api(store, dsn, tmp_path) as api:
        yield api


async def _write(store: Store, *texts: tuple[str, datetime, str]) -> None:
    """Write a label for each unit, time and text, and a release at the same time; wait until all are in the tree."""
    async with store.transaction() as transaction:
        for unit, at, text in texts:
            await transaction.log.append(UnitLabelled(at=at, actor="TO-12", unit=unit, label=HashedText(text)))
            await transaction.log.append(UnitReleased(at=at, actor="TO-12", unit=unit, reason=HashedText(f"{text}!")))

    async def sequenced() -> bool:
        async with store.transaction() as transaction:
            return await transaction.log_tree.waiting() == 0

    await until(sequenced)


async def _tidy(store: Store) -> None:
    await Retention(store, KEPT, utc_now).tidy()


async def _texts(owner: Owner) -> set[str]:
    records = await owner.fetch("SELECT text FROM log_text JOIN log_entry USING (entry_id) WHERE unit_id IS NOT NULL")
    return {record["text"] for record in records}


async def _erasures(owner: Owner) -> list[dict[str, Any]]:
    records = await owner.fetch("SELECT body FROM log_entry WHERE kind = 'text.erased' ORDER BY entry_id")
    return [msgspec.json.decode(record["body"]) for record in records]


async def test_texts_go_by_kind_and_years_and_each_lot_is_an_entry(
    logged: RunningApi, store: Store, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "TEXTS_AT_ONCE", 2)
    await _write(store, (UNIT, OLD, "a"), (UNIT, OLDER, "b"), (OTHER, OLD, "c"), (OTHER, NOW, "d"))
    for _ in range(2):
        await _tidy(store)
    assert await _texts(owner) == {"a!", "c!", "d", "d!"}
    labels = [
        row["leaf_index"]
        for row in await owner.fetch(
            "SELECT leaf_index FROM log_entry WHERE kind = 'unit.labelled' ORDER BY leaf_index"
        )
    ]
    told = [(one["dpa"], one["kinds"], one["texts"], one["held"], one["first"]) for one in await _erasures(owner)]
    assert told == [
        ("erasure", ["unit.labelled"], 2, 0, labels[0]),
        ("erasure", ["unit.labelled"], 1, 0, labels[2]),
        ("erasure", ["unit.released"], 1, 0, labels[1] + 1),
    ]
    assert (await _erasures(owner))[0]["kept_from"] == str(erasure.kept_from(NOW, 3).date())


async def test_a_hold_keeps_texts_and_its_release_lets_them_go(logged: RunningApi, store: Store, owner: Owner) -> None:
    await _write(store, (UNIT, OLD, "a"), (OTHER, OLD, "c"))
    async with connect(await logged.add_person("AD-01", "administrator")) as door:
        hold = await door.place_hold(NewHold(scope=LogQuery(unit=UNIT), reason="an inquiry"))
        await _tidy(store)
        assert await _texts(owner) == {"a", "a!", "c!", "an inquiry"}
        assert [(one["texts"], one["held"]) for one in await _erasures(owner)] == [(1, 1)]
        assert (await door.log_retention()).holds == 1
        await door.release_hold(hold.hold_id, "the inquiry is over")
    await _tidy(store)
    assert await _texts(owner) == {"a!", "c!", "an inquiry", "the inquiry is over"}


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (LogQuery(person="TO-12"), {"a", "c"}),
        (LogQuery(kind="unit.lab"), {"a", "c"}),
        (LogQuery(since=OLD, until=OLD + timedelta(seconds=1)), {"a", "c"}),
        (LogQuery(until=OLD), set()),
        (LogQuery(authority="AUTH/1"), set()),
    ],
    ids=["person", "kind", "period", "before", "authority"],
)
async def test_a_hold_covers_what_its_scope_names(
    logged: RunningApi, store: Store, owner: Owner, scope: LogQuery, left: set[str]
) -> None:
    await _write(store, (UNIT, OLD, "a"), (OTHER, OLD, "c"))
    await logged.add_person("AD-01", "administrator")
    async with connect(await logged.add_person("AD-02", "administrator")) as door:
        await door.place_hold(NewHold(scope=scope, reason="an inquiry"))
    await _tidy(store)
    assert await _texts(owner) - {"a!", "c!"} == left


async def test_nothing_younger_than_a_year_goes_whatever_the_settings_and_the_clock_say(
    logged: RunningApi, store: Store, owner: Owner
) -> None:
    await _write(store, (UNIT, NOW - timedelta(days=360), "a"))
    ahead = datetime.now(UTC) + timedelta(days=3000)
    await erasure.erase_texts(store, RetentionSettings(log_text_years=1), ahead)
    assert await _texts(owner) == {"a", "a!"}


async def test_the_controllers_role_can_not_delete_a_text_itself(owner: Owner) -> None:
    await owner.execute("SET ROLE muster_controller")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute("DELETE FROM log_text")
