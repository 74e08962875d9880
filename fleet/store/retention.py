"""Day partitions of the reports, made ahead and dropped when past keeping; and erasing events past keeping."""

from datetime import date

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("retention")
_DEFAULT = "health_report_default"


class ErasedReports(msgspec.Struct, frozen=True, kw_only=True):
    """What was dropped: day partitions with PostgreSQL's estimate of their rows, and rows that stood in none.

    `rows_estimated` is None when PostgreSQL never analysed one of the partitions.
    """

    partitions: list[str]
    rows_estimated: int | None
    rows_outside: int

    def __bool__(self) -> bool:
        return bool(self.partitions or self.rows_outside)


class ErasedEvents(msgspec.Struct, frozen=True):
    """How many events were erased, and the ends of their numbers; None when there were none."""

    rows: int
    first: int | None
    last: int | None


class RetentionStore:
    """Partitions within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ensure_health_partitions(self, today: date, days_ahead: int) -> int:
        """Make the partitions from `today` to `days_ahead` days later; returns how many were missing.

        Reports that a wrong clock had put into the default partition are moved to the day they claim.
        """
        made: int = await self._connection.fetchval(_SQL["ensure_health_partitions"], today, days_ahead)
        return made

    async def today(self) -> date:
        """The day, UTC, by PostgreSQL's clock."""
        day: date = await self._connection.fetchval(_SQL["database_today"])
        return day

    async def drop_health_partitions(self, oldest_kept: date) -> ErasedReports:
        """Drop the partitions that ended before `oldest_kept`, never one of today or later by PostgreSQL's clock.

        Of the default partition, rows received before that day are deleted, whatever day they claim.
        """
        records = await self._connection.fetch(_SQL["drop_health_partitions"], oldest_kept)
        counts: dict[str, int | None] = {record["part"]: record["row_count"] for record in records}
        outside = counts.pop(_DEFAULT, None) or 0
        known = [count for count in counts.values() if count is not None]
        estimated = sum(known) if len(known) == len(counts) else None
        return ErasedReports(partitions=list(counts), rows_estimated=estimated, rows_outside=outside)

    async def erase_events(self, oldest_kept: date, at_most: int) -> ErasedEvents:
        """Erase up to `at_most` events that came, and were acknowledged, before `oldest_kept`; no open one."""
        record = await self._connection.fetchrow(_SQL["erase_events"], oldest_kept, at_most)
        assert record is not None, "an aggregate query always has a row"
        return ErasedEvents(*record)
