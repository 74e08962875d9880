"""Scheduled work beside the ordinary hours, and compensatory rest; each change with its entry in one transaction."""

from datetime import datetime, timedelta

import msgspec

from fleet.clock import Clock
from fleet.entries.rota_people import RestRecorded, RestWithdrawn, WorkRecorded, WorkWithdrawn
from fleet.errors import Conflict, NotFound
from fleet.rota.permits import check_manages, check_may_keep, those_seen
from fleet.rota.records import (
    MAX_AROUND,
    around,
    check_break,
    check_room,
    known_person,
    new_record_id,
    span_of,
    withdrawn_already,
)
from fleet.rota.rules.spans import Span
from fleet.store.call_outs import StoredRest, StoredWork
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.call_outs import NewRest, NewWorkDone, RestView, WorkDoneView

LONGEST_WORK = timedelta(days=3)
LONGEST_REST = timedelta(days=31)
"""Of one record †: what is longer is mistyped, or several."""


class WorkDesk:
    """Every method raises StoreUnavailable, and Forbidden for what is another's and the caller may not; those about one
    record NotFound; those that change something Conflict or RequestRefused. The same recorded again by the same person
    is the record that there is."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def works(self, person_id: str, since: datetime, until: datetime, caller: Person) -> list[WorkDoneView]:
        """Work (of one person, or with none named of all whom the caller may see) in a time, by its beginning,
        withdrawn too."""
        people = those_seen(caller, person_id)
        async with self._store.transaction() as transaction:
            found = await transaction.work_done.within(people, since, until, withdrawn=True)
        return [one.view() for one in found]

    async def add_work(self, asked: NewWorkDone, caller: Person) -> WorkDoneView:
        """Record scheduled work beside the ordinary hours, done or planned."""
        now = self._clock()
        check_may_keep(caller, asked.person)
        span = span_of(asked.starts_at, asked.ends_at, now, LONGEST_WORK)
        check_break(span, asked.break_min)
        new = StoredWork(
            work_id=new_record_id("K"),
            person_id=asked.person,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            break_min=asked.break_min,
            recorded_by=caller.person_id,
            recorded_at=now,
        )
        async with self._store.transaction() as transaction:
            await known_person(transaction, asked.person)
            for other in await transaction.work_done.within([asked.person], *span):
                if msgspec.structs.replace(new, work_id=other.work_id, recorded_at=other.recorded_at) == other:
                    return other.view()
                raise _overlaps("work", other.work_id, other.person_id, Span(other.starts_at, other.ends_at))
            near = await transaction.work_done.within([asked.person], *around(span), limit=MAX_AROUND)
            check_room("work", len(near))
            await transaction.work_done.add(new)
            await transaction.log.append(
                WorkRecorded(
                    at=now,
                    actor=caller.person_id,
                    work=new.work_id,
                    person=new.person_id,
                    starts_at=new.starts_at,
                    ends_at=new.ends_at,
                    break_min=new.break_min,
                )
            )
            transaction.changed.rotas = True
        return new.view()

    async def withdraw_work(self, work_id: str, caller: Person) -> WorkDoneView:
        """It was recorded wrongly, and does not count any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.work_done.one(work_id)
            if found is None:
                raise NotFound("work-unknown", f"there is no work {work_id}", "list work")
            check_may_keep(caller, found.person_id)
            if not await transaction.work_done.withdraw(work_id, caller.person_id, now):
                raise withdrawn_already(f"work {work_id}")
            entry = WorkWithdrawn(at=now, actor=caller.person_id, work=work_id, person=found.person_id)
            await transaction.log.append(entry)
            transaction.changed.rotas = True
        return msgspec.structs.replace(found, withdrawn_at=now).view()

    async def rests(self, person_id: str, since: datetime, until: datetime, caller: Person) -> list[RestView]:
        """Compensatory rest (of one person, or with none named of all whom the caller may see) in a time, by its
        beginning, withdrawn too."""
        people = those_seen(caller, person_id)
        async with self._store.transaction() as transaction:
            found = await transaction.rests.within(people, since, until, withdrawn=True)
        return [one.view() for one in found]

    async def add_rest(self, asked: NewRest, caller: Person) -> RestView:
        """Record compensatory rest, planned or taken."""
        now = self._clock()
        check_manages(caller)
        span = span_of(asked.starts_at, asked.ends_at, now, LONGEST_REST)
        new = StoredRest(
            rest_id=new_record_id("R"),
            person_id=asked.person,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            recorded_by=caller.person_id,
            recorded_at=now,
        )
        async with self._store.transaction() as transaction:
            await known_person(transaction, asked.person)
            for other in await transaction.rests.within([asked.person], *span):
                if msgspec.structs.replace(new, rest_id=other.rest_id, recorded_at=other.recorded_at) == other:
                    return other.view()
                raise _overlaps("rest", other.rest_id, other.person_id, Span(other.starts_at, other.ends_at))
            near = await transaction.rests.within([asked.person], *around(span), limit=MAX_AROUND)
            check_room("rest", len(near))
            await transaction.rests.add(new)
            await transaction.log.append(
                RestRecorded(
                    at=now,
                    actor=caller.person_id,
                    rest=new.rest_id,
                    person=new.person_id,
                    starts_at=new.starts_at,
                    ends_at=new.ends_at,
                )
            )
            transaction.changed.rotas = True
        return new.view()

    async def withdraw_rest(self, rest_id: str, caller: Person) -> RestView:
        """It is not given after all."""
        now = self._clock()
        check_manages(caller)
        async with self._store.transaction() as transaction:
            found = await transaction.rests.one(rest_id)
            if found is None:
                raise NotFound("rest-unknown", f"there is no rest {rest_id}", "list rests")
            if not await transaction.rests.withdraw(rest_id, caller.person_id, now):
                raise withdrawn_already(f"rest {rest_id}")
            entry = RestWithdrawn(at=now, actor=caller.person_id, rest=rest_id, person=found.person_id)
            await transaction.log.append(entry)
            transaction.changed.rotas = True
        return msgspec.structs.replace(found, withdrawn_at=now).view()


def _overlaps(what: str, record_id: str, person_id: str, span: Span) -> Conflict:
    when = f"from {span.starts_at:%Y-%m-%d %H:%M} until {span.ends_at:%Y-%m-%d %H:%M} UTC"
    return Conflict(
        f"{what}-overlaps",
        f"{person_id} has {what} {record_id} {when}",
        "withdraw that one if it is wrong, or correct the times",
    )
