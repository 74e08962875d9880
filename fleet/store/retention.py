"""Day partitions of the reports: making those to come, dropping those that are past keeping."""

from datetime import date

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("retention")


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

    async def drop_health_partitions(self, oldest_kept: date) -> list[str]:
        """Drop the partitions that ended before `oldest_kept`; returns their names.

        Of the default partition, rows that were both sampled and received before that day are deleted.
        """
        return [record[0] for record in await self._connection.fetch(_SQL["drop_health_partitions"], oldest_kept)]
