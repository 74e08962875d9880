"""Random books that are nasty on purpose: each from one seed, its times on a grid, most around a change of clocks."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, get_args

from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.member import CallOut, CompensatoryRest, WorkDone
from tests.rota.oracle_grid import DAY
from tests.rota.random_frames import HOUR, Frame, clock_changes, on_grid, random_frame
from tests.rota.random_people import random_member
from tests.rota.random_rotas import random_assigned, random_changes, random_rota

ROLES: tuple[Role, ...] = get_args(Role)
ROLE_WEIGHTS = (4, 4, 2, 1, 1)


class RandomBook(NamedTuple):
    """A book, its grid, and the changes of clocks from `known_from` to `ends_at`."""

    book: RotaBook
    step_min: int
    clock_changes: list[datetime]


def random_call_outs(chance: random.Random, frame: Frame, people: list[str], as_of: datetime) -> list[CallOut]:
    found: list[CallOut] = []
    near = [moment for moment in clock_changes(frame.zone) if frame.known_from <= moment <= frame.ends_at]
    for _ in range(chance.choice((0, 1, 2, 4, 8))):
        middle = on_grid(chance, frame.known_from - HOUR, frame.ends_at, frame.step_min)
        if near and chance.random() < 0.4:
            middle = chance.choice(near) + chance.randint(-12, 4) * HOUR
        person = chance.choice(people)
        siege, pause = chance.random() < 0.15, chance.choice((0, 0, 1, 2)) * HOUR
        for _ in range(chance.randint(4, 8) if siege else chance.randint(1, 4)):
            length = timedelta(minutes=frame.step_min * chance.randint(1, 6 * 60 // frame.step_min))
            length = max(length, 5 * HOUR) if siege else length
            open_end = chance.random() < (0.6 if middle + length > as_of else 0.08)
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
            middle = found[-1].left_home_at + length + pause if siege else middle
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
