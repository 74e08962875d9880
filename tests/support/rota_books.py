"""Small rotas and books for tests: everything has a default, and a test names what it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.member import (
    Absence,
    AbsenceKind,
    CallOut,
    Competence,
    Member,
    WorkingDay,
    WorkingTerms,
)
from protocols.rota.model import (
    Assigned,
    Change,
    ChangeKind,
    Layer,
    Position,
    Restriction,
    Rota,
    TurnLength,
)

LONDON = "Europe/London"
FOUR = ("TO-11", "TO-12", "TO-13", "TO-14")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2040, 1, 1, tzinfo=UTC)


def local(wall: str, zone: str = LONDON) -> datetime:
    """The instant of a wall time as `2026-03-29T08:00`; of one that comes twice the first."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def weekdays(of: Sequence[int], from_time: str, until_time: str) -> Restriction:
    """Hours on days of the week, 0 Monday."""
    return Restriction(
        weekdays=list(of), from_time=time.fromisoformat(from_time), until_time=time.fromisoformat(until_time)
    )


def layer(
    name: str = "primary-weeks",
    *,
    position: Position = "primary",
    starts: str = "2026-01-05T09:00",
    every: int = 1,
    unit: Literal["hours", "days", "weeks"] = "weeks",
    order: Sequence[str] = FOUR,
    ends: str | None = None,
    restrictions: Sequence[Restriction] = (),
) -> Layer:
    """A layer; weeks from Monday at 09:00 where nothing else is said."""
    return Layer(
        layer=name,
        position=position,
        starts=datetime.fromisoformat(starts),
        turn=TurnLength(every=every, unit=unit),
        ends=None if ends is None else datetime.fromisoformat(ends),
        order=list(order),
        restrictions=list(restrictions),
    )


def two_layers(people: Sequence[str] = FOUR, starts: str = "2026-01-05T09:00") -> list[Layer]:
    """Weekly turns in primary, and in secondary the next person of the order."""
    later = [*people[1:], *people[:1]]
    return [
        layer(starts=starts, order=people),
        layer("secondary-weeks", position="secondary", starts=starts, order=later),
    ]


def rota(layers: Sequence[Layer] | None = None, *, members: Sequence[str] = FOUR, zone: str = LONDON) -> Rota:
    """A rota with standby at home; two weekly layers where none are given. More: `msgspec.structs.replace`."""
    return Rota(
        rota="technical",
        name="Technical on-call",
        zone=zone,
        layers=two_layers(members) if layers is None else list(layers),
        members=list(members),
    )


def office_hours(from_time: str = "09:00", until_time: str = "17:00", *, break_min: int = 60) -> list[WorkingDay]:
    """Ordinary duty from Monday to Friday."""
    starts, ends = time.fromisoformat(from_time), time.fromisoformat(until_time)
    return [WorkingDay(weekday=day, from_time=starts, until_time=ends, break_min=break_min) for day in range(5)]


def member(
    person: str,
    *,
    role: Role = "supervisor",
    hours: Sequence[WorkingDay] = (),
    competences: Sequence[Competence] = (),
    absences: Sequence[Absence] = (),
    terms: WorkingTerms | None = None,
) -> Member:
    """A person in force for long, without ordinary hours unless given; a supervisor may request and approve."""
    return Member(
        person=person,
        role=role,
        valid_from=LONG_AGO,
        valid_until=FAR_OFF,
        terms=WorkingTerms(hours=list(hours), competences=list(competences)) if terms is None else terms,
        absences=list(absences),
    )


def absence(
    starts_at: datetime, ends_at: datetime, *, kind: AbsenceKind = "annual", name: str = "abs-1", zone: str = LONDON
) -> Absence:
    """Leave, or a deployment away."""
    return Absence(absence=name, kind=kind, starts_at=starts_at, ends_at=ends_at, zone=zone)


def change(
    kind: ChangeKind,
    person: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    position: Position = "primary",
    decided_at: datetime = LONG_AGO,
    name: str = "c-1",
) -> Change:
    """A change, decided long ago where nothing else is said."""
    return Change(
        change=name,
        kind=kind,
        position=position,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        decided_at=decided_at,
    )


def call_out(person: str, left_home_at: datetime, returned_at: datetime | None, *, name: str = "co-1") -> CallOut:
    """A call-out without a break."""
    return CallOut(call_out=name, person=person, left_home_at=left_home_at, returned_at=returned_at)


def book(
    of: Rota | None = None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    known_from: datetime | None = None,
    as_of: datetime | None = None,
    members: Sequence[Member] | None = None,
    assigned: Sequence[Assigned] = (),
    changes: Sequence[Change] = (),
    call_outs: Sequence[CallOut] = (),
) -> RotaBook:
    """A book of four weeks from Monday 2 February 2026, local, known from its start; the rota's members without
    ordinary hours where none are given. More: `msgspec.structs.replace`."""
    whole = rota() if of is None else of
    start = local("2026-02-02T00:00", whole.zone) if starts_at is None else starts_at
    return RotaBook(
        rota=whole,
        starts_at=start,
        ends_at=local("2026-03-02T00:00", whole.zone) if ends_at is None else ends_at,
        known_from=start if known_from is None else known_from,
        as_of=start if as_of is None else as_of,
        members=[member(person) for person in whole.members] if members is None else list(members),
        assigned=list(assigned),
        changes=list(changes),
        call_outs=list(call_outs),
    )
