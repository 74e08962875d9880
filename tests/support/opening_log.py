"""Writing entries of openings into a real database, and making leaves of them."""

import asyncio
from collections.abc import Iterable

from fleet.entries.entry import Entry
from fleet.errors import LogDamaged
from fleet.log.news import LogNews
from fleet.log.sequencer import Sequencer
from fleet.store.sequencing import open_sequencing
from fleet.store.store import Store


async def _never() -> None:
    await asyncio.Event().wait()


async def _fail(damage: LogDamaged) -> None:
    raise damage


async def _raised(damage: LogDamaged) -> None:
    raise damage


async def write(store: Store, entries: Iterable[Entry]) -> None:
    """Commit entries, each in a transaction of its own; they wait for the sequencer."""
    for entry in entries:
        async with store.transaction() as transaction:
            await transaction.log.append(entry)


async def sequence(dsn: str) -> None:
    """Make leaves of all entries that wait."""
    sequencer = Sequencer(dsn, LogNews(), poll_s=1.0, meanwhile=_never, on_damage=_fail)
    async with open_sequencing(dsn) as connection:
        assert await connection.hold()
        while await sequencer.sequence(connection):
            pass


async def enter(store: Store, dsn: str, entries: Iterable[Entry]) -> None:
    """Commit entries and make leaves of them."""
    await write(store, entries)
    await sequence(dsn)
