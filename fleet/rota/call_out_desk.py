"""Call-outs and hours for those who record and see them; each change with its entry in one transaction."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.rota_people import CallOutEnded, CallOutRecordedEntry, CallOutWithdrawn, HoursRead
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.rota.books import asking, book_of, known_rota, period_of, turns_and_changes
from fleet.rota.hours import hours
from fleet.rota.judging import Judging
from fleet.rota.permits import check_may_keep, sees, those_seen
from fleet.rota.records import (
    MAX_AROUND,
    around,
    check_break,
    check_past,
    check_room,
    known_person,
    new_record_id,
    span_of,
    withdrawn_already,
)
from fleet.rota.rules.rest import earliest_start
from fleet.rota.rules.schedule import on_call, shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.words import said
from fleet.rota.rules.work import LONGEST_OPEN, work_of
from fleet.rota.rules.working_time import working_time_of
from fleet.settings import WelfareSettings
from fleet.store.call_outs import StoredCallOut
from fleet.store.people import Person
from fleet.store.rota_people import EVER
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from fleet.welfare.keeping import begin_with_call_out, end_with_call_out
from protocols.api.call_outs import CallOutRecorded, CallOutView, HoursReport, NewCallOut, Returned
from protocols.people import may
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding

RECORD_WITHIN = timedelta(days=60)
"""How long after a call-out people may record or withdraw it themselves †; later only a supervisor may."""
LONGEST = timedelta(days=3)
"""Of one call-out †: what is longer was a deployment away, or is mistyped."""
_LOOK_AFTER = timedelta(days=14)
"""How far ahead the rules look for what a call-out breaks."""
_SECOND = timedelta(seconds=1)
_MAX_OTHERS = 100

Duty = Literal["primary", "secondary", "shadow"]


class CallOutDesk:
    """Every method raises StoreUnavailable, and Forbidden for what is another's and the caller may not; those about one
    record or rota NotFound; those that change something Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: Judging, welfare: WelfareSettings | None = None) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging
        self._welfare = welfare or WelfareSettings()

    async def call_outs(
        self,
        caller: Person,
        *,
        rota_id: str,
        person_id: str,
        since: datetime,
        until: datetime,
        open_only: bool,
        limit: int,
    ) -> list[CallOutView]:
        """At most `limit` call-outs that the caller may see, newest first, withdrawn ones too; of a rota, of a person,
        not over, where that is asked for."""
        people = those_seen(caller, person_id)
        async with self._store.transaction() as transaction:
            found = await transaction.call_outs.within(
                people, since, until, rota_id=rota_id, open_only=open_only, withdrawn=True, limit=limit
            )
        return [one.view() for one in found]

    async def record(self, asked: NewCallOut, caller: Person) -> CallOutRecorded:
        """Record that somebody was called out. The same again, by the same caller, is the record that there is."""
        now = self._clock()
        check_may_keep(caller, asked.person)
        span = _span(asked.left_home_at, asked.returned_at, now, asked.break_min)
        _check_recent(caller, span.starts_at, now, "record")
        returned_at = None if asked.returned_at is None else span.ends_at
        with self._judging.asked_by(caller.person_id):
            return await self._record(asked, span, returned_at, caller, now)

    async def _record(
        self, asked: NewCallOut, span: Span, returned_at: datetime | None, caller: Person, now: datetime
    ) -> CallOutRecorded:
        async with self._store.transaction() as transaction:
            stored = await known_rota(transaction, asked.rota)
            await known_person(transaction, asked.person)
            others = await transaction.call_outs.within(
                [asked.person], span.starts_at, returned_at or EVER[1], limit=_MAX_OTHERS
            )
            for other in others:
                if _is_repeat(other, asked, span.starts_at, returned_at, caller):
                    return await _told(transaction, other, now)
            _check_alone(others, stored.rota.zone)
            near = await transaction.call_outs.within([asked.person], *around(span), limit=MAX_AROUND)
            check_room("call-out", len(near))
            duty = await _duty(transaction, stored, asked.person, span.starts_at)
            new = StoredCallOut(
                call_out_id=new_record_id("C"),
                rota_id=asked.rota,
                person_id=asked.person,
                position=duty,
                left_home_at=span.starts_at,
                returned_at=returned_at,
                break_min=asked.break_min,
                reference=asked.reference,
                source=asked.source,
                recorded_by=caller.person_id,
                recorded_at=now,
            )
            await transaction.call_outs.add(new)
            await transaction.log.append(
                CallOutRecordedEntry(
                    at=now,
                    actor=caller.person_id,
                    call_out=new.call_out_id,
                    rota=new.rota_id,
                    person=new.person_id,
                    duty=duty,
                    left_home_at=new.left_home_at,
                    returned_at=new.returned_at,
                    break_min=new.break_min,
                    source=new.source,
                    reference=HashedText(new.reference) if new.reference else None,
                )
            )
            await begin_with_call_out(transaction, new, self._welfare, caller.person_id, now)
            transaction.changed.rotas = True
            return await _told(transaction, new, now)

    async def returned(self, call_out_id: str, asked: Returned, caller: Person) -> CallOutRecorded:
        """They are back at home. The same again is what is there."""
        with self._judging.asked_by(caller.person_id):
            return await self._returned(call_out_id, asked, caller, self._clock())

    async def _returned(self, call_out_id: str, asked: Returned, caller: Person, now: datetime) -> CallOutRecorded:
        async with self._store.transaction() as transaction:
            found = await _locked(transaction, call_out_id, caller)
            if found.withdrawn_at is not None:
                raise withdrawn_already(f"call-out {call_out_id}")
            span = _span(found.left_home_at, asked.returned_at, now, asked.break_min)
            over = msgspec.structs.replace(found, returned_at=span.ends_at, break_min=asked.break_min)
            if found.returned_at is not None and over != found:
                zone = (await known_rota(transaction, found.rota_id)).rota.zone
                raise Conflict(
                    "call-out-over",
                    f"call-out {call_out_id} ended {said(found.returned_at, zone)}",
                    "withdraw it and record another, if that is wrong",
                )
            if found.returned_at is None:
                await transaction.call_outs.end(call_out_id, span.ends_at, asked.break_min)
                entry = CallOutEnded(
                    at=now,
                    actor=caller.person_id,
                    call_out=call_out_id,
                    rota=found.rota_id,
                    person=found.person_id,
                    returned_at=span.ends_at,
                    break_min=asked.break_min,
                )
                await transaction.log.append(entry)
                await end_with_call_out(transaction, call_out_id, caller.person_id, now, "returned")
                transaction.changed.rotas = True
            return await _told(transaction, over, now)

    async def withdraw(self, call_out_id: str, reason: str, caller: Person) -> CallOutView:
        """It was recorded wrongly, and does not count any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await _locked(transaction, call_out_id, caller)
            _check_recent(caller, found.left_home_at, now, "withdraw")
            if not await transaction.call_outs.withdraw(call_out_id, caller.person_id, now):
                raise withdrawn_already(f"call-out {call_out_id}")
            entry = CallOutWithdrawn(
                at=now,
                actor=caller.person_id,
                call_out=call_out_id,
                rota=found.rota_id,
                person=found.person_id,
                reason=HashedText(reason),
            )
            await transaction.log.append(entry)
            await end_with_call_out(transaction, call_out_id, caller.person_id, now, "withdrawn")
            transaction.changed.rotas = True
        return msgspec.structs.replace(found, withdrawn_at=now).view()

    async def hours(self, rota_id: str, since: datetime, until: datetime, caller: Person) -> HoursReport:
        """Hours and allowances of those whose working time the caller may see; to see another's is entered in the
        log. Raises Conflict when too many ask at once."""
        with self._judging.asked_by(caller.person_id):
            return await self._hours(rota_id, since, until, caller, self._clock())

    async def _hours(
        self, rota_id: str, since: datetime, until: datetime, caller: Person, now: datetime
    ) -> HoursReport:
        async with self._store.transaction() as transaction:
            called_out = await transaction.rota_books.called_out(rota_id, *period_of(since, until))
            book = await book_of(transaction, rota_id, since, until, now, also=called_out)
            everybody = [one.person for one in book.members]
            period = Span(book.starts_at, book.ends_at)
            outs = await transaction.call_outs.within(everybody, *period, rota_id=rota_id)
        counted = frozenset(one.call_out_id for one in outs)
        every = await self._judging.work_out(lambda: hours(book, counted))
        rows = [row for row in every if sees(caller, row.person)]
        others = sum(row.person != caller.person_id for row in rows)
        if others or may(caller.role, "see-working-time"):
            entry = HoursRead(
                at=now,
                actor=caller.person_id,
                rota=rota_id,
                starts_at=book.starts_at,
                ends_at=book.ends_at,
                people=others,
            )
            async with self._store.transaction() as transaction:
                await transaction.log.append(entry)
        return HoursReport(rota=rota_id, zone=book.rota.zone, starts_at=book.starts_at, ends_at=book.ends_at, rows=rows)


def _span(left_home_at: datetime, returned_at: datetime | None, now: datetime, break_min: int) -> Span:
    """The call-out in whole seconds, one that is not over until now; raises RequestRefused."""
    left = whole_utc(left_home_at, now)
    check_past(left, now, "leaving home")
    if returned_at is None:
        return Span(left, max(now, left + _SECOND))
    span = span_of(left, returned_at, now, LONGEST)
    check_past(span.ends_at, now, "the return")
    check_break(span, break_min)
    return span


def _check_recent(caller: Person, left_home_at: datetime, now: datetime, deed: str) -> None:
    if left_home_at < now - RECORD_WITHIN and not may(caller.role, "manage-rota"):
        raise RequestRefused(
            "too-long-ago",
            f"it was more than {RECORD_WITHIN.days} days ago, and people {deed} their own call-outs before that",
            f"ask a supervisor to {deed} it",
        )


def _is_repeat(
    there: StoredCallOut, asked: NewCallOut, left_home_at: datetime, returned_at: datetime | None, caller: Person
) -> bool:
    """Whether a request says again what is recorded; one that does not know of the return yet does too."""
    same = (there.rota_id, there.left_home_at, there.reference) == (asked.rota, left_home_at, asked.reference)
    end = returned_at is None or (there.returned_at, there.break_min) == (returned_at, asked.break_min)
    return same and end and there.recorded_by == caller.person_id


def _check_alone(others: list[StoredCallOut], zone: str) -> None:
    """Raise Conflict where the person is on another call-out in the time."""
    if not others:
        return
    other = others[0]
    began = said(other.left_home_at, zone)
    if other.returned_at is None:
        raise Conflict(
            "call-out-open",
            f"call-out {other.call_out_id} of {other.person_id} (rota {other.rota_id}) since {began} is not over",
            "say when they were back from that one first",
        )
    raise Conflict(
        "call-out-overlaps",
        f"{other.person_id} was on call-out {other.call_out_id} (rota {other.rota_id}) from {began} until "
        f"{said(other.returned_at, zone)}",
        "withdraw that one if it is wrong, or correct the times",
    )


async def _duty(transaction: Transaction, stored: StoredRota, person_id: str, at: datetime) -> Duty | None:
    """The position that somebody has at an instant, None when they are not on call."""
    if stored.ended_at is not None and stored.ended_at <= at:
        raise Conflict("rota-ended", f"the rota {stored.rota.rota} had ended by then", "name the rota that asked")
    rota, instant = asking(stored), Span(at, at + _SECOND)
    assigned, changes = await turns_and_changes(transaction, rota, instant)
    held = [shift.position for shift in on_call(rota, assigned, changes, instant) if shift.person == person_id]
    order: tuple[Duty, ...] = ("primary", "secondary", "shadow")
    return next((position for position in order if position in held), None)


async def _locked(transaction: Transaction, call_out_id: str, caller: Person) -> StoredCallOut:
    """A call-out whose person nobody else changes until the transaction ends; raises NotFound or Forbidden."""
    found = await transaction.call_outs.one(call_out_id)
    if found is not None:
        check_may_keep(caller, found.person_id)
        await transaction.rota_people.lock_person(found.person_id)
        found = await transaction.call_outs.one(call_out_id)
    if found is None:
        raise NotFound("call-out-unknown", f"there is no call-out {call_out_id}", "list call-outs")
    return found


async def _told(transaction: Transaction, call_out: StoredCallOut, now: datetime) -> CallOutRecorded:
    """The call-out with what the rules say of its person from then on; raises Conflict for who is not of the rota."""
    left_home_at = call_out.left_home_at
    ends_at = call_out.returned_at or max(left_home_at, min(now, left_home_at + LONGEST_OPEN))
    book = await book_of(transaction, call_out.rota_id, left_home_at, ends_at + _LOOK_AFTER, now)
    judged = await asyncio.to_thread(_judged, book, call_out)
    if judged is None:
        raise Conflict(
            "not-on-rota",
            f"{call_out.person_id} is no member of the rota {call_out.rota_id}",
            "name the rota that asked, or make them a member first",
        )
    findings, earliest = judged
    return CallOutRecorded(call_out=call_out.view(), findings=findings, earliest_start=earliest)


def _judged(book: RotaBook, call_out: StoredCallOut) -> tuple[list[Finding], datetime | None] | None:
    """What the Working Time rules say of somebody, None of whom the book does not know; and when they may start duty
    again: after the duty, too, from which they were called away."""
    member = next((one for one in book.members if one.person == call_out.person_id), None)
    if member is None:
        return None
    shifts, left, back = shifts_of(book), call_out.left_home_at, call_out.returned_at
    findings = working_time_of(book, member, shifts)[0]
    if back is None:
        return findings, None
    blocks = work_of(book, member, shifts).blocks
    on_duty_until = max((one.ends_at for one in blocks if one.starts_at <= left < one.ends_at), default=back)
    return findings, earliest_start(max(back, on_duty_until))
