"""A rota's book as a problem for the solver: which turns there are, who may take which, and what has to be there at
every hour. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from msgspec import structs

from fleet.rota.rules.presence import AbsentRule, absences_of
from fleet.rota.rules.schedule import cover_hours, on_call
from fleet.rota.rules.spans import Span, merged, minus, near
from fleet.rota.rules.turns import Turn, holder, turns
from fleet.rota.rules.wall import restricted
from fleet.rota.solver.errors import TooManyTurns
from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from protocols.rota.model import MAX_ASSIGNED, Assigned, Layer, Position, Shift

TurnKey = tuple[str, datetime]
"""The layer's name, and the instant at which the turn begins."""


class Slot(NamedTuple):
    """A turn, with the `parts` of it that nothing stands above. `published` is who was told that they have it."""

    layer: str
    turn: int
    position: Position
    span: Span
    parts: tuple[Span, ...]
    published: str | None = None

    @property
    def key(self) -> TurnKey:
        """By which it is assigned."""
        return self.layer, self.span.starts_at

    def meets(self, spans: Sequence[Span]) -> bool:
        """Whether some of it lies in any of `spans`, which are joined and in order."""
        return any(near(part, spans) for part in self.parts)


class Presence(NamedTuple):
    """Somebody has a position whatever the solver does: by a change, or a turn that is kept."""

    person: str
    position: Position
    span: Span
    slot: Slot | None = None


class Problem:
    """The turns of a book's period: `slots`, in order of their beginning, are to be filled; `present` stays, and
    so do the turns `kept`, for nobody too."""

    def __init__(
        self, book: RotaBook, slots: tuple[Slot, ...], present: tuple[Presence, ...], kept: frozenset[TurnKey]
    ) -> None:
        self.book = book
        self.slots = slots
        self.present = present
        self.kept = kept

    @cached_property
    def period(self) -> Span:
        """What is judged."""
        return Span(self.book.starts_at, self.book.ends_at)

    @cached_property
    def by_person(self) -> dict[str, Member]:
        """Everybody of the book."""
        return {member.person: member for member in self.book.members}

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Who may be given turns, in the rota's order; everybody where it names nobody."""
        named = self.book.rota.members or list(self.by_person)
        return tuple(self.by_person[person] for person in dict.fromkeys(named) if person in self.by_person)

    @cached_property
    def cover(self) -> list[Span]:
        """The hours of the period in which the rota has to be covered."""
        return cover_hours(self.book.rota, self.period)

    @cached_property
    def reach(self) -> Span:
        """The period and all of the slots, of which the first and the last may lie partly outside it."""
        spans = [self.period, *(slot.span for slot in self.slots)]
        return Span(min(span.starts_at for span in spans), max(span.ends_at for span in spans))

    def absences(self, person: str) -> Mapping[AbsentRule, list[Span]]:
        """When somebody is not there within `reach`, though they may be on call, by the rule that says so."""
        return absences_of(self.by_person.get(person), self.reach, self.book.as_of)

    @cached_property
    def stays(self) -> list[Shift]:
        """What everybody has whatever the solver does: before the period, by changes, and by turns that are kept."""
        book = self.book
        known = Span(book.known_from, book.starts_at)
        earlier = on_call(book.rota, book.assigned, book.changes, known) if known.starts_at < known.ends_at else []
        return earlier + [
            Shift(
                starts_at=span.starts_at,
                ends_at=span.ends_at,
                position=one.position,
                person=one.person,
                source="layer",
                about="",
            )
            for one in self.present
            if (span := one.span.overlap(self.period))
        ]


