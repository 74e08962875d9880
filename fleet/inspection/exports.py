"""Taking the log away: an export is an entry first, then everything its person fetches is under one checkpoint."""

import asyncio
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.log import LogExported, LogScope
from fleet.errors import Conflict, NotFound, NotLoggedYet
from fleet.log.disagreements import telling_damage
from fleet.log.key import LogKey
from fleet.log.policies import policy_in_force
from fleet.log.receipts import Receipts
from fleet.log.tiles import ENTRIES, TILE_WIDTH, parse_tile_path, tile_widths
from fleet.log.tree import inclusion_proof, tiles_needed_for_inclusion
from fleet.store.log_reading import StoredExport
from fleet.store.log_tree import StoredCheckpoint, StoredLeaf, TilePlace
from fleet.store.store import Store, Transaction
from protocols.api.log import MAX_SELECTED, ExportView, SelectedLeaf, SelectionPage, TextPage
from protocols.ids import new_token_id
from protocols.tlog.merkle import HASH_BYTES
from protocols.tlog.receipt import Receipt

EXPORT_LIFE = timedelta(hours=1)
COSIGNING_WAIT_S = 5.0
_LEAVES_A_PAGE = 100
_ENTRIES_A_PAGE = 200


def indexes_sha256(indexes: Iterable[int]) -> str:
    """Hexadecimal SHA-256 over leaf indexes in decimal, joined by commas, as an entry tells of a selection."""
    return sha256(",".join(str(index) for index in indexes).encode()).hexdigest()


class LogExports:
    """Exports, each for the person who asked only and for an hour."""

    def __init__(self, store: Store, clock: Clock, receipts: Receipts, key: LogKey, stamps_by: str | None) -> None:
        """`stamps_by` has the certificates (PEM) by which time stamps were checked, where there are any."""
        self._store = store
        self._clock = clock
        self._receipts = receipts
        self._key = key
        self._stamps_by = stamps_by

    async def start(self, scope: LogScope | None, reason: str, actor: str) -> ExportView:
        """Write the entry, wait up to COSIGNING_WAIT_S for a cosigned checkpoint over it, and keep the export.

        Raises Conflict when `scope` selects more than MAX_SELECTED entries, and, the entry written all the same, when
        no checkpoint at all covers it in time. Raises LogDamaged, after the alarm, when a selected entry is not what
        was entered: the whole log may be exported all the same.
        """
        export_id = new_token_id()
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            size = await transaction.log_tree.size()
            indexes = None if scope is None else await _selected(transaction, scope, size)
            entry = LogExported(
                at=self._clock(),
                actor=actor,
                export=export_id,
                scope=scope,
                size=size,
                found=size if indexes is None else len(indexes),
                indexes_sha256="" if indexes is None else indexes_sha256(indexes),
                reason=HashedText(reason),
            )
            entry_id = await transaction.log.append(entry)
        with suppress(NotLoggedYet):  # a checkpoint that no quorum has cosigned is better than none
            await self._receipts.receipt(entry_id, COSIGNING_WAIT_S)
        async with self._store.transaction() as transaction:
            leaf, checkpoint = await _covered(transaction, entry_id)
            now = self._clock()
            export = StoredExport(
                export_id=export_id,
                person_id=actor,
                made_at=now,
                ends_at=now + EXPORT_LIFE,
                entry_id=entry_id,
                size=checkpoint.size,
                note=checkpoint.note,
                cosigned=checkpoint.cosigned,
                indexes=None if indexes is None else [*indexes, leaf.index],
            )
            await transaction.log_reading.add_export(export)
            return await self._view(transaction, export, leaf.index, entry.found)

    async def _view(self, transaction: Transaction, export: StoredExport, index: int, found: int) -> ExportView:
        stamped = await transaction.log_tree.newest_timestamped()
        policy = await policy_in_force(transaction, self._key)
        if stamped is not None and (self._stamps_by is None or stamped[0].size > export.size):
            stamped = None
        return ExportView(
            export_id=export.export_id,
            index=index,
            size=export.size,
            found=found,
            checkpoint=export.note,
            cosigned=export.cosigned,
            policy=policy.text,
            ends_at=export.ends_at,
            timestamp_token=None if stamped is None else b64encode(stamped[1]).decode(),
            timestamped_checkpoint=None if stamped is None else stamped[0].note,
            timestamp_ca=None if stamped is None else self._stamps_by,
        )

    async def tile(self, export_id: str, path: str, actor: str) -> bytes:
        """A tile of the export's tree, or an entry bundle: its leaves, each after its length in two bytes. `path` is
        as `fleet.log.tiles.tile_path` writes it.

        Raises NotFound for a path or width that the export's tree does not have, and as `_own` does; Conflict for a
        selective export.
        """
        async with self._store.transaction() as transaction:
            export = await self._own(transaction, export_id, actor)
            if export.indexes is not None:
                raise Conflict("export-selective", "this export is a selection", "fetch its selection instead")
            try:
                place = parse_tile_path(path)
            except ValueError:
                raise _no_tile() from None
            widths = tile_widths(export.size, 0 if place.level == ENTRIES else place.level)
            if place.index >= len(widths) or place.width > widths[place.index]:
                raise _no_tile()
            if place.level == ENTRIES:
                start = place.index * TILE_WIDTH
                return _bundle(await transaction.log_tree.leaves(start, start + place.width))
            at: TilePlace = (place.level, place.index)
            return (await transaction.log_tree.tiles([at]))[at][: place.width * HASH_BYTES]

    async def texts(self, export_id: str, after: int, actor: str) -> TextPage:
        """Texts of the export's entries after leaf `after` (-1: from the first); raises as `_own` does."""
        async with self._store.transaction() as transaction:
            export = await self._own(transaction, export_id, actor)
            texts = await transaction.log_reading.exported_texts(after, export.size, export.indexes, _ENTRIES_A_PAGE)
        is_full = len({text.index for text in texts}) == _ENTRIES_A_PAGE
        return TextPage(texts=texts, next_after=texts[-1].index if is_full else None)

    async def selection(self, export_id: str, after: int, actor: str) -> SelectionPage:
        """Leaves of a selective export after leaf `after` (-1: from the first), each with its receipt under the
        export's checkpoint; raises as `_own` does, LogDamaged as `start`, and Conflict for a whole export."""
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            export = await self._own(transaction, export_id, actor)
            if export.indexes is None:
                raise Conflict("export-whole", "this export is the whole log", "fetch its tiles instead")
            start = bisect_right(export.indexes, after)
            chosen = export.indexes[start : start + _LEAVES_A_PAGE]
            leaves = await transaction.log_reading.leaves_at(chosen)
            places = {place for index in chosen for place in tiles_needed_for_inclusion(index, export.size)}
            tiles = await transaction.log_tree.tiles(places)
        proven = await asyncio.to_thread(_proven, leaves, tiles, export.size, export.note)
        is_last = start + _LEAVES_A_PAGE >= len(export.indexes)
        return SelectionPage(leaves=proven, next_after=None if is_last else chosen[-1])

    async def _own(self, transaction: Transaction, export_id: str, actor: str) -> StoredExport:
        """The export, if it is the actor's and has not ended; raises NotFound."""
        export = await transaction.log_reading.export(export_id)
        if export is None or export.person_id != actor:
            raise NotFound("export-unknown", "you have no such export", "make one")
        if self._clock() >= export.ends_at:
            raise NotFound("export-ended", "this export has ended", "make another one")
        return export


