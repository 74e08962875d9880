"""Who is on call at each step: layers, then swaps, then overrides are painted one over the other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, groupby, takewhile
from typing import Literal, NamedTuple

from protocols.rota.book import RotaBook
from protocols.rota.model import Layer, Shift
from tests.rota.oracle_grid import Grid, instant

POSITIONS = ("primary", "secondary", "shadow")
DUTY = ("primary", "secondary")
EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a turn by the layer's order is known."""


class Holding(NamedTuple):
    """Why somebody has a position. Two turns are two, whatever else they share."""

    person: str
    source: Literal["layer", "override", "swap", "take-over"]
    about: str
    turn: int | None
    known_at: datetime | None


class Turned(NamedTuple):
    layer: str
    number: int
    begins: datetime
    ends: datetime
    person: str | None
    known_at: datetime | None


Held = dict[str, list[Holding | None]]


def begins_of(layer: Layer, zone: str) -> Iterator[datetime]:
    """When turn 0, 1, 2 … begin, without end."""
    for number in count():
        length = number * layer.turn.every
        if layer.turn.unit == "hours":
            yield instant(zone, layer.starts) + timedelta(hours=length)
        else:
            days = length * (7 if layer.turn.unit == "weeks" else 1)
            yield instant(zone, layer.starts + timedelta(days=days))


def turned(book: RotaBook, layer: Layer, until: datetime) -> list[Turned]:
    """All turns of a layer from the first that begin before `until`."""
    zone = book.rota.zone
    stop = min(until, instant(zone, layer.ends)) if layer.ends else until
    given = {one.starts_at: one for one in book.assigned if one.layer == layer.layer}
    begins = list(takewhile(lambda moment: moment < stop, begins_of(layer, zone)))
    after = begins_of(layer, zone)
    next(after)
    found = []
    for number, begin in enumerate(begins):
        end = next(after)
        if layer.ends:
            end = min(end, instant(zone, layer.ends))
        person = layer.order[number % len(layer.order)] if layer.order else None
        known_at: datetime | None = EVER
        if begin in given:
            person, known_at = given[begin].person, given[begin].published_at
        found.append(Turned(layer.layer, number, begin, end, person, known_at))
    return found


def held(book: RotaBook, grid: Grid) -> Held:
    """For each position and step who has it."""
    rows: Held = {position: [None] * grid.count for position in POSITIONS}
    for layer in book.rota.layers:
        allowed = grid.within(layer.restrictions)
        for turn in turned(book, layer, grid.end):
            if turn.person is not None and turn.ends > grid.begin:
                holding = Holding(turn.person, "layer", layer.layer, turn.number, turn.known_at)
                for step in allowed.intersection(grid.steps(turn.begins, turn.ends)):
                    rows[layer.position][step] = holding
    for kinds in (("swap", "take-over"), ("override",)):
        for change in sorted(book.changes, key=lambda one: (one.decided_at, one.change)):
            if change.kind in kinds:
                holding = Holding(change.person, change.kind, change.change, None, change.decided_at)
                for step in grid.steps(change.starts_at, change.ends_at):
                    rows[change.position][step] = holding
    return rows


def shifts(rows: Held, grid: Grid) -> list[Shift]:
    """What is held without a break for one reason, as shifts."""
    found = []
    for position in POSITIONS:
        begin = 0
        for holding, steps in groupby(rows[position]):
            end = begin + len(list(steps))
            if holding is not None:
                found.append(
                    Shift(
                        starts_at=grid.at(begin),
                        ends_at=grid.at(end),
                        position=position,  # type: ignore[arg-type]  # one of POSITIONS
                        person=holding.person,
                        source=holding.source,
                        about=holding.about,
                        known_at=holding.known_at,
                    )
                )
            begin = end
    return sorted(found, key=lambda one: (one.starts_at, one.ends_at, one.position, one.person, one.source, one.about))


def steps_of(rows: Held, person: str, positions: tuple[str, ...] = DUTY) -> set[int]:
    """The steps in which a person has one of the positions."""
    return {
        step
        for position in positions
        for step, holding in enumerate(rows[position])
        if holding is not None and holding.person == person
    }
