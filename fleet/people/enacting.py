"""Putting a people list in force: who is on it may sign in, and nobody else."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fleet.entries.people_and_units import PeopleInForce, PersonAdded, PersonEnded
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.people import ListedPerson, PeopleList
from protocols.sshsig import read_key


async def enact(
    transaction: Transaction,
    following: PeopleList,
    names: Mapping[str, str],
    *,
    actor: str,
    now: datetime,
    signed_by: Sequence[str] = (),
    draft_id: str | None = None,
) -> str:
    """Write the list and its people; returns its SHA-256 in hexadecimal. Call under `PeopleStore.lock`.

    `draft_id` is the draft whose signatures it has, None for an anchor. `names` has those of new people. Whoever is no
    longer listed, or has another key or role, is signed out; all other drafts are outdated.
    """
    if draft_id is not None:
        await transaction.people.drafts.close(draft_id, "in-force")
    await transaction.people.drafts.outdate_all()
    stored = await transaction.people.add_list(following.version, following.text(), now, signed_draft=draft_id)
    before = {person.person_id: person for person in await transaction.people.every()}
    listed = {person.person_id for person in following.people}
    for person in before.values():
        if person.person_id not in listed and await transaction.people.end_access(person.person_id, now):
            await _sign_out(transaction, person.person_id)
            await transaction.log.append(
                PersonEnded(at=now, actor=actor, person=person.person_id, people_version=following.version)
            )
    for entry in following.people:
        await _let_in(transaction, entry, before.get(entry.person_id), names, following.version, actor, now)
    await transaction.log.append(
        PeopleInForce(
            at=now,
            actor=actor,
            people_version=following.version,
            sha256=stored.sha256.hex(),
            signed_by=list(signed_by),
        )
    )
    return stored.sha256.hex()


async def tell_people(transaction: Transaction, summary: str, now: datetime) -> None:
    """Let consoles know that something about people has changed."""
    await transaction.events.add(ControllerEvent(kind="people", severity="info", summary=summary[:200]), now)
    transaction.changed.events = True


async def _let_in(
    transaction: Transaction,
    entry: ListedPerson,
    before: Person | None,
    names: Mapping[str, str],
    version: int,
    actor: str,
    now: datetime,
) -> None:
    person = Person(
        person_id=entry.person_id,
        name=before.name if before is not None else names.get(entry.person_id, entry.person_id),
        role=entry.role,
        public_key=entry.key,
        key_fingerprint=read_key(entry.key).fingerprint,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
    )
    if person == before:
        return
    await transaction.people.put(person)
    if before is not None and (before.public_key, before.role) != (person.public_key, person.role):
        await _sign_out(transaction, person.person_id)
    await transaction.log.append(
        PersonAdded(
            at=now,
            actor=actor,
            person=person.person_id,
            role=person.role,
            key_fingerprint=person.key_fingerprint,
            valid_until=person.valid_until,
            people_version=version,
        )
    )


async def _sign_out(transaction: Transaction, person_id: str) -> None:
    await transaction.sessions.close_all_of(person_id)
    transaction.changed.people.add(person_id)
