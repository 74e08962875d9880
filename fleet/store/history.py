"""A figure of a unit over time."""

from datetime import datetime, timedelta

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.units import History, HistoryPoint

_SQL = load("history")
_MOST_BUCKETS = 200


class HistoryStore:
    """Reading reports back within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_figure(self, unit_id: str, figure: str, hours: int, now: datetime) -> History:
        """Lowest, mean and highest value of `figure` in up to 200 equal buckets of the last `hours`.

        True and false count as 1 and 0; words are left out.
        """
        bucket_s = max(1, hours * 3600 // _MOST_BUCKETS)
        start = now - timedelta(hours=hours)
        records = await self._connection.fetch(_SQL["buckets"], unit_id, figure, start, now, float(bucket_s))
        points = [HistoryPoint(record["at"], record["low"], record["mean"], record["high"]) for record in records]
        return History(figure=figure, bucket_s=bucket_s, points=points)
