"""A rota's book for a period, as the controller's database knows it."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import structs

from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.rota.bank_holidays import bank_holidays
from fleet.rota.rules.fairness import carried, loads
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span, merged
from fleet.rota.rules.wall import instant, local_date, wall_time
from fleet.store.rota_books import MAX_RECORDS
from fleet.store.rotas import StoredRota
from fleet.store.store import Transaction
from protocols.errors import InvalidRota
from protocols.rota.book import MAX_PERIOD_DAYS, RotaBook
from protocols.rota.load import Load
from protocols.rota.member import Absence, Busy, Member, WorkingTerms
from protocols.rota.model import MAX_ASSIGNED, MAX_MEMBERS, Assigned, Change, Layer, Rota
from protocols.rota.reading import check_book

KNOWN_BEFORE = timedelta(weeks=28)
"""The longest reference period, and a fortnight, before the period itself."""
DEBT_BEFORE = timedelta(days=365)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def period_of(since: datetime, until: datetime) -> Span:
    """The period in UTC, without parts of a second. Raises RequestRefused where none of a book can be so."""
    if not _FIRST <= since < _LAST or not _FIRST <= until < _LAST:
        raise RequestRefused("time-unlikely", "a time lies before 2000 or after 2199", "write the year that is meant")
    span = Span(since.astimezone(UTC).replace(microsecond=0), until.astimezone(UTC).replace(microsecond=0))
    if span.ends_at <= span.starts_at:
        raise RequestRefused("period-unusable", "the period ends before it begins", "name a later end")
    if span.length > timedelta(days=MAX_PERIOD_DAYS):
        raise RequestRefused(
            "period-unusable", f"the period is longer than {MAX_PERIOD_DAYS} days", "name an earlier end"
        )
    return span


async def known_rota(transaction: Transaction, rota_id: str) -> StoredRota:
    """The rota; raises NotFound."""
    return _found(await transaction.rotas.one(rota_id), rota_id)


async def locked_rota(transaction: Transaction, rota_id: str) -> StoredRota:
    """The rota, which nobody else defines, ends or publishes until the transaction ends, and which has not ended;
    raises NotFound or Conflict."""
    found = _found(await transaction.rotas.locked(rota_id), rota_id)
    if found.ended_at is not None:
        raise Conflict("rota-ended", f"the rota {rota_id} has ended", "lay down another rota: fleet rota set")
    return found


def asking(stored: StoredRota) -> Rota:
    """The rota as it asks for people: after it has ended, for nobody."""
    if stored.ended_at is None:
        return stored.rota
    ended = wall_time(stored.ended_at, stored.rota.zone)
    layers = [structs.replace(one, ends=min(one.ends or ended, ended)) for one in stored.rota.layers]
    return structs.replace(stored.rota, layers=[one for one in layers if one.ends is None or one.starts < one.ends])


async def turns_and_changes(transaction: Transaction, rota: Rota, window: Span) -> tuple[list[Assigned], list[Change]]:
    """What is published of a rota's turns, and what was changed by hand, that has a part in `window`.

    Raises RequestRefused where that is more than a book can hold.
    """
    turns = await transaction.rotas.turns(rota.rota, window.starts_at - _longest_turn(rota), window.ends_at)
    _check_count(len(turns), MAX_ASSIGNED)
    changes = (await transaction.rota_books.changes([rota.rota], *window))[rota.rota]
    _check_count(len(changes), MAX_ASSIGNED)
    names = {layer.layer for layer in rota.layers}
    return [turn for turn in turns if turn.layer in names], changes


async def book_of(
    transaction: Transaction, rota_id: str, since: datetime, until: datetime, now: datetime, also: Iterable[str] = ()
) -> RotaBook:
    """Everything that the rules need for `since` … `until`, from 28 weeks before it or since the rota began; nothing
    is left out. `also` are people who are in it whether they have a place or not. Raises NotFound, or RequestRefused
    where the period is none, or too much for the rules."""
    period = period_of(since, until)
    rota = asking(await known_rota(transaction, rota_id))
    known_from = _known_from(rota, period, KNOWN_BEFORE)
    assigned, changes = await turns_and_changes(transaction, rota, Span(known_from, period.ends_at))
    known = Span(known_from, period.ends_at)
    people = _people(rota, assigned, changes, also)
    reading = transaction.rota_books
    call_outs, work = await reading.call_outs(people, *known), await reading.work_done(people, *known)
    rests = await reading.rests(people, *known)
    _check_count(max(len(call_outs), len(work)), MAX_RECORDS)
    _check_count(len(rests), MAX_ASSIGNED)
    book = RotaBook(
        rota=rota,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        known_from=known_from,
        as_of=now.astimezone(UTC),
        members=await _members(transaction, rota, people, known),
        bank_holidays=_bank_holidays(rota, known),
        assigned=assigned,
        changes=changes,
        call_outs=call_outs,
        work_done=work,
        rests=rests,
    )
    await asyncio.to_thread(_check, book)
    return await _with_debts(transaction, book)


def _found(stored: StoredRota | None, rota_id: str) -> StoredRota:
    if stored is None:
        raise NotFound("rota-unknown", f"there is no rota {rota_id}", "list rotas: fleet rota list")
    return stored


def _check(book: RotaBook) -> None:
    try:
        check_book(book)
    except InvalidRota as error:
        raise RequestRefused(error.reason, error.detail, "ask for a shorter period") from error


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise RequestRefused(
            "too-much-work", f"more than {limit} records of a kind lie in the period", "ask for a shorter period"
        )


def _longest_turn(rota: Rota) -> timedelta:
    """An hour is added for the clock changes in it."""
    return max((_turn_length(layer) for layer in rota.layers), default=timedelta(0)) + timedelta(hours=1)


def _turn_length(layer: Layer) -> timedelta:
    return timedelta(**{layer.turn.unit: layer.turn.every})


def _known_from(rota: Rota, period: Span, before: timedelta) -> datetime:
    began = min((instant(layer.starts, rota.zone) for layer in rota.layers), default=period.starts_at)
    return min(max(period.starts_at - before, began), period.starts_at)


def _people(rota: Rota, assigned: Iterable[Assigned], changes: Iterable[Change], also: Iterable[str] = ()) -> list[str]:
    """Members in the rota's order, then everybody else who has or had a place."""
    others = {*also, *(one.person for one in assigned if one.person is not None)}
    others |= {person for one in changes for person in (one.person, one.gives) if person is not None}
    people = [*rota.members, *sorted(others - set(rota.members))]
    _check_count(len(people), MAX_MEMBERS)
    return people