def problem_of(book: RotaBook) -> Problem:
    """What is to be solved: the turns in primary and secondary that touch the period, less what a change or a layer
    above them has.

    Kept as they are: turns that are `fixed`, that began before `as_of`, or that began before the period and have
    somebody; and those in shadow, or of which nothing is left. A turn that is kept for nobody covers nothing. Raises
    TooManyTurns.
    """
    present = list(_changed(book))
    above: dict[Position, list[Span]] = {"primary": [], "secondary": [], "shadow": []}
    for one in present:
        above[one.position].append(one.span)
    given = {(one.layer, one.starts_at): one for one in book.assigned}
    slots: list[Slot] = []
    stays: set[TurnKey] = set()
    for layer in reversed(book.rota.layers):
        for slot, kept, person in list(_slots(book, layer, given, merged(above[layer.position]))):
            if person is not None:
                present += [Presence(person, slot.position, part, slot) for part in slot.parts]
            elif not kept:
                slots.append(slot)
            if kept:
                stays.add(slot.key)
            if person is not None or not kept:
                above[layer.position] += slot.parts
    if len(slots) > MAX_ASSIGNED:
        raise TooManyTurns(len(slots), MAX_ASSIGNED)
    slots.sort(key=lambda slot: (slot.span.starts_at, slot.position, slot.layer))
    return Problem(book, tuple(slots), tuple(present), frozenset(stays))


def _changed(book: RotaBook) -> Iterator[Presence]:
    if not book.changes:
        return
    first, last = min(one.starts_at for one in book.changes), max(one.ends_at for one in book.changes)
    for shift in on_call(structs.replace(book.rota, layers=[]), [], book.changes, Span(first, last)):
        if shift.position != "shadow" and shift.ends_at > book.starts_at:
            yield Presence(shift.person, shift.position, Span(shift.starts_at, shift.ends_at))


def _slots(
    book: RotaBook, layer: Layer, given: Mapping[TurnKey, Assigned], above: Sequence[Span]
) -> Iterator[tuple[Slot, bool, str | None]]:
    """A layer's turns in the period, whether each is kept, and for whom as far as that matters to the others."""
    period, zone = Span(book.starts_at, book.ends_at), book.rota.zone
    for turn in turns(layer, zone, period):
        parts = tuple(minus(restricted(turn.span, layer.restrictions, zone), near(turn.span, above)))
        slot = Slot(layer.layer, turn.number, layer.position, turn.span, parts)
        if layer.position == "shadow" or not any(part.overlap(period) for part in parts):
            yield slot, True, None
        elif _is_kept(book, turn, given):
            yield slot, True, holder(turn, given)[0]
        else:
            one = given.get(slot.key)
            told = one.person if one is not None and one.published_at is not None else None
            yield slot._replace(published=told), False, None


def _is_kept(book: RotaBook, turn: Turn, given: Mapping[TurnKey, Assigned]) -> bool:
    one = given.get((turn.layer.layer, turn.span.starts_at))
    if turn.span.starts_at < book.as_of or (one is not None and one.fixed):
        return True
    return turn.span.starts_at < book.starts_at and holder(turn, given)[0] is not None


def before(book: RotaBook, layer: Layer, count: int) -> list[str | None]:
    """Who had the last `count` turns of a layer before the first that touches the period, the last of them first."""
    given = {(one.layer, one.starts_at): one for one in book.assigned}
    earlier = turns(layer, book.rota.zone, Span(min(book.known_from, book.starts_at), book.starts_at))
    whole = [turn for turn in earlier if turn.span.ends_at <= book.starts_at]
    return [holder(turn, given)[0] for turn in reversed(whole[-count:])] if count else []


def assigned_of(problem: Problem, taken: Sequence[str | None]) -> list[Assigned]:
    """The turns of the problem as they are to be assigned, in order of their beginning, `taken` by its slots in order;
    those that are kept are as the book has them. Who keeps a turn keeps its entry, and so when it was published."""
    given = {(one.layer, one.starts_at): one for one in problem.book.assigned}
    found = [one for key, one in given.items() if key in problem.kept]
    for slot, person in zip(problem.slots, taken, strict=True):
        one = given.get(slot.key)
        if one is None or one.person != person:
            one = Assigned(layer=slot.layer, starts_at=slot.span.starts_at, person=person)
        found.append(one)
    return sorted(found, key=lambda one: (one.starts_at, one.layer))


def with_assigned(book: RotaBook, assigned: Sequence[Assigned]) -> RotaBook:
    """The book with these instead of what it says of the same turns."""
    given = {(one.layer, one.starts_at): one for one in [*book.assigned, *assigned]}
    return structs.replace(book, assigned=sorted(given.values(), key=lambda one: (one.starts_at, one.layer)))
