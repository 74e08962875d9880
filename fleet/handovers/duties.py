"""Handovers that wait for somebody."""

import asyncio
from datetime import UTC, datetime, timedelta

from fleet.clock import Clock
from fleet.errors import RequestRefused
from fleet.handovers.desk import row
from fleet.handovers.duty_rules import AHEAD, KEPT, change_at_hand, handover_duty
from fleet.handovers.rules import changes_of
from fleet.rota.books import asking, turns_and_changes
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.store.people import Person
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.duties import Duty
from protocols.people import may

_BEFORE = timedelta(days=14)
"""How far back the primary before a change is looked for."""


class HandoverDuties:
    """Duties of handovers on rotas that have not ended. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, person: Person) -> list[Duty]:
        """What waits for this person; empty for those who serve on no rota."""
        if not may(person.role, "serve-rota"):
            return []
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        async with self._store.transaction() as transaction:
            found: list[Duty] = []
            for stored in await transaction.rotas.every():
                found += await _handover(transaction, stored, person.person_id, now)
        return found


async def _handover(transaction: Transaction, stored: StoredRota, person_id: str, now: datetime) -> list[Duty]:
    """The handover of a rota that waits for somebody; none where so much was changed that nobody can look it through,
    which the rota's own routes say."""
    if stored.ended_at is not None:
        return []
    rota, window = asking(stored), Span(now - KEPT - _BEFORE, now + AHEAD + timedelta(minutes=1))
    try:
        assigned, changes = await turns_and_changes(transaction, rota, window)
    except RequestRefused:
        return []
    shifts = await asyncio.to_thread(on_call, rota, assigned, changes, window)
    change = change_at_hand(changes_of(shifts), now)
    if change is None:
        return []
    made = await transaction.handovers.counting(rota.rota, change.at)
    acknowledged = {} if made is None else await transaction.handovers.acknowledged([made.handover_id])
    told = None if made is None else row(made, acknowledged.get(made.handover_id, []))
    duty = handover_duty(rota, change, told, person_id, now)
    return [] if duty is None else [duty]
