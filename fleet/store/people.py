"""People and the people list."""

from datetime import datetime

import asyncpg
import msgspec

from fleet.errors import Conflict
from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.people import PersonView
from protocols.people import ListedPerson, PeopleList, Role, people_hash

_SQL = load("people")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person as stored; `public_key` is an OpenSSH line without comment."""

    person_id: str
    name: str
    role: Role
    public_key: str
    key_fingerprint: str
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None = None

    def may_sign_in(self, now: datetime) -> bool:
        """Whether the person's access is in force at `now`."""
        return self.ended_at is None and self.valid_from <= now < self.valid_until

    def view(self) -> PersonView:
        """As the API shows the person."""
        return PersonView(
            person_id=self.person_id,
            name=self.name,
            role=self.role,
            key_fingerprint=self.key_fingerprint,
            valid_until=self.valid_until,
            ended_at=self.ended_at,
        )


class StoredPeopleList(msgspec.Struct, frozen=True):
    """A version of the people list; `sha256` is 32 bytes over `text`."""

    version: int
    text: str
    sha256: bytes


class PeopleStore:
    """People within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, person: Person) -> None:
        """Add a person; raises Conflict when the id or the key is known already."""
        try:
            await self._connection.execute(
                _SQL["add"],
                person.person_id,
                person.name,
                person.role,
                person.public_key,
                person.key_fingerprint,
                person.valid_from,
                person.valid_until,
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict(
                "person-exists",
                f"{person.person_id} or this key is already known",
                "choose another id; a key belongs to one person only",
            ) from error

    async def get(self, person_id: str) -> Person | None:
        """The person, ended or not."""
        record = await self._connection.fetchrow(_SQL["get"], person_id)
        return None if record is None else Person(**record)

    async def every(self) -> list[Person]:
        """All people ever added, by id."""
        return [Person(**record) for record in await self._connection.fetch(_SQL["every"])]

    async def end_access(self, person_id: str, now: datetime) -> bool:
        """End a person's access; False when there is no such active person."""
        return await self._connection.fetchval(_SQL["end_access"], person_id, now) is not None

    async def lock(self) -> None:
        """Let only one transaction at a time change the people list."""
        await self._connection.execute(_SQL["lock"])

    async def newest_list(self) -> StoredPeopleList | None:
        """The newest people list, None before the first person."""
        return _stored_list(await self._connection.fetchrow(_SQL["newest_list"]))

    async def list_of_version(self, version: int) -> StoredPeopleList | None:
        """The people list `version`."""
        return _stored_list(await self._connection.fetchrow(_SQL["list_of_version"], version))

    async def write_list(self, now: datetime) -> StoredPeopleList:
        """Write the next version from the people whose access has not ended; call under `lock`."""
        newest = await self.newest_list()
        listed = [
            ListedPerson(
                person_id=person.person_id,
                role=person.role,
                key=person.public_key,
                valid_from=person.valid_from,
                valid_until=person.valid_until,
            )
            for person in await self.every()
            if person.ended_at is None
        ]
        version = 1 if newest is None else newest.version + 1
        text = PeopleList(version=version, people=listed).text()
        stored = StoredPeopleList(version, text, people_hash(text))
        await self._connection.execute(_SQL["add_list"], version, text, stored.sha256, now)
        return stored


def _stored_list(record: asyncpg.Record | None) -> StoredPeopleList | None:
    return None if record is None else StoredPeopleList(**record)
