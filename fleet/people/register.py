"""Adding people and ending their access; each change makes the next version of the people list."""

from datetime import timedelta

from fleet.clock import Clock
from fleet.errors import Conflict
from fleet.log.entries import PersonAdded, PersonEnded
from fleet.people.keys import read_person_key
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.people import NewPerson


class PeopleRegister:
    """The people of one fleet."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, new: NewPerson, actor: str) -> Person:
        """Add a person, from now for `valid_days`; raises RequestRefused for a bad key, Conflict for a known one."""
        now = self._clock()
        key = read_person_key(new.key)
        person = Person(
            person_id=new.person_id,
            name=new.name,
            role=new.role,
            public_key=key.line,
            key_fingerprint=key.fingerprint,
            valid_from=now,
            valid_until=now + timedelta(days=new.valid_days),
        )
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            await transaction.people.add(person)
            newest = await transaction.people.write_list(now)
            await transaction.log.append(
                PersonAdded(
                    at=now,
                    actor=actor,
                    person=person.person_id,
                    role=person.role,
                    key_fingerprint=person.key_fingerprint,
                    valid_until=person.valid_until,
                    people_version=newest.version,
                )
            )
        return person

    async def end(self, person_id: str, actor: str) -> None:
        """End a person's access and sessions at once; raises Conflict when that would leave no administrator."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.people.lock()
            if not await transaction.people.end_access(person_id, now):
                raise Conflict("person-gone", f"{person_id} has no access that could be ended", "list people again")
            people = await transaction.people.every()
            if not any(person.role == "administrator" and person.may_sign_in(now) for person in people):
                raise Conflict(
                    "last-administrator",
                    f"{person_id} is the last administrator",
                    "add another administrator first",
                )
            await transaction.sessions.close_all_of(person_id)
            transaction.changed.people.add(person_id)
            newest = await transaction.people.write_list(now)
            await transaction.log.append(
                PersonEnded(at=now, actor=actor, person=person_id, people_version=newest.version)
            )
