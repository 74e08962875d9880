"""Random books that are nasty on purpose: each from one seed, its times on a grid, most around a change of clocks."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.member import CallOut, CompensatoryRest, WorkDone
from protocols.rota.model import Assigned, Change, Layer, Requirement, Restriction, Rota, RotaPolicy, TurnLength
from tests.rota.oracle_grid import DAY, instant
from tests.rota.oracle_on_call import turned
from tests.rota.random_people import SUBJECTS, random_member

HOUR = timedelta(hours=1)
LONDON = "Europe/London"
HOURLY_ZONES = (LONDON, LONDON, LONDON, LONDON, LONDON, LONDON, LONDON, "Europe/Berlin", "America/New_York")
ZONES = (*HOURLY_ZONES, LONDON, LONDON, LONDON, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland", "UTC")
UNTIL = datetime(2031, 1, 1, tzinfo=UTC)
FROM = datetime(2026, 1, 1, tzinfo=UTC)
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_WEIGHTS = (4, 4, 2, 1, 1)

T = TypeVar("T")


class RandomBook(NamedTuple):
    """A book, its grid, and the changes of clocks from `known_from` to `ends_at`."""

    book: RotaBook
    step_min: int
    clock_changes: list[datetime]


@cache
def clock_changes(zone: str) -> list[datetime]:
    """Every change of clocks in a zone from 2026 to 2030, found by asking every quarter of an hour of such days."""
    found, where = [], ZoneInfo(zone)
    day = FROM
    while day < UNTIL:
        if day.astimezone(where).utcoffset() != (day + DAY).astimezone(where).utcoffset():
            moments = [day + n * timedelta(minutes=15) for n in range(97)]
            found += [
                two
                for one, two in pairwise(moments)
                if one.astimezone(where).utcoffset() != two.astimezone(where).utcoffset()
            ]
        day += DAY
    return found


class Frame(NamedTuple):
    """Where a book lies in time, and how fine."""

    zone: str
    step_min: int
    starts_at: datetime
    ends_at: datetime
    known_from: datetime


def on_grid(chance: random.Random, begins: datetime, ends: datetime, step_min: int) -> datetime:
    """An instant of the grid in [`begins`, `ends`], which lie on it."""
    return begins + chance.randint(0, max(0, (ends - begins) // timedelta(minutes=step_min))) * timedelta(
        minutes=step_min
    )


def time_of_day(chance: random.Random, step_min: int, *likely: time) -> time:
    if likely and chance.random() < 0.6:
        return chance.choice(likely)
    minutes = chance.randrange(0, 24 * 60, step_min)
    return time(minutes // 60, minutes % 60)


def random_frame(chance: random.Random) -> Frame:
    kind = chance.choices(("short", "middle", "long", "year"), (62, 24, 7, 7))[0]
    days = {"short": (1, 16), "middle": (14, 35), "long": (60, 140), "year": (1, 21)}[kind]
    known = {"short": (0, 14), "middle": (0, 21), "long": (0, 30), "year": (115, 240)}[kind]
    step_min = {"short": 15, "middle": 30, "long": 60, "year": 60}[kind]
    zone = chance.choice(HOURLY_ZONES if step_min == 60 else ZONES)
    if zone == "Asia/Kathmandu" or (kind == "short" and chance.random() < 0.1):
        step_min = 15 if zone == "Asia/Kathmandu" else 5
    length, before = chance.randint(*days), chance.randint(*known)
    if kind == "short" and chance.random() < 0.3:
        before = 0
    changes = clock_changes(zone) or clock_changes(LONDON)
    middle = chance.choice(changes).date()
    if chance.random() < 0.1:
        middle = date(2026, 1, 1) + timedelta(days=chance.randrange(1800))
    first = middle - timedelta(days=chance.randint(0, length + min(before, 20)))
    if chance.random() < 0.5:
        first -= timedelta(days=first.weekday())
    starts_at = instant(zone, datetime.combine(first, time()))
    ends_at = instant(zone, datetime.combine(first + timedelta(days=length), time()))
    known_from = instant(zone, datetime.combine(first - timedelta(days=before), time()))
    if chance.random() < 0.3:
        ends_at += chance.randint(0, 23) * HOUR
        starts_at += chance.randint(0, 12) * HOUR
    if before and chance.random() < 0.3:
        known_from += chance.randint(0, 12) * HOUR
    return Frame(zone, step_min, starts_at, ends_at, known_from)


def some(chance: random.Random, things: Sequence[T], least: int = 1) -> list[T]:
    return chance.sample(things, chance.randint(min(least, len(things)), len(things)))


def restrictions(chance: random.Random, step_min: int, most: int) -> list[Restriction]:
    found = []
    for _ in range(chance.randint(0, most)):
        days = chance.choice(([0, 1, 2, 3, 4], [5, 6], list(range(7)), sorted(some(chance, range(7)))))
        night = (time(18), time(8), time(1), time(2), time(0), time(9), time(17))
        found.append(
            Restriction(
                weekdays=days,
                from_time=time_of_day(chance, step_min, *night),
                until_time=time_of_day(chance, step_min, *night),
            )
        )
    return found


def random_layer(chance: random.Random, frame: Frame, name: str, position: Any, people: list[str]) -> Layer:
    unit: Any = chance.choices(("weeks", "days", "hours"), (4, 4, 2))[0]
    every = chance.choice({"weeks": (1, 1, 2), "days": (1, 2, 3, 7), "hours": (6, 8, 12, 24, 36, 168)}[unit])
    first = frame.known_from.date() - timedelta(days=chance.choice((0, 1, 7, 30, 200)))
    starts = datetime.combine(
        first, time_of_day(chance, frame.step_min, time(9), time(1), time(0), time(17), time(1, 30))
    )
    starts = starts if frame.step_min < 60 else starts.replace(minute=0)
    ends = None
    if chance.random() < 0.15:
        ends = datetime.combine(
            frame.starts_at.date() + timedelta(days=chance.randint(-3, (frame.ends_at - frame.starts_at).days)),
            time_of_day(chance, frame.step_min),
        )
    order = some(chance, people, 1) if chance.random() < 0.9 else []
    if order and chance.random() < 0.15:
        order = [*order, order[0]]
    return Layer(
        layer=name,
        position=position,
        starts=starts,
        turn=TurnLength(every=every, unit=unit),
        ends=ends,
        order=order,
        restrictions=restrictions(chance, frame.step_min, 3) if chance.random() < 0.4 else [],
    )


def random_rota(chance: random.Random, frame: Frame, people: list[str]) -> Rota:
    taken: Any = chance.choice((["primary", "secondary"], ["primary"], ["primary", "secondary"], ["secondary"]))
    positions = ["primary", "secondary", *chance.choices(("primary", "secondary", "shadow"), k=2)]
    layers = [
        random_layer(chance, frame, f"l{number}", position, people)
        for number, position in enumerate(positions[: chance.randint(1, 4)])
    ]
    chance.shuffle(layers)
    who = [
        Requirement(
            subject=chance.choice(SUBJECTS), level=chance.choice((0, 3, 4)), who=chance.choice(("each", "pair"))
        )
        for _ in range(chance.choice((0, 0, 1, 2)))
    ]
    return Rota(
        rota="random",
        name="Random",
        zone=frame.zone,
        layers=layers,
        members=people,
        positions=taken,
        standby="workplace" if chance.random() < 0.3 else "home",
        cover=restrictions(chance, frame.step_min, 2) if chance.random() < 0.4 else [],
        requirements=who,
        signers=chance.random() < 0.7,
        policy=random_policy(chance, frame.step_min),
    )


def random_policy(chance: random.Random, step_min: int) -> RotaPolicy:
    if chance.random() < 0.4:
        return RotaPolicy(weekly_rest=chance.choice(("week", "fortnight")))
    return RotaPolicy(
        handover_from=time_of_day(chance, step_min, time(7), time(9)),
        handover_until=time_of_day(chance, step_min, time(19), time(17), time(9)),
        notice_days=chance.choice((0, 1, 2, 7, 14)),
        away_days=chance.choice((1, 2, 5)),
        away_from=time_of_day(chance, step_min, time(8), time(20)),
        away_until=time_of_day(chance, step_min, time(18), time(6)),
        away_break_min=chance.choice((0, 10, 60, 240)),
        run_days=chance.choice((1, 2, 5, 6, 12)),
        turns_in_a_row=chance.choice((1, 1, 2, 3)),
        weekly_rest=chance.choice(("week", "fortnight")),
    )


def random_assigned(chance: random.Random, frame: Frame, rota: Rota, people: list[str]) -> list[Assigned]:
    empty = RotaBook(
        rota=rota,
        starts_at=frame.starts_at,
        ends_at=frame.ends_at,
        known_from=frame.known_from,
        as_of=frame.starts_at,
        members=[],
    )
    share, found = chance.choice((0.0, 0.2, 0.5, 1.0)), []
    for layer in rota.layers:
        for turn in turned(empty, layer, frame.ends_at):
            if turn.ends > frame.known_from and chance.random() < share:
                wrong = timedelta(minutes=frame.step_min) if chance.random() < 0.03 else timedelta()
                known = frame.starts_at - chance.randint(-200, 900) * HOUR
                found.append(
                    Assigned(
                        layer=layer.layer,
                        starts_at=turn.begins + wrong,
                        person=chance.choice(people) if chance.random() < 0.9 else None,
                        published_at=known if chance.random() < 0.7 else None,
                    )
                )
    return found


def random_changes(chance: random.Random, frame: Frame, people: list[str]) -> list[Change]:
    found: list[Change] = []
    for number in range(chance.choice((0, 0, 1, 2, 3, 6))):
        begins = on_grid(chance, frame.known_from - DAY, frame.ends_at, frame.step_min)
        length = timedelta(minutes=chance.choice((60, 120, 480, 720, 1440, 4320, 10080)))
        if found and chance.random() < 0.4:
            begins = found[-1].starts_at + chance.choice((-1, 0, 1)) * HOUR
        decided = begins - chance.randint(-5, 500) * HOUR
        if found and chance.random() < 0.3:
            decided = found[-1].decided_at
        found.append(
            Change(
                change=f"c{chance.randrange(1000)}-{number}",
                kind=chance.choice(("override", "swap", "take-over")),
                position=chance.choice(("primary", "primary", "secondary", "shadow")),
                person=chance.choice(people),
                starts_at=begins,
                ends_at=begins + length,
                decided_at=decided,
            )
        )
    chance.shuffle(found)
    return found


def random_call_outs(chance: random.Random, frame: Frame, people: list[str], as_of: datetime) -> list[CallOut]:
    found: list[CallOut] = []
    near = [moment for moment in clock_changes(frame.zone) if frame.known_from <= moment <= frame.ends_at]
    for _ in range(chance.choice((0, 1, 2, 4, 8))):
        middle = on_grid(chance, frame.known_from - HOUR, frame.ends_at, frame.step_min)
        if near and chance.random() < 0.4:
            middle = chance.choice(near) + chance.randint(-12, 4) * HOUR
        person = chance.choice(people)
        for _ in range(chance.randint(1, 4)):
            length = timedelta(minutes=frame.step_min * chance.randint(1, 6 * 60 // frame.step_min))
            open_end = chance.random() < 0.08 or middle + length > as_of
            found.append(
                CallOut(
                    call_out=f"o-{len(found)}",
                    person=person,
                    left_home_at=middle,
                    returned_at=None if open_end else middle + length,
                    break_min=chance.choice((0, 0, 0, 15, 20, 60)),
                )
            )
            middle += timedelta(minutes=frame.step_min * chance.randint(0, 12 * 60 // frame.step_min))
    return found


def random_spans(
    chance: random.Random, frame: Frame, many: Sequence[int], longest_h: int
) -> list[tuple[datetime, datetime]]:
    found = []
    for _ in range(chance.choice(many)):
        begins = on_grid(chance, frame.known_from - DAY, frame.ends_at + 2 * DAY, frame.step_min)
        steps = chance.randint(1, longest_h * 60 // frame.step_min)
        found.append((begins, begins + steps * timedelta(minutes=frame.step_min)))
    return found


def random_book(seed: int) -> RandomBook:
    """The book of a seed: the same wherever it is asked for."""
    chance = random.Random(seed)
    frame = random_frame(chance)
    people = [f"TO-{number:02}" for number in range(1, chance.randint(2, 8) + 1)]
    strangers = ["TO-99"] if chance.random() < 0.05 else []
    rota = random_rota(chance, frame, people + strangers)
    as_of = on_grid(chance, frame.known_from - 20 * DAY, frame.ends_at + 2 * DAY, frame.step_min)
    span = (frame.known_from, frame.ends_at)
    members = [
        random_member(chance, person, chance.choices(ROLES, ROLE_WEIGHTS)[0], span, frame.zone, frame.step_min)
        for person in people
    ]
    book = RotaBook(
        rota=rota,
        starts_at=frame.starts_at,
        ends_at=frame.ends_at,
        known_from=frame.known_from,
        as_of=as_of,
        members=members,
        bank_holidays=random_bank_holidays(chance, frame),
        assigned=random_assigned(chance, frame, rota, people),
        changes=random_changes(chance, frame, people + strangers),
        call_outs=random_call_outs(chance, frame, people, as_of),
        work_done=[
            WorkDone(
                work=f"w-{number}",
                person=chance.choice(people),
                starts_at=begins,
                ends_at=ends,
                break_min=chance.choice((0, 0, 15, 20, 60, 300)),
            )
            for number, (begins, ends) in enumerate(random_spans(chance, frame, (0, 0, 1, 3, 6), 16))
        ],
        rests=[
            CompensatoryRest(rest=f"r-{number}", person=chance.choice(people), starts_at=begins, ends_at=ends)
            for number, (begins, ends) in enumerate(
                random_spans(chance, frame, (0, 1, 3, 6, 14), chance.choice((12, 36, 90)))
            )
        ],
    )
    within = [moment for moment in clock_changes(frame.zone) if frame.known_from < moment < frame.ends_at]
    return RandomBook(book, frame.step_min, within)


def random_bank_holidays(chance: random.Random, frame: Frame) -> list[date]:
    days = (frame.ends_at - frame.known_from).days + 1
    return sorted(
        {frame.known_from.date() + timedelta(days=chance.randrange(days)) for _ in range(chance.randint(0, 3))}
    )
