"""Rotas to be filled, as like a technical unit's year as random numbers make them: leave, roles, competences, terms,
wishes and what people carry over. The same seed gives the same book."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Literal

from fleet.rota.rules.wall import instant
from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.load import Load
from protocols.rota.member import Absence, AbsenceKind, Competence, Member, Wish, WorkingDay, WorkingTerms
from protocols.rota.model import Layer, Requirement, Rota, TurnLength

ROLES: tuple[Role, ...] = ("engineer", "engineer", "supervisor", "supervisor", "approver", "engineer")
"""By turns: a third may only request, a sixth only approve."""

FIRST_MONDAY = datetime.fromisoformat("2027-01-04T09:00")
_LEAVE_WEEKS = 6
_NINE, _FIVE = time(9), time(17)
_DAY = timedelta(days=1)


def year_book(people: int, weeks: int, seed: int) -> RotaBook:
    """A year of weekly primary and secondary for so many people, with nothing assigned yet."""
    rng = Random(seed)
    starts_at = FIRST_MONDAY.replace(tzinfo=UTC)
    ends_at = _monday(weeks)
    names = [f"OC-{number:02}" for number in range(1, people + 1)]
    rota = Rota(
        rota="technical",
        name="Technical unit",
        zone="Europe/London",
        layers=[
            Layer(layer=layer, position=layer, starts=FIRST_MONDAY, turn=TurnLength(every=1, unit="weeks"))
            for layer in ("primary", "secondary")
        ],
        members=names,
        requirements=[
            Requirement(subject="electrical", level=3),
            Requirement(subject="unit:van-kit"),
            Requirement(subject="driving-licence", who="each"),
        ],
    )
    return RotaBook(
        rota=rota,
        starts_at=starts_at,
        ends_at=ends_at,
        known_from=starts_at,
        as_of=starts_at - 30 * _DAY,
        members=[_member(name, ROLES[i % len(ROLES)], weeks, rng) for i, name in enumerate(names)],
        bank_holidays=[
            date(2027, 3, 26),
            date(2027, 3, 29),
            date(2027, 5, 3),
            date(2027, 5, 31),
            date(2027, 8, 30),
            date(2027, 12, 27),
            date(2027, 12, 28),
            date(2028, 1, 3),
        ],
    )


def _monday(week: int) -> datetime:
    local = FIRST_MONDAY + timedelta(weeks=week)
    return instant(local, "Europe/London")


def _member(name: str, role: Role, weeks: int, rng: Random) -> Member:
    off = sorted(rng.sample(range(weeks), min(_LEAVE_WEEKS, weeks)))
    absences = [_absence(f"{name}-{number}", week, rng) for number, week in enumerate(off)]
    wishes = [
        Wish(wish=f"{name}-{number}", wants=wants, starts_at=_monday(week), ends_at=_monday(week) + 3 * _DAY)
        for number, (week, wants) in enumerate(_wanted(weeks, rng))
    ]
    held = [Competence(subject="driving-licence")]
    held += [Competence(subject="electrical", level=3)] if rng.random() < 0.7 else []
    held += [Competence(subject="unit:van-kit", valid_until=_expiry(rng, weeks))] if rng.random() < 0.7 else []
    return Member(
        person=name,
        role=role,
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        terms=WorkingTerms(
            competences=held,
            hours=[WorkingDay(weekday=day, from_time=_NINE, until_time=_FIVE) for day in range(5)],
            share_percent=rng.choice((100, 100, 100, 80)),
        ),
        absences=absences,
        wishes=wishes,
        debt=Load(
            primary_h=rng.choice((-168, 0, 0, 0, 168)),
            weekend_days=rng.choice((-2, 0, 0, 2)),
            bank_holidays=rng.choice((-1, 0, 0, 1)),
            festive_days=rng.choice((-1, 0, 0, 1)),
            nights=rng.choice((-7, 0, 0, 7)),
        ),
    )


def _wanted(weeks: int, rng: Random) -> list[tuple[int, Literal["on", "off"]]]:
    choices: tuple[Literal["on", "off"], ...] = ("on", "off", "off")
    return [(rng.randrange(weeks), rng.choice(choices)) for _ in range(3)]


def _absence(name: str, week: int, rng: Random) -> Absence:
    """A deployment away from Monday to Friday, or leave of some days or weeks."""
    kind: AbsenceKind = rng.choice(("annual", "annual", "annual", "sick", "away"))
    starts_at = _monday(week) + (0 if kind == "away" else rng.randrange(4)) * _DAY
    ends_at = _monday(week) + (4 if kind == "away" else rng.choice((5, 5, 7, 12))) * _DAY
    return Absence(absence=name, kind=kind, starts_at=starts_at, ends_at=ends_at, zone="Europe/London")


def _expiry(rng: Random, weeks: int) -> date | None:
    return None if rng.random() < 0.5 else FIRST_MONDAY.date() + timedelta(weeks=rng.randrange(weeks // 2, weeks + 20))
