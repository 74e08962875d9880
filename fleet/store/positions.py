"""The one last position of a unit. Its coordinates are sealed before they come here, see `fleet.positions.sealing`."""

from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load

_SQL = load("positions")


class StoredPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's position, found inside `opening` under `mandate_id`; `sealed` are its coordinates."""

    unit_id: str
    opening: str
    mandate_id: str
    sealed: bytes
    hdop: float
    satellites: int | None
    found_at: datetime


class PositionStore:
    """Positions within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, position: StoredPosition) -> None:
        """Keep it, in place of the one before."""
        await self._connection.execute(_SQL["put"], *msgspec.structs.astuple(position))

    async def get(self, unit_id: str) -> StoredPosition | None:
        """The unit's position, if there is one."""
        record = await self._connection.fetchrow(_SQL["get"], unit_id)
        return None if record is None else StoredPosition(**record)

    async def looks(self, unit_id: str, mandate_id: str, day_starts: datetime) -> int:
        """How often people looked at the unit's position under a mandate since `day_starts`, as entries tell."""
        piece = f'"mandate":"{mandate_id}"'.encode()
        looks: int = await self._connection.fetchval(_SQL["looks"], unit_id, day_starts, piece)
        return looks

    async def delete_over(self, now: datetime) -> int:
        """Delete positions whose mandates are over; returns how many."""
        status = await self._connection.execute(_SQL["delete_over"], now)
        return int(status.split()[-1])
