"""What waits for somebody of rotas: gaps, shifts, words on changes, competences, rest, call-outs, turns to publish."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fleet.clock import Clock
from fleet.errors import NotFound, RequestRefused
from fleet.rota import duty_rules
from fleet.rota.books import asking, book_of, turns_and_changes
from fleet.rota.cover_ahead import cover_book, gaps_ahead
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.working_time import working_time
from fleet.store.people import Person
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.duties import Duty
from protocols.people import may
from protocols.rota.book import RotaBook

MAX_OF_EACH = 50
_OWED_KEPT = timedelta(minutes=1)
"""For how long what is owed is known without working it out anew: it takes every rule over half a year."""
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class RotaDuties:
    """Duties of rotas that have not ended. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._owed: dict[str, tuple[datetime, dict[str, int]]] = {}
        self._working_out = asyncio.Lock()

    async def of(self, person: Person) -> list[Duty]:
        """What waits for this person; empty for those who neither serve on rotas nor manage them."""
        if not may(person.role, "serve-rota") and not may(person.role, "manage-rota"):
            return []
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        async with self._store.transaction() as transaction:
            rotas = [one for one in await transaction.rotas.every() if one.ended_at is None]
        found = [duty for stored in rotas for duty in await self._rests(stored, person, now)]
        async with self._store.transaction() as transaction:
            found += await _words_missing(transaction, rotas, person)
            found += await _call_outs(transaction, rotas, person, now)
            for stored in rotas:
                found += await _of_shifts(transaction, stored, person, now)
                found += await _competences(transaction, stored, person, now)
            if may(person.role, "manage-rota"):
                found += await _of_cover(transaction, rotas, now)
        return found

    async def _rests(self, stored: StoredRota, person: Person, now: datetime) -> list[Duty]:
        owed = await self._owed_of(stored, now)
        mine = {one: owed[one] for one in sorted(owed) if _concerns(person, one)}
        may_plan = may(person.role, "manage-rota")
        found = [duty_rules.rest_owed(stored.rota, one, of, now, may_plan=may_plan) for one, of in mine.items()]
        return found[:MAX_OF_EACH]

    async def _owed_of(self, stored: StoredRota, now: datetime) -> dict[str, int]:
        """Minutes of compensatory rest owed, by person of the rota; none while too much lies in the time for it. Who
        waits for it holds no connection, nor does the sum."""
        rota_id = stored.rota.rota
        async with self._working_out:
            kept = self._owed.get(rota_id)
            if kept is None or not kept[0] <= now < kept[0] + _OWED_KEPT:
                try:
                    async with self._store.transaction() as transaction:
                        book = await book_of(transaction, rota_id, now - _WEEK, now, now)
                except (NotFound, RequestRefused):  # the book's own routes say so to whoever asks for it
                    return {}
                kept = self._owed[rota_id] = now, await asyncio.to_thread(_owed, book)
        return kept[1]


def _owed(book: RotaBook) -> dict[str, int]:
    _, people = working_time(book, shifts_of(book))
    return {one.person: one.owed_min for one in people if one.owed_min}


def _concerns(person: Person, other: str) -> bool:
    return person.person_id == other or may(person.role, "manage-rota")


async def _words_missing(transaction: Transaction, rotas: list[StoredRota], person: Person) -> list[Duty]:
    by_id = {one.rota.rota: one.rota for one in rotas}
    waiting = [one for one in await transaction.rota_changes.waiting(MAX_OF_EACH * 20) if one.rota_id in by_id]
    found = (duty_rules.change_duty(by_id[one.rota_id], one, person) for one in waiting)
    return [one for one in found if one is not None][:MAX_OF_EACH]


async def _call_outs(transaction: Transaction, rotas: list[StoredRota], person: Person, now: datetime) -> list[Duty]:
    by_id = {one.rota.rota: one.rota for one in rotas}
    whose = None if may(person.role, "manage-rota") else [person.person_id]
    long_ago = now - duty_rules.CALL_OUT_OPEN
    found = await transaction.call_outs.within(whose, now - timedelta(days=400), long_ago, open_only=True)
    known = [one for one in found if one.rota_id in by_id]
    return [duty_rules.call_out_open(by_id[one.rota_id], one) for one in known][:MAX_OF_EACH]


async def _of_shifts(transaction: Transaction, stored: StoredRota, person: Person, now: datetime) -> list[Duty]:
    rota = asking(stored)
    ahead = timedelta(hours=rota.policy.remind_h)
    assigned, changes = await turns_and_changes(transaction, rota, Span(now - _DAY, now + ahead))
    return list(duty_rules.shifts_soon(rota, assigned, changes, person.person_id, now))


async def _competences(transaction: Transaction, stored: StoredRota, person: Person, now: datetime) -> list[Duty]:
    members = [one for one in stored.rota.members if _concerns(person, one)]
    terms = await transaction.rota_books.working_terms(members)

    def ending() -> Iterator[Duty]:
        for one, of_one in sorted(terms.items()):
            yield from duty_rules.competences_ending(stored.rota, one, of_one.competences, now)

    return duty_rules.first_of_each(ending(), MAX_OF_EACH)


async def _of_cover(transaction: Transaction, rotas: list[StoredRota], now: datetime) -> list[Duty]:
    """What supervisors see to: gaps, and turns that are to be published."""
    until = await transaction.rotas.published_until()
    found: list[Duty] = []
    for stored in rotas:
        ends = duty_rules.rota_ends(stored.rota, until.get(stored.rota.rota), now)
        found += [] if ends is None else [ends]
        book = await cover_book(transaction, stored, now)
        gaps = [] if book is None else await asyncio.to_thread(gaps_ahead, book)
        found += [duty_rules.cover_gap(stored.rota, gap, now) for gap in gaps[:MAX_OF_EACH]]
    return found
