"""How people are reached, for themselves: added, tried, withdrawn; each change with its entry."""

import secrets
from datetime import datetime

import msgspec

from fleet.alarms.rules.addresses import masked, refusal
from fleet.alarms.rules.message import trial_message
from fleet.clock import Clock
from fleet.entries.alarms import ContactAdded, ContactTestAsked, ContactTestedEntry, ContactWithdrawn
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.paging.delivery import Delivery
from fleet.store.alarm_people import StoredContact
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.alarms import ContactTested, ContactView, NewContact
from protocols.people import may

MAX_CONTACTS = 5
"""Of a person †."""
_TESTS_EVERY_S = 10.0


class ContactDesk:
    """Every method raises StoreUnavailable; those about one contact NotFound, also where it is another's; those that
    change something Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, delivery: Delivery) -> None:
        self._store = store
        self._clock = clock
        self._delivery = delivery

    async def contacts(self, caller: Person) -> list[ContactView]:
        """One's own with their addresses; to those who manage alarms everybody's, masked."""
        people = None if may(caller.role, "manage-alarms") else [caller.person_id]
        async with self._store.transaction() as transaction:
            found = await transaction.alarm_people.contacts(people)
        return [_view(one, whole=one.person_id == caller.person_id) for one in found]

    async def add(self, asked: NewContact, caller: Person) -> ContactView:
        """Add a contact of the caller's own."""
        refused = refusal(asked.channel, asked.address, self._delivery.allowed)
        if refused:
            raise RequestRefused("contact-unusable", refused, "correct the address, or ask an administrator")
        now = self._clock()
        new = StoredContact(
            contact_id=f"CT-{secrets.token_hex(6)}",
            person_id=caller.person_id,
            channel=asked.channel,
            address=asked.address,
            added_at=now,
        )
        async with self._store.transaction() as transaction:
            await transaction.rota_people.lock_person(caller.person_id)
            there = await transaction.alarm_people.contacts([caller.person_id])
            if any((one.channel, one.address) == (new.channel, new.address) for one in there):
                raise Conflict("contact-there", "you are reached there already")
            if len(there) >= MAX_CONTACTS:
                raise Conflict(
                    "contacts-full", f"a person has at most {MAX_CONTACTS} contacts", "withdraw one of yours first"
                )
            await transaction.alarm_people.add_contact(new)
            entry = ContactAdded(at=now, actor=caller.person_id, contact=new.contact_id, channel=new.channel)
            await transaction.log.append(entry)
            transaction.changed.alarms = True
        return _view(new, whole=True)

    async def test(self, contact_id: str, caller: Person) -> ContactTested:
        """Send a page there now. Raises Conflict where one went there within 10 s."""
        async with self._store.transaction() as transaction:
            contact = await _own(transaction, contact_id, caller)
            self._check_not_too_often(contact.tested_at)
            self._check_not_too_often(await transaction.alarm_people.withdrawn_tried_at(caller.person_id))
            now = self._clock()
            await transaction.alarm_people.contact_tried(contact_id, now)
            await transaction.log.append(ContactTestAsked(at=now, actor=caller.person_id, contact=contact_id))
        error = await self._delivery.send(contact.channel, contact.address, trial_message(caller.person_id))
        now = self._clock()
        async with self._store.transaction() as transaction:
            await _own(transaction, contact_id, caller)
            await transaction.alarm_people.contact_worked(contact_id, now, works=not error)
            entry = ContactTestedEntry(at=now, actor=caller.person_id, contact=contact_id, sent=not error)
            await transaction.log.append(entry)
            transaction.changed.alarms = True
        return ContactTested(contact=contact_id, sent=not error, error=error)

    async def withdraw(self, contact_id: str, caller: Person) -> ContactView:
        """Send nothing there any more, and forget where it led."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            contact = await _own(transaction, contact_id, caller)
            await transaction.alarm_people.withdraw_contact(contact_id, now)
            entry = ContactWithdrawn(at=now, actor=caller.person_id, contact=contact_id)
            await transaction.log.append(entry)
            transaction.changed.alarms = True
        return _view(msgspec.structs.replace(contact, address="", withdrawn_at=now), whole=True)

    def _check_not_too_often(self, tested_at: datetime | None) -> None:
        now: datetime = self._clock()
        if tested_at is not None and 0 <= (now - tested_at).total_seconds() < _TESTS_EVERY_S:
            raise Conflict("tested-just-now", "a page went there a moment ago", "wait ten seconds, then try again")


async def _own(transaction: Transaction, contact_id: str, caller: Person) -> StoredContact:
    """A contact of the caller's that nobody else changes; another's is not found."""
    found = await transaction.alarm_people.locked_contact(contact_id)
    if found is None or found.person_id != caller.person_id or found.withdrawn_at is not None:
        raise NotFound("contact-unknown", f"you have no contact {contact_id}", "list your contacts")
    return found


def _view(contact: StoredContact, *, whole: bool) -> ContactView:
    return ContactView(
        contact=contact.contact_id,
        person=contact.person_id,
        channel=contact.channel,
        address=contact.address if whole else masked(contact.channel, contact.address),
        added_at=contact.added_at,
        tested_at=contact.tested_at,
        works=contact.works,
        withdrawn_at=contact.withdrawn_at,
    )
