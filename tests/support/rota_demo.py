"""A rota of the demo's people, for the console's pictures: leave, a gap to come, a deployment away, terms."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from fleet.client import FleetClient, connect, load_client_settings
from protocols.api.rota_people import NewAbsence, NewWish, SetTerms
from protocols.api.rotas import NewPlan
from protocols.rota.member import AbsenceKind, Competence, Regulation21, WorkingTerms
from protocols.rota.model import Assigned, Layer, Requirement, Rota, TurnLength
from tests.support.rota_books import LONDON, local, office_hours

PEOPLE = ("TO-12", "SU-02", "AP-04")
WEEKS = 13
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)


async def lay_down_a_rota(toml: Path, own_toml: Path) -> None:
    """As a supervisor, whose settings are in `toml`; the wish is of the person of `own_toml`."""
    today = datetime.now(UTC).date()
    monday = today - today.weekday() * _DAY
    async with connect(load_client_settings(toml)) as door:
        await _keep_terms(door, today)
        await door.put_rota(_rota(monday), 0)
        await _record(door, "annual", monday + 9 * _DAY, 4)
        await _record(door, "away", monday + 16 * _DAY, 3, person="AP-04", reference="DEP-118")
        await _publish(door, monday)
    async with connect(load_client_settings(own_toml)) as door:
        starts_at, ends_at = _span(monday + 30 * _DAY, 3)
        await door.add_wish(NewWish(wants="off", starts_at=starts_at, ends_at=ends_at))


def _rota(first_monday: date) -> Rota:
    starts = datetime.combine(first_monday, time(9))
    orders = {"primary": list(PEOPLE), "secondary": [*PEOPLE[1:], *PEOPLE[:1]]}
    week = TurnLength(every=1, unit="weeks")
    layers = [
        Layer(layer="primary-weeks", position="primary", starts=starts, turn=week, order=orders["primary"]),
        Layer(layer="secondary-weeks", position="secondary", starts=starts, turn=week, order=orders["secondary"]),
    ]
    return Rota(
        rota="technical",
        name="Technical on-call",
        zone=LONDON,
        layers=layers,
        members=list(PEOPLE),
        allowance_permille=50,
        requirements=[Requirement(subject="electrical", level=3)],
    )


async def _keep_terms(door: FleetClient, today: date) -> None:
    electrical = Competence(subject="electrical", level=3, evidence="BTEC L3")
    licence = Competence(subject="driving-licence", valid_until=today + 40 * _DAY)
    terms = WorkingTerms(
        competences=[electrical, licence],
        hours=office_hours(),
        regulation_21=Regulation21(reason="continuity of service", since=today - 60 * _DAY),
    )
    for person in PEOPLE:
        await door.set_terms(person, SetTerms(version=0, terms=terms))


async def _record(
    door: FleetClient, kind: AbsenceKind, day: date, days: int, *, person: str = "SU-02", reference: str = ""
) -> None:
    starts_at, ends_at = _span(day, days)
    new = NewAbsence(person=person, kind=kind, starts_at=starts_at, ends_at=ends_at, zone=LONDON, reference=reference)
    await door.add_absence(new)


async def _publish(door: FleetClient, monday: date) -> None:
    """The weeks to come as the order has them, but for one that nobody has."""
    weeks = [local(f"{monday + number * _WEEK}T09:00") for number in range(1, WEEKS)]
    turns = [
        Assigned(layer=layer, starts_at=at, person=None if (layer, number) == ("primary-weeks", 3) else people[number])
        for layer, people in _rotation().items()
        for number, at in enumerate(weeks)
    ]
    new = NewPlan(starts_at=weeks[0], ends_at=weeks[-1] + _WEEK, based_on=1, assigned=turns)
    plan = await door.draft_rota_plan("technical", new)
    await door.publish_rota_plan(plan.plan, "nobody is free in that week yet")


def _rotation() -> dict[str, list[str]]:
    """Who has each of the weeks to come: the second of the rota is the first of them."""
    return {
        f"{position}-weeks": [PEOPLE[(1 + ahead + number) % len(PEOPLE)] for number in range(WEEKS)]
        for ahead, position in enumerate(("primary", "secondary"))
    }


def _span(day: date, days: int) -> tuple[datetime, datetime]:
    return local(f"{day}T00:00"), local(f"{day + days * _DAY}T00:00")
