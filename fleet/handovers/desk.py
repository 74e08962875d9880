"""Handover sheets for those who hand over, who take over, and who look."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from fleet.clock import Clock
from fleet.entries.handovers import HandoverAcknowledged, HandoverMade
from fleet.errors import Conflict, Forbidden, NotFound
from fleet.handovers.reading import facts_of, rest_owed, shifts_around
from fleet.handovers.rules import ShiftChange, nearest_change, sheet
from fleet.rota.books import known_rota
from fleet.rota.judging import Judging
from fleet.store.handovers import HandoverPart, StoredHandover
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.handovers import (
    HandoverAcknowledgement,
    HandoverRow,
    HandoverSheet,
    HandoverView,
)
from protocols.people import may

_sheet_decoder = msgspec.json.Decoder(HandoverSheet)


class HandoverDesk:
    """Every method raises StoreUnavailable; those about one handover or rota NotFound; those that change something
    Conflict, Forbidden or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: Judging) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging

    async def newest(self, rota_id: str, limit: int) -> list[HandoverRow]:
        """Handovers of a rota (empty: of any), newest change first, superseded ones too."""
        async with self._store.transaction() as transaction:
            found = await transaction.handovers.newest(rota_id, limit)
            acknowledged = await transaction.handovers.acknowledged([one.handover_id for one in found])
        return [row(one, acknowledged.get(one.handover_id, [])) for one in found]

    async def one(self, handover_id: str) -> HandoverView:
        """A handover with its sheet."""
        async with self._store.transaction() as transaction:
            return await _view(transaction, _found(await transaction.handovers.one(handover_id), handover_id))

    async def make(self, rota_id: str, caller: Person) -> HandoverView:
        """The sheet of now for the rota's nearest change, in the place of one that not both have acknowledged."""
        with self._judging.asked_by(caller.person_id):
            now = self._clock().astimezone(UTC)
            owed = await rest_owed(self._store, self._judging, rota_id, now)
            async with self._store.transaction() as transaction:
                return await self._make(transaction, rota_id, caller, owed, now)

    async def _make(
        self, transaction: Transaction, rota_id: str, caller: Person, owed: dict[str, int] | None, now: datetime
    ) -> HandoverView:
        stored = await known_rota(transaction, rota_id)
        change = nearest_change(await shifts_around(transaction, stored, now), now)
        if change is None:
            raise Conflict(
                "no-change",
                f"the primary of {rota_id} does not change within five weeks",
                "see who is on call: fleet oncall now",
            )
        _check_makes(caller, change)
        await transaction.handovers.lock(rota_id)
        there = await transaction.handovers.counting(rota_id, change.at)
        if there is not None:
            await _check_replaced(transaction, there)
        made = sheet(await facts_of(transaction, stored, change, caller.person_id, now, owed))
        text = msgspec.json.encode(made).decode()
        new = StoredHandover(
            handover_id=f"HO-{secrets.token_hex(6)}",
            rota_id=rota_id,
            change_at=change.at,
            outgoing=change.outgoing,
            incoming=change.incoming,
            sheet=text,
            sha256=sha256(text.encode()).hexdigest(),
            made_by=caller.person_id,
            made_at=now,
        )
        supersedes = None if there is None else there.handover_id
        await transaction.handovers.add(new, supersedes)
        await transaction.log.append(
            HandoverMade(
                at=now,
                actor=caller.person_id,
                handover=new.handover_id,
                rota=rota_id,
                change_at=new.change_at,
                outgoing=new.outgoing,
                incoming=new.incoming,
                sha256=new.sha256,
                supersedes=supersedes,
            )
        )
        transaction.changed.rotas = True
        return await _view(transaction, new)

    async def acknowledge(self, handover_id: str, digest: str, caller: Person) -> HandoverView:
        """One of the two has read the sheet with this hash. The same again is what is there."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = _found(await transaction.handovers.locked(handover_id), handover_id)
            part = _part(found, caller)
            _check_counts(found, digest)
            there = (await transaction.handovers.acknowledged([handover_id])).get(handover_id, [])
            if all(one.part != part for one in there):
                await transaction.handovers.acknowledge(handover_id, caller.person_id, part, digest, now)
                await transaction.log.append(
                    HandoverAcknowledged(
                        at=now,
                        actor=caller.person_id,
                        handover=handover_id,
                        rota=found.rota_id,
                        part=part,
                        sha256=digest,
                    )
                )
                transaction.changed.rotas = True
            return await _view(transaction, found)


def row(stored: StoredHandover, acknowledged: Sequence[HandoverAcknowledgement]) -> HandoverRow:
    """A handover without its sheet. Pure."""
    have = {one.person for one in acknowledged}
    missing = [one for one in (stored.outgoing, stored.incoming) if one not in have]
    return HandoverRow(
        handover=stored.handover_id,
        rota=stored.rota_id,
        change_at=stored.change_at,
        outgoing=stored.outgoing,
        incoming=stored.incoming,
        made_by=stored.made_by,
        made_at=stored.made_at,
        sha256=stored.sha256,
        acknowledged=list(acknowledged),
        waits_for=[] if stored.superseded_by is not None else missing,
        superseded_by=stored.superseded_by,
    )


async def _view(transaction: Transaction, stored: StoredHandover) -> HandoverView:
    acknowledged = await transaction.handovers.acknowledged([stored.handover_id])
    return HandoverView(
        row=row(stored, acknowledged.get(stored.handover_id, [])), sheet=_sheet_decoder.decode(stored.sheet)
    )


def _found(stored: StoredHandover | None, handover_id: str) -> StoredHandover:
    if stored is None:
        raise NotFound("handover-unknown", f"there is no handover {handover_id}", "list them: fleet handover list")
    return stored


def _check_makes(caller: Person, change: ShiftChange) -> None:
    if caller.person_id in (change.outgoing, change.incoming) or may(caller.role, "manage-rota"):
        return
    raise Forbidden(
        caller.role,
        "manage-rota",
        f"{change.outgoing} hands over to {change.incoming}, and one of the two makes the sheet",
        "ask one of them, or a supervisor",
    )


async def _check_replaced(transaction: Transaction, there: StoredHandover) -> None:
    acknowledged = (await transaction.handovers.acknowledged([there.handover_id])).get(there.handover_id, [])
    if len(acknowledged) == 2:
        raise Conflict(
            "handover-done",
            f"{there.outgoing} and {there.incoming} have acknowledged {there.handover_id} already",
            f"read it: fleet handover show {there.handover_id}",
        )


def _part(stored: StoredHandover, caller: Person) -> HandoverPart:
    if caller.person_id == stored.outgoing:
        return "outgoing"
    if caller.person_id == stored.incoming:
        return "incoming"
    raise Forbidden(
        caller.role,
        "serve-rota",
        f"{stored.outgoing} hands over to {stored.incoming}, and only they acknowledge it",
        "ask them to",
    )


def _check_counts(stored: StoredHandover, digest: str) -> None:
    if stored.superseded_by is not None:
        raise Conflict(
            "handover-superseded",
            f"{stored.superseded_by} has taken the place of {stored.handover_id}",
            f"read and acknowledge that one: fleet handover show {stored.superseded_by}",
        )
    if digest != stored.sha256:
        raise Conflict("another-sheet", "that is the hash of another sheet", "read this one, and acknowledge its hash")
