"""Telling of units that report and do not prove who they are.

An agent proves itself at each connection and again each hour. One that does not may be a copy whose program keeps
quiet; or its broker keeps its proofs back, which is why this is an alarm for a person and no evidence.
"""

import asyncio
from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.store import Store

UNPROVEN_FOR = timedelta(hours=3)
"""Two proofs may be lost on the way."""
_HEARD_WITHIN = timedelta(minutes=10)
_EVERY_S = 600.0
_AT_ONCE = 500


def unproven_event(unit_id: str, proven_at: datetime | None) -> ControllerEvent:
    """The alarm that a unit deserves which reports and last proved itself at `proven_at` (None: never)."""
    last = "never" if proven_at is None else f"last at {proven_at:%Y-%m-%d %H:%M} UTC"
    return ControllerEvent(
        unit_id=unit_id,
        kind="unit-unproven",
        severity="alarm",
        summary=f"it reports and does not prove who it is ({last}): a quiet copy, or its broker keeps the proofs back",
        repeat_key=f"unproven:{unit_id}",
    )


class UnprovenWatch:
    """Looks every ten minutes, ten minutes after its start for the first time: until then units connect again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await asyncio.sleep(_EVERY_S)
        await go_round("unproven units", self.look, _EVERY_S)

    async def look(self) -> int:
        """Tell of the units that are due, at most 500; returns how many there were. Raises StoreUnavailable.

        A unit that was told of is counted on its open event.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            due = await transaction.proofs.unproven(now - UNPROVEN_FOR, now - _HEARD_WITHIN, _AT_ONCE)
            for unit_id, proven_at in due:
                await transaction.events.add(unproven_event(unit_id, proven_at), now)
            transaction.changed.events = bool(due)
        return len(due)