async def _selected(transaction: Transaction, scope: LogScope, size: int) -> list[int]:
    indexes = await transaction.log_reading.indexes(scope, size, MAX_SELECTED + 1)
    if len(indexes) > MAX_SELECTED:
        raise Conflict(
            "selection-too-large",
            f"more than {MAX_SELECTED} entries are selected",
            "select fewer, by a shorter period; or export the whole log",
        )
    await transaction.log_reading.check(indexes)
    return indexes


async def _covered(transaction: Transaction, entry_id: int) -> tuple[StoredLeaf, StoredCheckpoint]:
    """The entry's leaf and the best checkpoint over it: a cosigned one, else the newest; raises Conflict."""
    leaf = await transaction.log_tree.leaf_of(entry_id)
    if leaf is not None:
        checkpoint = await transaction.log_tree.newest_cosigned(leaf.index)
        if checkpoint is None:
            checkpoint = await transaction.log_tree.newest_checkpoint()
        if checkpoint is not None and checkpoint.size > leaf.index:
            return leaf, checkpoint
    raise Conflict(
        "log-unsigned",
        "no checkpoint covers the export's own entry yet",
        "try again; if it stays so, an administrator looks at fleet log status",
    )


def _no_tile() -> NotFound:
    return NotFound("tile-unknown", "the export's tree has no such tile", "ask for tiles of its size")


def _bundle(leaves: Sequence[StoredLeaf]) -> bytes:
    return b"".join([len(leaf.leaf).to_bytes(2, "big") + leaf.leaf for leaf in leaves])


def _proven(leaves: Sequence[StoredLeaf], tiles: Mapping[TilePlace, bytes], size: int, note: str) -> list[SelectedLeaf]:
    def read_tile(level: int, index: int) -> bytes:
        return tiles[level, index]

    return [
        SelectedLeaf(
            index=one.index,
            leaf=one.leaf.decode(),
            receipt=Receipt(one.index, tuple(inclusion_proof(one.index, size, read_tile)), note).text,
        )
        for one in leaves
    ]
