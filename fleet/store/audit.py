"""Counting what is stored against what units numbered: the proof that nothing was lost or doubled."""

from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("audit")


class SpoolCount(msgspec.Struct, frozen=True):
    """Rows stored of one spool, and how many different numbers they have; `doubled` is the difference."""

    rows: int
    seqs: int

    @property
    def doubled(self) -> int:
        """Rows that stand more than once."""
        return self.rows - self.seqs


class ReportCount(msgspec.Struct, frozen=True):
    """Reports stored, and when the first came."""

    stored: int
    first_at: datetime | None


class AuditStore:
    """Counts within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def spool(self, unit_id: str, spool_id: int) -> SpoolCount:
        """What is stored of one spool, reports and events together."""
        record = await self._connection.fetchrow(_SQL["numbered"], unit_id, spool_id)
        assert record is not None, "an aggregate query always has a row"
        return SpoolCount(record["rows"], record["seqs"])

    async def missing(self, unit_id: str, spool_id: int, first: int, last: int) -> int:
        """How many of the numbers `first` … `last` of a spool are not stored."""
        count: int = await self._connection.fetchval(_SQL["missing"], unit_id, spool_id, first, last)
        return count

    async def reports(self, since: datetime) -> ReportCount:
        """Reports of all units received since then."""
        record = await self._connection.fetchrow(_SQL["reports"], since)
        assert record is not None, "an aggregate query always has a row"
        return ReportCount(record["stored"], record["first_at"])
