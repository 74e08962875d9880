"""Telling in time that the access of somebody who signs is about to end."""

from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.people import SIGNING_ROLES

WARN_DAYS = (7, 30)
"""Days before the end at which people are told, the latest first."""
_EVERY_S = 3600.0


def warning_due(person: Person, now: datetime) -> ControllerEvent | None:
    """The event that a person's coming end deserves at `now`; None for those who sign nothing or have time left.

    Its repeat key is that of the person, the end of their term, and how many days before it this is.
    """
    if person.ended_at is not None or (person.role != "administrator" and person.role not in SIGNING_ROLES):
        return None
    left = person.valid_until - now
    if left <= timedelta(0):
        return None
    for days in WARN_DAYS:
        if left <= timedelta(days=days):
            return ControllerEvent(
                kind="person-expires",
                severity="warning",
                summary=f"the access of {person.person_id} ({person.role}) ends "
                f"{person.valid_until:%d %b %Y %H:%M} UTC: "
                f"fleet person rekey {person.person_id} --key (their .pub file, the same or a new one)",
                repeat_key=f"person-expires:{person.person_id}:{person.valid_until:%Y%m%d%H%M}:{days}",
            )
    return None


class ExpiryWatch:
    """Looks once an hour; several controllers tell each thing once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("people's terms", self.look, _EVERY_S)

    async def look(self) -> int:
        """Tell what is due and was never told, taken or not; returns how many events that were."""
        now = self._clock()
        told = 0
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            for person in await transaction.people.every():
                event = warning_due(person, now)
                if event is None or event.repeat_key is None or await transaction.people.was_told(event.repeat_key):
                    continue
                await transaction.events.add(event, now)
                transaction.changed.events = True
                told += 1
        return told
