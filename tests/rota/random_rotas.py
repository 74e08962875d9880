"""Random rotas with turns, restrictions and cover of every kind, what was assigned in them, and what was changed."""

import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from protocols.rota.book import RotaBook
from protocols.rota.model import Assigned, Change, Layer, Requirement, Restriction, Rota, RotaPolicy, TurnLength
from tests.rota.oracle_grid import DAY
from tests.rota.oracle_on_call import turned
from tests.rota.random_frames import HOUR, Frame, on_grid, time_of_day
from tests.rota.random_people import SUBJECTS

T = TypeVar("T")


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
