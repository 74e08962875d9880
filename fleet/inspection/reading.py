"""Reading the deployment log: every page that is shown is an entry itself, in the same transaction."""

from typing import Any

import msgspec

from fleet.clock import Clock
from fleet.entries.log import LogRead, LogScope
from fleet.errors import NotFound
from fleet.log.disagreements import telling_damage
from fleet.log.receipts import Receipts
from fleet.store.log_reading import StoredEntry
from fleet.store.store import Store, Transaction
from protocols.api.log import EntryPage, EntryProof, EntryView, TextView


class LogReading:
    """The log for those who may read it."""

    def __init__(self, store: Store, clock: Clock, receipts: Receipts) -> None:
        self._store = store
        self._clock = clock
        self._receipts = receipts

    async def page(self, scope: LogScope, before: int | None, limit: int, actor: str) -> EntryPage:
        """At most `limit` entries of `scope` below leaf index `before` (None: the newest), newest first.

        Raises LogDamaged, after the alarm, when one of them is not what was entered.
        """
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            size = await transaction.log_tree.size()
            below = size if before is None else min(before, size)
            entries = await transaction.log_reading.page(scope, below, limit)
            await self._note(transaction, scope, entries, actor)
        next_before = entries[-1].index if len(entries) == limit else None
        return EntryPage(entries=[view_of(entry) for entry in entries], next_before=next_before, size=size)

    async def one(self, index: int, actor: str) -> EntryProof:
        """The entry at leaf `index` with its receipt; raises NotFound for one that the tree does not have,
        LogDamaged as `page`."""
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            entry = await transaction.log_reading.one(index)
            await self._note(transaction, LogScope(), [] if entry is None else [entry], actor)
        if entry is None:
            raise NotFound("entry-unknown", f"the log has no entry {index}", "list entries again")
        proven = await self._receipts.at_once(entry.entry_id)
        return EntryProof(entry=view_of(entry), receipt=None if proven is None else proven.receipt)

    async def _note(self, transaction: Transaction, scope: LogScope, shown: list[StoredEntry], actor: str) -> None:
        indexes = [entry.index for entry in shown]
        await transaction.log.append(
            LogRead(
                at=self._clock(),
                actor=actor,
                scope=scope,
                found=len(shown),
                first=min(indexes, default=None),
                last=max(indexes, default=None),
            )
        )


def view_of(entry: StoredEntry) -> EntryView:
    """As the API shows the entry: what its leaf says."""
    said = entry.said
    body: dict[str, Any] = msgspec.json.decode(said.body)
    return EntryView(
        index=entry.index,
        prior=said.prior,
        at=said.columns.at,
        actor=said.columns.actor,
        kind=said.columns.kind,
        dpa=str(body["dpa"]),
        unit=said.columns.unit_id,
        label=entry.label,
        authority=said.columns.authority,
        leaf=said.leaf.decode(),
        texts=[TextView(field=field, text=entry.texts.get(field)) for field, value in body.items() if _is_text(value)],
    )


def _is_text(value: object) -> bool:
    """Whether a field of an entry is free text: only that is a hash by itself, see `fleet.entries.entry.encode`."""
    return isinstance(value, dict) and value.keys() == {"sha256"}
