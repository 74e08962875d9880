"""The demo's rota, so that there is somebody on call and something to look after: laid down, planned and published as
people would, without a solver.

One week that is published is nobody's, because whose turn it would be is on leave: it is left to whoever tries the
demo.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from itertools import cycle, islice
from typing import NamedTuple

from fleet.client import FleetClient, connect, load_client_settings
from fleet.clock import utc_now
from fleet.demo.place import PEOPLE, Place
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date, midnight, monday_of, on_date
from protocols.api.call_outs import CallOutView, NewCallOut
from protocols.api.rota_people import NewAbsence, SetTerms
from protocols.api.rotas import NewPlan
from protocols.rota.member import AbsenceKind, Competence, Regulation21, WorkingDay, WorkingTerms
from protocols.rota.model import Assigned, Layer, Position, Requirement, Rota, TurnLength

ROTA, ZONE = "technical", "Europe/London"
SUPERVISOR = "SU-02"
_PRIMARY, _SECONDARY = "primary-weeks", "secondary-weeks"
_ENGINEERS = ("TO-07", "TO-21", "TO-12", "TO-15")
"""In the order of their turns: the first has last week, the second this one."""
_APPROVERS = ("SU-02", "AP-04", "SU-05")
MEMBERS = (*_ENGINEERS, *_APPROVERS)
_WEEKS = 8
_PLANNED: tuple[str | None, ...] = ("TO-12", None, "TO-07", "TO-21", "TO-12", "TO-15", "TO-07", "TO-21")
"""Who has the primary of each week that is published."""
_GAP_WEEK = 1
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_HANDOVER = time(9)


class _Leave(NamedTuple):
    """Somebody is absent from the Monday of a planned week for some days."""

    person: str
    kind: AbsenceKind
    week: int
    days: int
    reference: str = ""


_ABSENCES = (
    _Leave("TO-15", "annual", _GAP_WEEK, 7),
    _Leave("TO-15", "away", 3, 3, "D/4/26"),
    _Leave("AP-04", "annual", 4, 5),
)


async def prepare_rota(place: Place) -> bool:
    """See that there is the rota; returns whether it was laid down now, which it is where there was none and everybody
    on it has a key here. Raises ClientError."""
    if not all(place.client_toml(person).exists() for person in MEMBERS):
        return False
    async with AsyncExitStack() as stack:
        supervisor = await stack.enter_async_context(connect(load_client_settings(place.client_toml(SUPERVISOR))))
        if any(one.rota == ROTA for one in await supervisor.rotas()):
            return False
        today = local_date(utc_now(), ZONE)
        await lay_down(supervisor, today, {person: office_terms(person, today) for person in MEMBERS})
        await last_night(supervisor, utc_now())
    return True


async def lay_down(supervisor: FleetClient, today: date, terms: Mapping[str, WorkingTerms]) -> None:
    """Lay the rota down with people's `terms`, and publish the weeks after that of `today`: what was on call before is
    by turns. Raises ClientError."""
    await supervisor.put_rota(_rota(today), 0)
    for person, theirs in terms.items():
        await supervisor.set_terms(person, SetTerms(version=0, terms=theirs))
    for leave in _ABSENCES:
        await supervisor.add_absence(_absence(leave, today))
    plan = await supervisor.draft_rota_plan(ROTA, _plan(today))
    await supervisor.publish_rota_plan(plan.plan, "the demo leaves a week to be filled")


def _first_monday(today: date) -> date:
    """When the published weeks begin: the Monday after today's."""
    return monday_of(today) + _WEEK


def _rota(today: date) -> Rota:
    return Rota(
        rota=ROTA,
        name="Technical on-call",
        zone=ZONE,
        layers=[_layer(_PRIMARY, "primary", _ENGINEERS, today), _layer(_SECONDARY, "secondary", _APPROVERS, today)],
        members=list(MEMBERS),
        allowance_permille=100,
        requirements=[Requirement(subject="electrical", level=3, who="pair")],
    )


def _layer(name: str, position: Position, order: tuple[str, ...], today: date) -> Layer:
    starts = datetime.combine(monday_of(today) - _WEEK, _HANDOVER)
    return Layer(
        layer=name, position=position, starts=starts, turn=TurnLength(every=1, unit="weeks"), order=list(order)
    )


def office_terms(person: str, today: date) -> WorkingTerms:
    """Office hours and competences of somebody on the rota; of one engineer a licence ends soon."""
    hours = [WorkingDay(weekday=day, from_time=_HANDOVER, until_time=time(17), break_min=60) for day in range(5)]
    licence = today + (20 * _DAY if person == "TO-21" else 900 * _DAY)
    held = [Competence(subject="driving-licence", evidence="category B", valid_until=licence)]
    if PEOPLE[person] == "engineer":
        level = Competence(subject="electrical", level=4, evidence="HNC") if person == "TO-07" else None
        held.append(level or Competence(subject="electrical", level=3, evidence="BTEC L3"))
        held.append(Competence(subject="wiring-regulations", level=3, valid_until=today + 400 * _DAY))
    reason = "somebody has to be there day and night"
    claim = Regulation21(reason=reason, since=monday_of(today) - 4 * _WEEK)
    return WorkingTerms(competences=held, hours=hours, regulation_21=claim)


def _absence(leave: _Leave, today: date) -> NewAbsence:
    begins = _first_monday(today) + leave.week * _WEEK
    return NewAbsence(
        person=leave.person,
        kind=leave.kind,
        starts_at=midnight(begins, ZONE),
        ends_at=midnight(begins + leave.days * _DAY, ZONE),
        zone=ZONE,
        reference=leave.reference,
    )


def _plan(today: date) -> NewPlan:
    first = _first_monday(today)
    begins = [on_date(first + week * _WEEK, _HANDOVER, ZONE) for week in range(_WEEKS + 1)]
    # Two turns of the secondary lie before the published weeks: the order goes on from there.
    secondary = list(islice(cycle(_APPROVERS), 2, 2 + _WEEKS))
    given = [Assigned(layer=_PRIMARY, starts_at=begins[week], person=_PLANNED[week]) for week in range(_WEEKS)]
    given += [Assigned(layer=_SECONDARY, starts_at=begins[week], person=secondary[week]) for week in range(_WEEKS)]
    return NewPlan(starts_at=begins[0], ends_at=begins[-1], based_on=1, assigned=given)


async def last_night(supervisor: FleetClient, now: datetime) -> None:
    """Whoever was primary was called out from ten past two until twenty to six, in the last night that was quiet.

    Raises ClientError.
    """
    night = quiet_night(await supervisor.call_outs(rota=ROTA), now)
    book = await supervisor.rota_book(ROTA, night.starts_at, night.ends_at)
    shifts = on_call(book.rota, book.assigned, book.changes, night)
    (person,) = {one.person for one in shifts if one.position == "primary"}
    await supervisor.record_call_out(
        NewCallOut(
            rota=ROTA,
            person=person,
            left_home_at=night.starts_at,
            returned_at=night.ends_at,
            reference="unit quiet",
            source="hand",
        )
    )


def quiet_night(called: Sequence[CallOutView], now: datetime) -> Span:
    """From ten past two until twenty to six of the newest night that is over `now` and in which nobody was out."""
    day = local_date(now, ZONE)
    while True:
        night = Span(on_date(day, time(2, 10), ZONE), on_date(day, time(5, 40), ZONE))
        out = [one for one in called if one.left_home_at < night.ends_at and (one.returned_at or now) > night.starts_at]
        if night.ends_at < now and not out:
            return night
        day -= _DAY
