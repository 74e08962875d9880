"""Terms, absences and wishes for those who keep and see them; each change with its entry in one transaction."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from fleet.clock import Clock
from fleet.entries.rota_people import TermsSet, WishMade, WishWithdrawn
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.rota.absences import record_absence, withdraw_absence
from fleet.rota.permits import check_manages, check_may_keep, sees, those_seen
from fleet.rota.records import known_person, new_record_id, span_of, withdrawn_already
from fleet.store.people import Person
from fleet.store.rota_people import EVER, StoredAbsence, StoredTerms, StoredWish
from fleet.store.store import Store
from protocols.api.rota_people import AbsenceView, NewAbsence, NewWish, PersonTerms, SetTerms, WishView
from protocols.errors import InvalidRota
from protocols.people import may
from protocols.rota.book import RotaBook
from protocols.rota.member import Member, WorkingTerms
from protocols.rota.model import Rota
from protocols.rota.reading import check_book

LONGEST = timedelta(days=800)
"""Of an absence or a wish, as of a rota's period."""
MAX_OPEN_WISHES = 50
_ANY_TERM: dict[str, Any] = {
    "role": "engineer",
    "valid_from": datetime(2000, 1, 1, tzinfo=UTC),
    "valid_until": datetime(2100, 1, 1, tzinfo=UTC),
}
WARN_DAYS = 60
"""How long before a competence ends its person's terms warn of it."""


class RotaPeopleDesk:
    """Every method raises StoreUnavailable, and Forbidden for what is another's and the caller may not; those about one
    record NotFound; those that change something Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def terms(self, caller: Person) -> list[PersonTerms]:
        """The terms of those who serve on rotas and whose working time the caller may see, and always the caller's."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            every = await transaction.people.every() if may(caller.role, "see-working-time") else [caller]
            people = {caller.person_id: caller}
            people |= {one.person_id: one for one in every if one.ended_at is None and may(one.role, "serve-rota")}
            kept = await transaction.rota_people.terms_of(people)
        return [_terms_view(people[person_id], kept.get(person_id), now) for person_id in sorted(people)]

    async def set_terms(self, person_id: str, asked: SetTerms, caller: Person) -> PersonTerms:
        """Set somebody's terms, unless others than `asked.version` are in force."""
        now = self._clock()
        check_manages(caller)
        _check_usable(Member(person=person_id, **_ANY_TERM, terms=asked.terms))
        async with self._store.transaction() as transaction:
            person = await known_person(transaction, person_id)
            before = (await transaction.rota_people.terms_of([person_id])).get(person_id)
            version = 0 if before is None else before.version
            if asked.version != version:
                raise Conflict(
                    "terms-changed",
                    f"version {version} of {person_id}'s terms is in force, and not {asked.version}",
                    "read the terms again, and change those",
                )
            new = StoredTerms(
                person_id=person_id,
                version=version + 1,
                terms=asked.terms,
                changed_by=caller.person_id,
                changed_at=now,
            )
            await transaction.rota_people.add_terms(new)
            digest = sha256(msgspec.json.encode(asked.terms)).hexdigest()
            entry = TermsSet(at=now, actor=caller.person_id, person=person_id, version=new.version, sha256=digest)
            await transaction.log.append(entry)
            transaction.changed.rotas = True
        return _terms_view(person, new, now)

    async def absences(self, person_id: str, since: datetime, until: datetime, caller: Person) -> list[AbsenceView]:
        """Absences (of one person, or with none named of all) in a time, by their beginning, withdrawn ones too; whose
        kind the caller may not know are shown without it."""
        people = [person_id] if person_id else None
        async with self._store.transaction() as transaction:
            found = await transaction.absences.within(people, since, until, withdrawn=True)
        return [one.view(whole=sees(caller, one.person_id)) for one in found]

    async def add_absence(self, asked: NewAbsence, caller: Person) -> AbsenceView:
        """Record leave or a deployment away."""
        now = self._clock()
        check_may_keep(caller, asked.person)
        new = StoredAbsence(
            absence_id=new_record_id("L"),
            person_id=asked.person,
            kind=asked.kind,
            starts_at=asked.starts_at,
            ends_at=asked.ends_at,
            zone=asked.zone,
            reference=asked.reference,
            recorded_by=caller.person_id,
            recorded_at=now,
        )
        span = span_of(asked.starts_at, asked.ends_at, now, LONGEST)
        new = msgspec.structs.replace(new, starts_at=span.starts_at, ends_at=span.ends_at)
        _check_usable(Member(person=asked.person, **_ANY_TERM, absences=[new.known()]))
        async with self._store.transaction() as transaction:
            await known_person(transaction, asked.person)
            await record_absence(transaction, new)
        return new.view(whole=True)

    async def withdraw_absence(self, absence_id: str, caller: Person) -> AbsenceView:
        """It does not count any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.absences.one(absence_id)
            if found is None:
                raise NotFound("absence-unknown", f"there is no absence {absence_id}", "list absences")
            check_may_keep(caller, found.person_id)
            await transaction.rota_people.lock_person(found.person_id)
            if not await withdraw_absence(transaction, absence_id, found.person_id, caller.person_id, now):
                raise withdrawn_already(f"absence {absence_id}")
        return msgspec.structs.replace(found, withdrawn_at=now).view(whole=True)

    async def wishes(self, person_id: str, caller: Person) -> list[WishView]:
        """Wishes that are not over (of one person, or with none named of all whom the caller may see)."""
        people, now = those_seen(caller, person_id), self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.wishes.within(people, now, EVER[1])
        return [one.view() for one in found]

    async def add_wish(self, asked: NewWish, caller: Person) -> WishView:
        """The caller would like to be on call in a time to come, or not to be."""
        now = self._clock()
        span = span_of(asked.starts_at, asked.ends_at, now, LONGEST)
        if span.ends_at <= now:
            raise RequestRefused("wish-over", "the time is over", "wish for a time to come")
        new = StoredWish(
            wish_id=new_record_id("W"),
            person_id=caller.person_id,
            wants=asked.wants,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            made_at=now,
        )
        async with self._store.transaction() as transaction:
            await known_person(transaction, caller.person_id)
            if await transaction.wishes.count_open(caller.person_id, now) >= MAX_OPEN_WISHES:
                raise Conflict(
                    "wishes-full",
                    f"{MAX_OPEN_WISHES} wishes of yours are open already",
                    "withdraw some, or wish for longer times",
                )
            await transaction.wishes.add(new)
            await transaction.log.append(
                WishMade(
                    at=now,
                    actor=caller.person_id,
                    wish=new.wish_id,
                    wants=new.wants,
                    starts_at=new.starts_at,
                    ends_at=new.ends_at,
                )
            )
            transaction.changed.rotas = True
        return new.view()

    async def withdraw_wish(self, wish_id: str, caller: Person) -> WishView:
        """One's own wish does not count any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.wishes.one(wish_id)
            if found is None or found.person_id != caller.person_id:
                raise NotFound("wish-unknown", f"you have made no wish {wish_id}", "list your wishes")
            if not await transaction.wishes.withdraw(wish_id, caller.person_id, now):
                raise withdrawn_already(f"wish {wish_id}")
            await transaction.log.append(WishWithdrawn(at=now, actor=caller.person_id, wish=wish_id))
            transaction.changed.rotas = True
        return msgspec.structs.replace(found, withdrawn_at=now).view()


