"""Judging a draft's whole period: as it is published, and as it would be."""

import asyncio
from typing import NamedTuple

from fleet.client import FleetClient
from fleet.rota.rules.assessment import assess
from fleet.rota.rules.spans import Span
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from tui.rota_draft import Draft


class Weighed(NamedTuple):
    """Both judgements of one period, and that period's book as it is published."""

    book: RotaBook
    published: Assessment
    draft: Assessment


async def weigh(door: FleetClient, shown: RotaBook, draft: Draft) -> Weighed:
    """Judge the draft's period as it is published and as drafted, in a thread; the controller is asked for its book
    where it is another than `shown`. Raises ClientError."""
    period = draft.period(Span(shown.starts_at, shown.ends_at))
    book = shown
    if period != (shown.starts_at, shown.ends_at):
        book = await door.rota_book(shown.rota.rota, period.starts_at, period.ends_at)
    drafted = draft.book(book)
    published = await asyncio.to_thread(assess, book)
    return Weighed(book, published, await asyncio.to_thread(assess, drafted))
