"""People, and the people lists that units carry."""

from datetime import datetime
from functools import cached_property

import asyncpg
import msgspec

from fleet.errors import Conflict
from fleet.store.connection import Connection
from fleet.store.people_drafts import PeopleDraftStore
from fleet.store.queries import load
from protocols.api.people import PersonView
from protocols.people import ListSignature, Role, SignedPeopleList, people_hash
from protocols.sshsig import read_key

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
            hardware_key=read_key(self.public_key).hardware,
            valid_until=self.valid_until,
            ended_at=self.ended_at,
        )


class StoredPeopleList(msgspec.Struct, frozen=True):
    """A version of the people list; `sha256` is 32 bytes over `text`."""

    version: int
    text: str
    sha256: bytes


class PeopleStore:
    """People and their lists within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def drafts(self) -> PeopleDraftStore:
        """Next lists on their way."""
        return PeopleDraftStore(self._connection)

    async def put(self, person: Person) -> None:
        """Write a person who has access from now on, with the name of the row that there may be already.

        Raises Conflict when the key is another person's.
        """
        try:
            await self._connection.execute(
                _SQL["put"],
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
                f"the key of {person.person_id} is another person's",
                "a key belongs to one person only: make another",
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
        """Let only one transaction at a time change people and lists."""
        await self._connection.execute(_SQL["lock"])

    async def newest_list(self) -> StoredPeopleList | None:
        """The list in force, None before the fleet is founded."""
        return _stored_list(await self._connection.fetchrow(_SQL["newest_list"]))

    async def newest_anchor(self) -> StoredPeopleList | None:
        """The newest list that no other vouches for: vouchers carry its hash. None before the fleet is founded."""
        return _stored_list(await self._connection.fetchrow(_SQL["newest_anchor"]))

    async def list_of_version(self, version: int) -> StoredPeopleList | None:
        """The people list `version`."""
        return _stored_list(await self._connection.fetchrow(_SQL["list_of_version"], version))

    async def lists_after(self, version: int, limit: int = 16) -> list[SignedPeopleList]:
        """The lists that follow `version`, the earliest first, at most `limit`; an anchor has no signatures."""
        records = await self._connection.fetch(_SQL["lists_after"], version, limit)
        signed: dict[int, list[ListSignature]] = {record["version"]: [] for record in records}
        for record in await self._connection.fetch(_SQL["signatures_of"], list(signed)):
            signed[record["version"]].append(
                ListSignature(person_id=record["person_id"], signature=record["signature"])
            )
        return [SignedPeopleList(text=record["text"], signatures=signed[record["version"]]) for record in records]

    async def add_list(self, version: int, text: str, now: datetime, *, signed_draft: str | None) -> StoredPeopleList:
        """Put a list in force: an anchor, or one with the signatures of the draft `signed_draft`; call under `lock`."""
        stored = StoredPeopleList(version, text, people_hash(text))
        await self._connection.execute(_SQL["add_list"], version, text, stored.sha256, now, signed_draft is None)
        if signed_draft is not None:
            await self._connection.execute(_SQL["copy_signatures"], version, signed_draft)
        return stored

    async def void_vouchers(self, now: datetime) -> list[str]:
        """Withdraw every voucher that could still be used, for they carry an earlier anchor; returns their ids."""
        return [record["voucher_id"] for record in await self._connection.fetch(_SQL["void_vouchers"], now)]

    async def was_told(self, repeat_key: str) -> bool:
        """Whether there is an event with this key, taken or not."""
        told: bool = await self._connection.fetchval(_SQL["was_told"], repeat_key)
        return told


def _stored_list(record: asyncpg.Record | None) -> StoredPeopleList | None:
    return None if record is None else StoredPeopleList(**record)
