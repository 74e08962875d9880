"""What rotas and visits know of people, as the rules of deployments need it."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.deployments.rules.facts import OnCall, OtherVisit, PersonFacts
from fleet.rota.bank_holidays import bank_holidays
from fleet.rota.books import asking, turns_and_changes
from fleet.rota.rules.rest import DAILY_REST, earliest_start
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date
from fleet.rota.rules.work import work_of
from fleet.store.rota_books import Term
from fleet.store.rota_people import EVER
from fleet.store.store import Transaction
from protocols.rota.book import RotaBook
from protocols.rota.member import Absence, CallOut, Member, WorkDone, WorkingTerms
from protocols.rota.model import Rota

HOUSE_ZONE = "Europe/London"
"""The zone of days where no rota says another †."""

FAR = timedelta(days=120)
"""How far ahead it is looked up who is on call: beyond it nobody is said to be †."""

_SECOND = timedelta(seconds=1)
_LOOK_BACK = timedelta(days=3)


class Worked(NamedTuple):
    """What somebody worked lately, beside ordinary duty."""

    call_outs: Sequence[CallOut]
    work_done: Sequence[WorkDone]


class KnownPeople:
    """People as they are known at an instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.terms: Mapping[str, Term] = {}
        self.working: Mapping[str, WorkingTerms] = {}
        self.absences: Mapping[str, list[Absence]] = {}
        self.visits: dict[str, list[OtherVisit]] = {}
        self.on_call: dict[str, list[OnCall]] = {}
        self.worked = Worked([], [])

    def facts(self, person_id: str, zone: str, own_absences: Collection[str]) -> PersonFacts | None:
        """What the rules know of somebody, None of whom nobody knows; without these absences."""
        term = self.terms.get(person_id)
        if term is None:
            return None
        working = self.working.get(person_id, WorkingTerms())
        absences = self.absences.get(person_id, [])
        return PersonFacts(
            person=person_id,
            role=term.role,
            term_from=term.valid_from,
            term_until=term.valid_until,
            competences=working.competences,
            zone=zone,
            absences=[one for one in absences if one.absence not in own_absences and one.ends_at > self._now],
            visits=self.visits.get(person_id, []),
            on_call=self.on_call.get(person_id, []),
            rest_until=self._rest_until(person_id, term, working, absences, zone),
        )

    def _rest_until(
        self, person_id: str, term: Term, working: WorkingTerms, absences: list[Absence], zone: str
    ) -> datetime | None:
        """When they may begin duty again after what they worked in the 11 hours before now, None where that was
        nothing."""
        known = Span(self._now - _LOOK_BACK, self._now)
        member = Member(
            person=person_id,
            role=term.role,
            valid_from=term.valid_from,
            valid_until=term.valid_until,
            terms=working,
            absences=absences,
        )
        book = RotaBook(
            rota=Rota(rota="any", name="any", zone=zone, layers=[]),
            starts_at=known.starts_at,
            ends_at=known.ends_at + _SECOND,
            known_from=known.starts_at,
            as_of=self._now,
            members=[member],
            bank_holidays=bank_holidays(local_date(known.starts_at, zone), local_date(known.ends_at, zone)),
            call_outs=list(self.worked.call_outs),
            work_done=list(self.worked.work_done),
        )
        ended = [span.ends_at for span in work_of(book, member, []).spells if span.ends_at <= self._now]
        last = max(ended, default=None)
        return None if last is None or last + DAILY_REST <= self._now else earliest_start(last)


async def known_people(
    transaction: Transaction, person_ids: Iterable[str], now: datetime, until: datetime, *, closely: bool
) -> KnownPeople:
    """What is known of these people from `now` on. `closely`: also who is on call up to `until`, and who is owed
    rest."""
    people, known = sorted(set(person_ids)), KnownPeople(now)
    books = transaction.rota_books
    known.terms = await books.terms_of_people(people)
    known.working = await books.working_terms(people)
    known.absences = await books.absences(people, now - _LOOK_BACK, EVER[1])
    for one in await transaction.deployment_facts.visits_of(people, now):
        known.visits.setdefault(one.person_id, []).append(
            OtherVisit(visit=one.visit_id, deployment=one.deployment_id, starts_at=one.starts_at, ends_at=one.ends_at)
        )
    if closely:
        known.worked = Worked(
            await books.call_outs(people, now - _LOOK_BACK, now + _SECOND),
            await books.work_done(people, now - _LOOK_BACK, now),
        )
        known.on_call = await _on_call(transaction, set(people), Span(now, min(max(until, now + _SECOND), now + FAR)))
    return known


async def on_call_now(transaction: Transaction, person_id: str, now: datetime) -> list[str]:
    """The rotas on which somebody is on call now, in primary or secondary."""
    at = now.astimezone(UTC).replace(microsecond=0)
    shifts = (await _on_call(transaction, {person_id}, Span(at, at + _SECOND))).get(person_id, [])
    return sorted({one.rota for one in shifts})


async def rota_without_name(transaction: Transaction) -> str | None:
    """The rota whose people are paged of a deployment that names none: the rules', else the only one there is."""
    laid_down = await transaction.alarms.rules()
    if laid_down is not None and laid_down.rules.policy.rota is not None:
        return laid_down.rules.policy.rota
    there = [one.rota.rota for one in await transaction.rotas.every() if one.ended_at is None]
    return there[0] if len(there) == 1 else None


async def rotas_manned(transaction: Transaction, rota_ids: Iterable[str], now: datetime) -> dict[str, bool]:
    """Whether somebody is on call on each of these rotas that there are."""
    at = now.astimezone(UTC).replace(microsecond=0)
    instant, found = Span(at, at + _SECOND), {}
    for rota_id in sorted(set(rota_ids)):
        stored = await transaction.rotas.one(rota_id)
        if stored is not None:
            rota = asking(stored)
            assigned, changes = await turns_and_changes(transaction, rota, instant)
            shifts = on_call(rota, assigned, changes, instant)
            found[rota_id] = any(one.position != "shadow" for one in shifts)
    return found


async def zones_of(transaction: Transaction, rota_ids: Iterable[str]) -> dict[str, str]:
    """The zone of each of these rotas that there are."""
    stored = [await transaction.rotas.one(rota_id) for rota_id in sorted(set(rota_ids))]
    return {one.rota.rota: one.rota.zone for one in stored if one is not None}


async def _on_call(transaction: Transaction, people: set[str], window: Span) -> dict[str, list[OnCall]]:
    found: dict[str, list[OnCall]] = {}
    for stored in await transaction.rotas.every():
        rota = asking(stored)
        if not rota.layers:
            continue
        assigned, changes = await turns_and_changes(transaction, rota, window)
        for shift in await asyncio.to_thread(on_call, rota, assigned, changes, window):
            if shift.position != "shadow" and shift.person in people:
                found.setdefault(shift.person, []).append(
                    OnCall(rota=rota.rota, position=shift.position, starts_at=shift.starts_at, ends_at=shift.ends_at)
                )
    return found
