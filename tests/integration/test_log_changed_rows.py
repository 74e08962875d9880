"""Whoever has the database's password changes rows of the log: that shows, and nothing false is shown as the log's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from fleet.client import ControllerFailed, connect
from fleet.entries.log import LogScope
from fleet.errors import LogDamaged
from fleet.inspection.reading import LogReading
from fleet.log.news import LogNews
from fleet.log.receipts import Receipts
from fleet.log.sweep import LogSweep
from fleet.openings.facts import OPENING_KINDS
from fleet.openings.reconciliation import Reconciliation
from fleet.store.store import Store
from protocols.api.log import LogQuery
from protocols.tlog.merkle import leaf_hash
from tests.support.controller import RunningApi
from tests.support.log_tree import append, checked_tree
from tests.support.logged_api import logged_api
from tests.support.opening_entries import ASKER, UNIT, after, authority, closed, lease, mandate, opened, story
from tests.support.opening_log import enter, sequence
from tests.support.reporting import register
from tests.support.waiting import until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NOW = after(6 * 3600)
HIDE = "UPDATE log_entry SET kind = 'unit.labelled', actor = 'controller', opening = NULL, person = NULL"


async def _alarms(owner: Owner) -> list[str]:
    rows = await owner.fetch("SELECT summary FROM event WHERE kind = 'log-damaged' AND severity = 'alarm'")
    return [row["summary"] for row in rows]


def _sweep(store: Store) -> LogSweep:
    return LogSweep(store, lambda: NOW, pass_every=timedelta())


def _reading(store: Store) -> LogReading:
    return LogReading(store, lambda: NOW, Receipts(store, LogNews()))


async def test_openings_whose_columns_were_changed_are_judged_by_what_was_hashed(
    store: Store, dsn: str, owner: Owner
) -> None:
    await register(owner, [UNIT])
    await enter(store, dsn, [opened(), closed()])
    await owner.execute(HIDE)
    await checked_tree(owner)
    assert await Reconciliation(store, lambda: NOW).look() == 1
    assert await owner.fetchval("SELECT cause FROM error_report") == "unit-only"
    (alarm,) = await _alarms(owner)
    assert "leaf 0 the database says another kind, actor, person, opening" in alarm


async def test_papers_that_the_tree_was_not_made_of_allow_nothing(store: Store, dsn: str, owner: Owner) -> None:
    """A mandate in the place of another entry: its columns say the same as its body, but no tile has it."""
    await register(owner, [UNIT])
    await enter(store, dsn, [authority(), mandate(unit="unit-wxyz6789"), lease(), opened(), closed()])
    await owner.execute(
        "UPDATE log_entry SET unit_id = $1, "
        "body = convert_to(replace(convert_from(body, 'UTF8'), 'unit-wxyz6789', $1), 'UTF8') WHERE leaf_index = 1",
        UNIT,
    )
    assert await Reconciliation(store, lambda: NOW).look() == 1
    assert ["leaf 1 is not the one" in alarm for alarm in await _alarms(owner)] == [True]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "'unit.labelled'"),
        ("unit_id", "NULL"),
        ("actor", "'TO-99'"),
        ("at", "now()"),
        ("authority", "'AUTH-0'"),
        ("deployment", "'DEP-9'"),
        ("person", "NULL"),
        ("opening", "NULL"),
        ("prior_index", "NULL"),
        ("body", "convert_to(replace(convert_from(body, 'UTF8'), '\"record\":7', '\"record\":8'), 'UTF8')"),
    ],
)
async def test_a_changed_row_is_not_shown_and_shows_by_itself(
    store: Store, dsn: str, owner: Owner, column: str, value: str
) -> None:
    await enter(store, dsn, story())
    assert await _sweep(store).look() is None
    await owner.execute(f"UPDATE log_entry SET {column} = {value} WHERE leaf_index = 4")
    damage = await _sweep(store).look()
    assert damage is not None
    assert "leaf 4" in str(damage)
    assert len(await _alarms(owner)) == 1
    await owner.execute("DELETE FROM event")
    for read in (_reading(store).page(LogScope(), None, 100, "IN-01"), _reading(store).one(4, "IN-01")):
        with pytest.raises(LogDamaged, match="leaf 4"):
            await read
    assert len(await _alarms(owner)) == 1
    assert (await _reading(store).one(3, "IN-01")).entry.actor == ASKER


async def test_what_is_gone_or_in_another_place_shows_by_itself(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, story())
    sweep = _sweep(store)
    await owner.execute("UPDATE log_entry SET leaf_index = 77 WHERE leaf_index = 5")
    for _ in range(2):
        assert "leaf 5 is missing" in str(await sweep.look())
    await owner.execute("UPDATE log_tree SET size = 5")
    assert "leaf 77 lies beyond" in str(await sweep.look())


async def test_a_leaf_changed_together_with_its_tile_shows_above_it(store: Store, dsn: str, owner: Owner) -> None:
    """Found on the way through more leaves than one look takes."""
    await append(store, 1300)
    await sequence(dsn)
    sweep = _sweep(store)
    assert [await sweep.look() for _ in range(4)] == [None] * 4
    await owner.execute(
        "UPDATE log_entry SET body = convert_to(replace(convert_from(body, 'UTF8'), 'controller', 'TO-99'), 'UTF8'), "
        "actor = 'TO-99' WHERE leaf_index = 512"
    )
    assert "leaf 512 is not the one" in str(await sweep.look())
    async with store.transaction() as transaction:
        (leaf,) = await transaction.log_tree.leaves(512, 513)
    await owner.execute(
        "UPDATE log_tile SET hashes = overlay(hashes PLACING $1::bytea FROM 1) WHERE level = 0 AND tile_index = 2",
        leaf_hash(leaf.leaf),
    )
    assert await sweep.look() is None
    assert "tile 2 of level 0" in str(await sweep.look())


async def test_entries_changed_before_they_are_leaves_show_within_a_look(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, story())
    sweep = LogSweep(store, lambda: NOW)
    assert await sweep.look() is None
    await append(store)
    await owner.execute("UPDATE log_entry SET actor = 'TO-99' WHERE leaf_index IS NULL")
    await sequence(dsn)
    await checked_tree(owner)
    assert "leaf 6 the database says another actor" in str(await sweep.look())


async def test_a_false_text_is_not_shown(store: Store, dsn: str, owner: Owner) -> None:
    await enter(store, dsn, story())
    assert (await _reading(store).one(1, "IN-01")).entry.texts[0].text == "see that the lens is clean"
    async with store.transaction() as transaction:
        assert await transaction.log_openings.purposes([1, 2]) == {1: "see that the lens is clean"}
    await owner.execute("UPDATE log_text SET text = 'see who lives there' WHERE field = 'purpose'")
    assert "text purpose of leaf 1" in str(await _sweep(store).look())
    await owner.execute("DELETE FROM event")
    with pytest.raises(LogDamaged, match="text purpose of leaf 1"):
        await _reading(store).one(1, "IN-01")
    assert len(await _alarms(owner)) == 1
    async with store.transaction() as transaction:
        assert (await transaction.log_openings.find(OPENING_KINDS, LogScope(), 9)).openings
        with pytest.raises(LogDamaged, match="text purpose of leaf 1"):
            await transaction.log_openings.purposes([1, 2])


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    async with logged_api(store, dsn, tmp_path) as api:
        yield api


async def test_people_are_told_that_the_log_is_damaged(logged: RunningApi, owner: Owner) -> None:
    """And the running log finds a row by itself that was changed before it was a leaf."""
    settings = await logged.add_person("IN-01", "inspector")
    async with connect(settings) as door:
        page = await door.log_entries(LogQuery())
        await owner.execute("UPDATE log_entry SET actor = 'TO-99' WHERE leaf_index = $1", page.entries[-1].index)
        for ask in (
            lambda: door.log_entries(LogQuery()),
            lambda: door.log_entry(page.entries[-1].index),
        ):
            with pytest.raises(
                ControllerFailed, match=r"damaged: beside leaf 0 .* another actor .* call the inspector"
            ):
                await ask()
    assert len(await _alarms(owner)) == 1
    await owner.execute("DELETE FROM event")
    await owner.execute(
        "INSERT INTO log_entry (kind, actor, at, body) "
        "SELECT kind, 'TO-99', at, body FROM log_entry WHERE leaf_index = 1"
    )

    async def is_found() -> bool:
        return bool(await _alarms(owner))

    await until(is_found)
