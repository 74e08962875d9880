"""What all records that rotas keep of people have in common: written once, withdrawn at most once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from fleet.store.connection import Connection

R = TypeVar("R", bound=msgspec.Struct)

MAX_ROWS = 20_000
"""At most so many records are read at once."""


class Records(Generic[R]):
    """One kind of records within one transaction. Whose they are is locked with `RotaPeopleStore.lock_person`.

    A kind names its struct, whose fields are the table's columns, and its queries: `one`, `within`, `add`, which takes
    the fields in their order, and `withdraw`.
    """

    _kind: type[R]
    _queries: Mapping[str, str]

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def one(self, record_id: str) -> R | None:
        """One record, withdrawn or not."""
        record = await self._connection.fetchrow(self._queries["one"], record_id)
        return None if record is None else self._kind(**record)

    async def within(
        self,
        person_ids: Collection[str] | None,
        since: datetime,
        until: datetime,
        *,
        withdrawn: bool = False,
        limit: int = MAX_ROWS,
    ) -> list[R]:
        """Those (None: anybody's) that have a part in `since` … `until`, by their beginning; `withdrawn`: those too."""
        return await self._within(person_ids, since, until, withdrawn, limit)

    async def _within(self, person_ids: Collection[str] | None, *asked: object) -> list[R]:
        those = None if person_ids is None else list(person_ids)
        found = await self._connection.fetch(self._queries["within"], those, *asked)
        return [self._kind(**record) for record in found]

    async def add(self, new: R) -> None:
        """Keep a record."""
        await self._connection.execute(self._queries["add"], *msgspec.structs.astuple(new))

    async def withdraw(self, record_id: str, by: str, now: datetime) -> bool:
        """It does not count any more; False where it was withdrawn already."""
        return await self._connection.fetchval(self._queries["withdraw"], record_id, by, now) is not None
