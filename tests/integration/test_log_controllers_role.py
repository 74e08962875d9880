"""What whoever holds the controller's database role can not do to the log, or can not do unnoticed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import pytest

from fleet.entries.entry import encode, kind_of
from fleet.entries.log import LogScope
from fleet.openings.reading import read_openings
from fleet.store.log_openings import UnitSpan
from fleet.store.store import ROLE, Store
from tests.support import opening_entries as story
from tests.support.opening_log import enter

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
    await owner.execute(
        "INSERT INTO log_text SELECT entry_id, 'purpose', '', 'x' FROM log_entry WHERE leaf_index >= $1", FAR
    )
    long_ago, places = story.AT - timedelta(days=9), [FAR, FAR + 1]
    since = LogScope(since=long_ago)
    async with store.transaction() as transaction:
        tree, reading, openings = transaction.log_tree, transaction.log_reading, transaction.log_openings
        assert [await tree.leaf_of(entry_id) for entry_id in ids] == [None, None]
        assert await tree.leaves(4, 2 * FAR) == []
        assert [entry.index for entry in await reading.page(since, 2 * FAR, 100)] == [3, 2, 1, 0]
        assert await reading.indexes(since, 2 * FAR, 100) == [0, 1, 2, 3]
        assert await reading.indexes(LogScope(kind="authority"), 2 * FAR, 100) == []
        assert (await reading.one(FAR), await reading.leaves_at(places)) == (None, [])
        assert await reading.exported_texts(3, 2 * FAR, None, 100) == []
        only = ["mandate.recorded", "authority.recorded"]
        assert await openings.first_since(only, long_ago) is None
        assert (await openings.find(only, LogScope(), 10)).openings == []
        assert await openings.of_units_between(only, [UnitSpan(story.UNIT, long_ago, story.after(9))]) == set()
        for found in (
            openings.newest_of_each(only, 9),
            openings.between(only, 0, 2 * FAR),
            openings.of_openings(only, [story.OPENING]),
            openings.of_units(only, [story.UNIT]),
            openings.of_authorities(only, [story.AUTHORITY]),
            openings.holding(only, [b"{"]),
            openings.at(only, places),
        ):
            assert await found == []
        assert await openings.purposes(places) == {}
        (opening,) = await read_openings(transaction, [story.OPENING], story.after(3600))
    assert opening.verdict == "outside"
