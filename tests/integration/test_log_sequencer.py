"""The sequencer: every committed entry becomes one leaf of one tree, whatever happens to whoever sequences."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from fleet.entries.entry import CONTROLLER, HashedText
from fleet.entries.people_and_units import UnitLabelled
from fleet.errors import LogDamaged
from fleet.log.news import LogNews
from fleet.log.sequencer import Sequencer
from fleet.store.errors import TransactionConflict
from fleet.store.sequencing import open_sequencing
from fleet.store.store import Store
from tests.support.log_tree import AT, append, checked_tree
from tests.support.waiting import until

UNIT = "unit-abcd2345"
OTHER = "unit-efgh6789"


async def _idle() -> None:
    await asyncio.Event().wait()


async def _never(damage: LogDamaged) -> None:
    raise damage


@asynccontextmanager
async def _sequencing(dsn: str, *, batch: int = 100) -> AsyncIterator[Sequencer]:
    sequencer = Sequencer(dsn, LogNews(), poll_s=0.005, meanwhile=_idle, on_damage=_never, batch=batch)
    running = asyncio.create_task(sequencer.run())
    try:
        yield sequencer
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _until_all_are_leaves(owner: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    async def done() -> bool:
        return bool(await owner.fetchval("SELECT size = $1 FROM log_tree", count))

    await until(done)


async def test_entries_become_leaves_of_one_tree(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Several batches of several sizes, across tiles of two levels; units' chains are linked."""
    async with _sequencing(dsn, batch=90):
        for count, unit in ((1, None), (300, UNIT), (2, OTHER), (250, None), (1, UNIT)):
            await append(store, count, unit)
        await _until_all_are_leaves(owner, 554)
    tree = await checked_tree(owner)
    assert tree.waiting == 0
    assert b'"index":553,"prior":300,' in tree.leaves[553]


async def test_a_transaction_that_took_an_early_id_and_commits_last_is_not_forgotten(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Ids are taken when a row is written, and seen when it is committed."""
    async with _sequencing(dsn):
        async with store.transaction() as slow:
            await slow.units.schema_revision()
            early = await slow.log.append(_entry())
            later = await append(store, 5)
            await _until_all_are_leaves(owner, 5)
        await _until_all_are_leaves(owner, 6)
    assert early < min(later)
    assert await owner.fetchval("SELECT leaf_index FROM log_entry WHERE entry_id = $1", early) == 5
    await checked_tree(owner)


async def test_a_change_that_is_rolled_back_leaves_no_leaf(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Its id is never seen again; the indexes have no gap for it."""
    with suppress(RuntimeError):
        async with store.transaction() as transaction:
            await transaction.log.append(_entry())
            raise RuntimeError
    await append(store, 2)
    async with _sequencing(dsn):
        await _until_all_are_leaves(owner, 2)
    assert len((await checked_tree(owner)).leaves) == 2


async def test_one_leads_of_two_and_the_other_takes_over(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with _sequencing(dsn) as second:
        async with _sequencing(dsn) as first:

            async def led() -> bool:
                return first.is_leading or second.is_leading

            await until(led)
            await append(store, 20, UNIT)
            await _until_all_are_leaves(owner, 20)
            assert first.is_leading != second.is_leading
            async with store.transaction() as transaction:
                assert await transaction.log_tree.sequencer_runs()
        await append(store, 20, UNIT)
        await _until_all_are_leaves(owner, 40)
        assert second.is_leading
    await checked_tree(owner)
    async with store.transaction() as transaction:
        assert not await transaction.log_tree.sequencer_runs()


async def test_connections_ended_in_the_middle_leave_one_tree(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Two sequencers, small batches, writers who go on, and whoever holds the lock is cut off again and again."""
    written = 0
    async with _sequencing(dsn, batch=7), _sequencing(dsn, batch=7):
        for round_number in range(12):
            written += len(await append(store, 60, UNIT if round_number % 2 else None))
            await _until_size_passes(owner, written - 50)
            await _end_holder(owner)
        await _until_all_are_leaves(owner, written)
    assert (await checked_tree(owner)).waiting == 0


async def test_whoever_is_overtaken_writes_nothing(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """The fence holds even for a program that has not the lock: a stale size, a used entry, or a changed tile."""
    ids = await append(store, 3)
    async with open_sequencing(dsn) as connection:
        await connection.write(0, ids[:2], [None, None], [(0, 0, bytes(64))])
        for stale in (
            connection.write(0, ids[2:], [None], [(0, 0, bytes(96))]),
            connection.write(2, ids[1:], [None, None], [(0, 0, bytes(128))]),
            connection.write(2, ids[2:], [None], [(0, 0, b"other" + bytes(91))]),
        ):
            with pytest.raises(TransactionConflict):
                await stale
    assert await owner.fetchval("SELECT size FROM log_tree") == 2
    assert await owner.fetchval("SELECT hashes FROM log_tile") == bytes(64)
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE leaf_index IS NULL") == 1


async def test_a_sequencer_that_is_overtaken_reads_the_tree_again(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """What it remembers is of no use then; the tree goes on from what is committed."""
    one, other = (Sequencer(dsn, LogNews(), poll_s=1, meanwhile=_idle, on_damage=_never) for _ in range(2))
    async with open_sequencing(dsn) as first, open_sequencing(dsn) as second:
        await append(store, 3)
        assert await one.sequence(first) == 3
        await append(store, 4)
        assert await other.sequence(second) == 4
        await append(store, 5)
        with pytest.raises(TransactionConflict):
            await one.sequence(first)
        assert await one.sequence(first) == 5
    assert len((await checked_tree(owner)).leaves) == 12


async def _until_size_passes(owner: "asyncpg.Connection[asyncpg.Record]", size: int) -> None:
    async def passed() -> bool:
        return bool(await owner.fetchval("SELECT size > $1 FROM log_tree", size))

    await until(passed)


async def _end_holder(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    await owner.fetch("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")


def _entry() -> UnitLabelled:
    return UnitLabelled(at=AT, actor=CONTROLLER, unit=UNIT, label=HashedText("some label"))
