"""What units were challenged to prove when they announced a session, and what they have proved."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("proofs")


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What the announcement of `session` is answered with; `spool_id` None when it named no spool."""

    unit_id: str
    session: str
    challenge: str
    spool_id: int | None


class ProofStore:
    """Challenges and proofs within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def challenge(self, challenges: Sequence[Challenge], now: datetime) -> None:
        """Make each the one challenge that its unit may answer, with the highest number stored of the announced spool;
        one item a unit, all with their unit's latest state locked."""
        columns = [[getattr(one, name) for one in challenges] for name in Challenge.__struct_fields__]
        await self._connection.execute(_SQL["challenge"], *columns, now)

    async def people_version(self) -> int:
        """The version of the newest people list, 1 before there is one."""
        version: int = await self._connection.fetchval(_SQL["people_version"])
        return version
