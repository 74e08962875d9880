"""What the rules say of a period, for whoever asks."""

import asyncio

from fleet.client import FleetClient
from fleet.rota.rules.assessment import assess
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment


async def judged(door: FleetClient, book: RotaBook, *, sees_all: bool) -> Assessment:
    """Judged here, in a thread, by those who see everybody's working time; for the others by the controller, because
    their book says less. Raises ClientError."""
    if sees_all:
        return await asyncio.to_thread(assess, book)
    return await door.check_rota(book.rota.rota, book.starts_at, book.ends_at)
