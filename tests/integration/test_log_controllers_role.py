"""What whoever holds the controller's database role can not do to the log, or can not do unnoticed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from fleet.clock import utc_now
from fleet.entries.entry import HashedText, encode, kind_of
from fleet.entries.log import LogScope
from fleet.entries.people_and_units import UnitLabelled
from fleet.keeping.erasure import erase_texts
from fleet.log.watch import LogWatch
from fleet.metrics import Metrics
from fleet.openings.reading import read_openings
from fleet.settings import RetentionSettings
from fleet.store.log_openings import UnitSpan
from fleet.store.store import ROLE, Store
from tests.support import opening_entries as story
from tests.support.opening_log import enter
from tests.support.reporting import OWNER_ID, register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
FAR = 10**12
PUT = (
    "INSERT INTO log_entry (leaf_index, kind, unit_id, actor, at, body, authority, opening)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING entry_id"
)


@pytest.fixture
async def role(dsn: str) -> AsyncIterator[Owner]:
    """A connection with the rights of a controller, and without its program."""
    connection = await asyncpg.connect(dsn, server_settings={"role": ROLE})
    yield connection
    await connection.close()


async def _put_beyond_the_tree(connection: Owner) -> list[int]:
    """Rows that would make the story's opening one inside its mandate, and that are in no tree."""
    found = []
    for place, entry in enumerate([story.authority(), story.mandate()], FAR):
        values = (kind_of(entry), entry.unit, entry.actor, entry.at, encode(entry), entry.authority, story.OPENING)
        found.append(await connection.fetchval(PUT, place, *values))
    return found


@pytest.mark.parametrize("column", ["leaf_index", "prior_index"])
async def test_it_can_not_give_an_entry_its_place(role: Owner, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(
            f"INSERT INTO log_entry ({column}, kind, actor, at, body) VALUES (0, 'x', 'x', now(), '{{}}')"
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(f"UPDATE log_entry SET {column} = 0")


async def test_what_stands_beyond_the_tree_is_no_leaf_for_any_reader(
    store: Store, dsn: str, role: Owner, owner: Owner
) -> None:
    """Whoever put it there: here the owner, since the role can not."""
    await enter(store, dsn, [story.lease(), story.media(), story.opened(), story.closed()])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _put_beyond_the_tree(role)
    ids = await _put_beyond_the_tree(owner)
    long_ago, only = story.AT - timedelta(days=9), ["mandate.recorded", "authority.recorded"]
    since = LogScope(since=long_ago)
    async with store.transaction() as transaction:
        tree, reading, openings = transaction.log_tree, transaction.log_reading, transaction.log_openings
        assert [await tree.leaf_of(entry_id) for entry_id in ids] == [None, None]
        assert await tree.leaves(4, 2 * FAR) == []
        assert [entry.index for entry in await reading.page(since, 2 * FAR, 100)] == [3, 2, 1, 0]
        assert await reading.indexes(since, 2 * FAR, 100) == [0, 1, 2, 3]
        assert await reading.indexes(LogScope(kind="authority"), 2 * FAR, 100) == []
        assert (await openings.find(only, LogScope(), 10)).openings == []
        assert await openings.of_units_between(only, [UnitSpan(story.UNIT, long_ago, story.after(9))]) == set()
        for found in (
            openings.newest_of_each(only, 9),
            openings.of_openings(only, [story.OPENING]),
            openings.of_units(only, [story.UNIT]),
            openings.of_authorities(only, [story.AUTHORITY]),
            openings.holding(only, [b"{"]),
        ):
            assert await found == []
        (opening,) = await read_openings(transaction, [story.OPENING], story.after(3600))
    assert opening.verdict == "outside"


HOLD = "INSERT INTO legal_hold (hold_id, unit_id, reason, placed_by, placed_at) VALUES ('h', $1, 'x', $2, now())"


async def _write_old(store: Store, dsn: str, *texts: str) -> None:
    at = utc_now() - timedelta(days=4 * 366)
    label = [UnitLabelled(at=at, actor="TO-12", unit=story.UNIT, label=HashedText(text)) for text in texts]
    await enter(store, dsn, label)


async def test_a_hold_covers_what_it_was_placed_on_and_ends_once(role: Owner, owner: Owner) -> None:
    await register(owner, [story.UNIT])
    await role.execute(HOLD, story.UNIT, OWNER_ID)
    for change in ("unit_id = 'unit-none2345'", "since = now()", "kind = 'x'", "reason = 'y'", "placed_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(f"UPDATE legal_hold SET {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute("DELETE FROM legal_hold")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await role.execute("UPDATE legal_hold SET released_at = now()")
    await role.execute("UPDATE legal_hold SET released_at = now(), released_by = $1", OWNER_ID)
    for again in (f"released_at = now(), released_by = '{OWNER_ID}'", "released_at = NULL, released_by = NULL"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await role.execute(f"UPDATE legal_hold SET {again}")


async def test_an_error_report_stays_as_it_was_found(role: Owner) -> None:
    columns = "report_id, cause, summary, evidence, repeat_key, found_at"
    await role.execute(f"INSERT INTO error_report ({columns}) VALUES ('r', 'x', 'x', '[]', 'r', now())")
    for column in ("report_id", "unit_id", "cause", "summary", "evidence", "repeat_key"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(f"UPDATE error_report SET {column} = 'y'")
    for forbidden in (
        "UPDATE error_report SET found_at = now()",
        "DELETE FROM error_report",
        f"INSERT INTO error_report ({columns}, state) VALUES ('s', 'x', 'x', '[]', 's', now(), 'closed')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(forbidden)


async def test_texts_erased_without_an_entry_are_an_alarm(store: Store, dsn: str, role: Owner, owner: Owner) -> None:
    """Also when an honest erasure said the same before; and what the database wrote of it can not be removed."""

    async def alarms() -> list[str]:
        await watch.look()
        return [row["summary"] for row in await owner.fetch("SELECT summary FROM event WHERE kind LIKE '%untold'")]

    watch = LogWatch(store, utc_now, Metrics(CollectorRegistry()), every_s=60)
    settings = RetentionSettings(log_text_years=3)
    await _write_old(store, dsn, "a", "b")
    await erase_texts(store, settings, utc_now())
    assert await owner.fetchval("SELECT count(*) FROM log_erasure") == 1
    assert await alarms() == []
    kept_from: datetime = await owner.fetchval("SELECT kept_from FROM log_erasure")
    # The role may write texts of entries: the erased ones again, to have them erased unseen.
    again = "INSERT INTO log_text SELECT entry_id, 'label', '', 'again' FROM log_entry WHERE kind = 'unit.labelled'"
    await role.execute(again)
    await role.execute("SELECT erase_log_texts('{\"\"}', '{}', $1, 100)", kept_from)
    for forbidden in ("DELETE FROM log_erasure", "UPDATE log_erasure SET texts = 0", "TRUNCATE log_erasure"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(forbidden)
    (alarm,) = await alarms()
    assert alarm.startswith("2 free texts of the log were erased")