async def _members(transaction: Transaction, rota: Rota, people: Sequence[str], known: Span) -> list[Member]:
    reading = transaction.rota_books
    terms_of = await reading.terms_of_people(people)
    working = await reading.working_terms(people)
    absences = await _absences(transaction, people, known)
    wishes = await reading.wishes(people, *known)
    _check_count(sum(map(len, wishes.values())), MAX_RECORDS)
    busy = await _elsewhere(transaction, rota.rota, set(people), known)
    return [
        Member(
            person=person,
            role=terms_of[person].role,
            valid_from=terms_of[person].valid_from,
            valid_until=terms_of[person].valid_until,
            terms=working.get(person, WorkingTerms()),
            absences=absences.get(person, []),
            wishes=wishes.get(person, []),
            elsewhere=busy.get(person, []),
        )
        for person in people
        if person in terms_of
    ]


async def _absences(transaction: Transaction, people: Sequence[str], window: Span) -> dict[str, list[Absence]]:
    found = await transaction.rota_books.absences(people, *window)
    _check_count(sum(map(len, found.values())), MAX_RECORDS)
    return found


async def _elsewhere(transaction: Transaction, but: str, people: set[str], window: Span) -> dict[str, list[Busy]]:
    """When `people` are on call on other rotas, in primary or secondary."""
    found: dict[str, list[Busy]] = {}
    for stored in await transaction.rotas.every():
        rota = asking(stored)
        if rota.rota == but or not rota.layers:
            continue
        assigned, changes = await turns_and_changes(transaction, rota, window)
        if people.isdisjoint(_people(rota, assigned, changes)):
            continue
        shifts = await asyncio.to_thread(on_call, rota, assigned, changes, window)
        spans: dict[str, list[Span]] = {}
        for shift in shifts:
            if shift.position != "shadow" and shift.person in people:
                spans.setdefault(shift.person, []).append(Span(shift.starts_at, shift.ends_at))
        for person, of_person in spans.items():
            found.setdefault(person, []).extend(
                Busy(rota=rota.rota, starts_at=span.starts_at, ends_at=span.ends_at) for span in merged(of_person)
            )
    return found


def _bank_holidays(rota: Rota, window: Span) -> list[date]:
    return bank_holidays(local_date(window.starts_at, rota.zone), local_date(window.ends_at, rota.zone))


async def _with_debts(transaction: Transaction, book: RotaBook) -> RotaBook:
    """The book with what each member had beyond their share in the 365 days before its period."""
    before = Span(_known_from(book.rota, Span(book.starts_at, book.ends_at), DEBT_BEFORE), book.starts_at)
    if before.starts_at >= before.ends_at:
        return book
    assigned, changes = await turns_and_changes(transaction, book.rota, before)
    people = [member.person for member in book.members]
    absences = await _absences(transaction, people, before)
    members = [structs.replace(member, absences=absences.get(member.person, [])) for member in book.members]
    year = structs.replace(
        book,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        known_from=before.starts_at,
        members=members,
        bank_holidays=_bank_holidays(book.rota, before),
        assigned=assigned,
        changes=changes,
    )
    debts = await asyncio.to_thread(_debts, year)
    with_debts = [structs.replace(one, debt=debts.get(one.person, Load())) for one in book.members]
    return structs.replace(book, members=with_debts)


def _debts(year: RotaBook) -> dict[str, Load]:
    shifts = on_call(year.rota, year.assigned, year.changes, Span(year.starts_at, year.ends_at))
    return carried(loads(year, shifts))