def _terms_view(person: Person, kept: StoredTerms | None, now: datetime) -> PersonTerms:
    terms = WorkingTerms() if kept is None else kept.terms
    return PersonTerms(
        person=person.person_id,
        role=person.role,
        version=0 if kept is None else kept.version,
        terms=terms,
        changed_by=None if kept is None else kept.changed_by,
        changed_at=None if kept is None else kept.changed_at,
        warnings=expiring(terms, now),
    )


def expiring(terms: WorkingTerms, now: datetime) -> list[str]:
    """In words, the competences that have ended or end within WARN_DAYS, those that end first first."""
    today = now.astimezone(UTC).date()
    dated = [(one.valid_until, one) for one in terms.competences if one.valid_until is not None]
    said = []
    for ends, one in sorted(dated, key=lambda pair: (pair[0], pair[1].subject)):
        left = (ends - today).days
        what = f"{one.subject} ({one.evidence})" if one.evidence else one.subject
        if left < 0:
            said.append(f"{what} ended on {ends.isoformat()}")
        elif left <= WARN_DAYS:
            days = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
            said.append(f"{what} ends on {ends.isoformat()}, {days}")
    return said


def _check_usable(member: Member) -> None:
    """Raise RequestRefused for what no rota's book could hold: the rules would refuse all of it."""
    at = _ANY_TERM["valid_from"]
    rota = Rota(rota="any", name="any", zone="UTC", layers=[])
    ends_at = at + timedelta(days=1)
    try:
        check_book(RotaBook(rota=rota, starts_at=at, ends_at=ends_at, known_from=at, as_of=at, members=[member]))
    except InvalidRota as error:
        raise RequestRefused(error.reason, error.detail, "correct the request") from error
