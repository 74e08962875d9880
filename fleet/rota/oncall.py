"""Who is on call now, until when, who is next, and the next gap in cover."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.clock import Clock
from fleet.rota.books import asking, turns_and_changes
from fleet.rota.cover_ahead import AHEAD, cover_book, gaps_ahead
from fleet.rota.rules.competence import may_sign_together
from fleet.rota.rules.presence import absences_of
from fleet.rota.rules.schedule import LOOK_DAYS, on_call
from fleet.rota.rules.spans import Span
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.rotas import OnCallNow, OnCallPerson
from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from protocols.rota.model import Position, Rota, Shift

_SECOND = timedelta(seconds=1)


class OnCall:
    """Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def now(self) -> list[OnCallNow]:
        """Every rota that has not ended, by id."""
        at = self._clock().astimezone(UTC).replace(microsecond=0)
        async with self._store.transaction() as transaction:
            stored = [one for one in await transaction.rotas.every() if one.ended_at is None]
            return [await _now(transaction, one, at) for one in stored]


class Holding(NamedTuple):
    """Who has a position at an instant, and until when, through however many turns; who has it next. None: nobody, or
    nobody is known; `until` None: no end is known."""

    person: str | None
    until: datetime | None
    next_person: str | None


def holding(shifts: list[Shift], position: Position, at: datetime, known_until: datetime) -> tuple[Holding, bool]:
    """The holding of a position, of shifts that are sorted and known up to `known_until`, and whether more has to be
    known to tell when it ends. Pure."""
    coming = [shift for shift in shifts if shift.position == position and shift.ends_at > at]
    if not coming or coming[0].starts_at > at:
        following = coming[0] if coming else None
        until = None if following is None else following.starts_at
        return Holding(None, until, None if following is None else following.person), False
    person, until = coming[0].person, coming[0].ends_at
    later = coming[1:]
    while later and later[0].person == person and later[0].starts_at == until:
        until = later.pop(0).ends_at
    if until >= known_until:
        return Holding(person, None, None), True
    return Holding(person, until, later[0].person if later else None), False


async def _now(transaction: Transaction, stored: StoredRota, at: datetime) -> OnCallNow:
    rota, days = asking(stored), AHEAD.days
    while True:
        window = Span(at, at + timedelta(days=days))
        assigned, changes = await turns_and_changes(transaction, rota, window)
        shifts = await asyncio.to_thread(on_call, rota, assigned, changes, window)
        found = {one: holding(shifts, one, at, window.ends_at) for one in _positions(rota, shifts, at)}
        if days >= LOOK_DAYS or not any(cut for _, cut in found.values()):
            break
        days *= 2
    book = await cover_book(transaction, stored, at)
    gaps = [] if book is None else await asyncio.to_thread(gaps_ahead, book)
    there = [one for name, (one, _) in found.items() if name != "shadow"]
    return OnCallNow(
        rota=rota.rota,
        name=rota.name,
        zone=rota.zone,
        at=at,
        positions=[
            OnCallPerson(position=name, person=one.person, until=one.until, next_person=one.next_person)
            for name, (one, _) in found.items()
        ],
        signers=[] if book is None else signers(book, {one.person for one in there if one.person is not None}, at),
        gap_at=gaps[0].starts_at if gaps else None,
        gap=gaps[0].sentence if gaps else "",
    )


def _positions(rota: Rota, shifts: list[Shift], at: datetime) -> list[Position]:
    """Those that have to be taken, and every other that somebody has."""
    held = {shift.position for shift in shifts if shift.starts_at <= at < shift.ends_at}
    order: tuple[Position, ...] = ("primary", "secondary", "shadow")
    return [one for one in order if one in rota.positions or one in held]


def signers(book: RotaBook, on_call_now: set[str], at: datetime) -> list[str]:
    """Those of the people on call who are there, and may request or approve a mandate that another of them approves or
    requests; sorted. Pure."""
    instant = Span(at, at + _SECOND)
    members = [one for one in book.members if one.person in on_call_now and _is_there(one, instant)]
    pairs = ((one, other) for one in members for other in members if one.person < other.person)
    return sorted({one.person for pair in pairs if may_sign_together(pair) for one in pair})


def _is_there(member: Member, instant: Span) -> bool:
    return not any(
        span.overlap(instant) is not None
        for spans in absences_of(member, instant, instant.starts_at).values()
        for span in spans
    )
