"""What a handover sheet is made of, as the controller's database knows it."""

import asyncio
from datetime import UTC, datetime, timedelta

from fleet.deployments.facts_reading import outlined_deployments
from fleet.deployments.rules.deadlines import deadlines
from fleet.errors import NotFound, RequestRefused
from fleet.handovers.rules import OpenDeployment, SheetFacts, ShiftChange
from fleet.rota.books import asking, book_of, turns_and_changes
from fleet.rota.cover_ahead import cover_book, gaps_ahead
from fleet.rota.judging import Judging
from fleet.rota.rules.schedule import on_call, shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.working_time import working_time
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.rota.book import RotaBook
from protocols.rota.model import Shift

MAX_READ = 1000
_BEFORE, _AFTER = timedelta(days=14), timedelta(days=35)
_WEEK = timedelta(days=7)


async def shifts_around(transaction: Transaction, stored: StoredRota, now: datetime) -> list[Shift]:
    """The rota's shifts from a fortnight ago until in five weeks, sorted; raises RequestRefused for too much."""
    rota, at = asking(stored), now.astimezone(UTC).replace(microsecond=0)
    window = Span(at - _BEFORE, at + _AFTER)
    assigned, changes = await turns_and_changes(transaction, rota, window)
    return await asyncio.to_thread(on_call, rota, assigned, changes, window)


async def rest_owed(store: Store, judging: Judging, rota_id: str, now: datetime) -> dict[str, int] | None:
    """Minutes of compensatory rest owed, by person of the rota; None where too much lies in the time for it."""
    try:
        async with store.transaction() as transaction:
            book = await book_of(transaction, rota_id, now - _WEEK, now, now)
    except (NotFound, RequestRefused):  # the book's own routes say so to whoever asks for it
        return None
    return await judging.work_out(lambda: _owed(book))


async def facts_of(
    transaction: Transaction,
    stored: StoredRota,
    change: ShiftChange,
    made_by: str,
    now: datetime,
    owed: dict[str, int] | None,
) -> SheetFacts:
    """Everything for a sheet; raises RequestRefused where the rota's cover is too much to look through."""
    book = await cover_book(transaction, stored, now)
    gaps = [] if book is None else await asyncio.to_thread(gaps_ahead, book)
    return SheetFacts(
        rota=stored.rota.rota,
        name=stored.rota.name,
        zone=stored.rota.zone,
        change=change,
        made_by=made_by,
        made_at=now,
        deployments=await _deployments(transaction, now),
        alarms=await transaction.alarms.page(now, open_only=True, limit=MAX_READ),
        kit=await transaction.handovers.kit_out(MAX_READ),
        welfare=await transaction.welfare.newest(None, now + _WEEK, MAX_READ),
        owed=owed,
        gaps=gaps,
    )


async def _deployments(transaction: Transaction, now: datetime) -> list[OpenDeployment]:
    stored = await transaction.deployments.find(words="", kind="", open_only=True, person_id="", limit=MAX_READ)
    return [
        OpenDeployment(
            stored=one.stored,
            units=one.units,
            deadlines=deadlines(one.facts),
            authorities=one.authorities,
            papers=[(paper.step, paper.owner, paper.owed_until) for paper in one.facts.papers],
        )
        for one in await outlined_deployments(transaction, stored, now)
    ]


def _owed(book: RotaBook) -> dict[str, int]:
    _, people = working_time(book, shifts_of(book))
    return {one.person: one.owed_min for one in people if one.owed_min}
