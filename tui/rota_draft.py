"""A draft of a rota's turns: who is given what by hand, before anybody is told. Pure, but for its own memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import Turn, holder, turns
from protocols.rota.book import RotaBook
from protocols.rota.member import Member
from protocols.rota.model import Assigned, Position, Rota, Shift

MAX_UNDO = 500
_HOUR, _INSTANT = timedelta(hours=1), timedelta(microseconds=1)

TurnKey = tuple[str, datetime]
"""A turn's layer and the instant at which it begins."""


def key_of(turn: Turn) -> TurnKey:
    """What tells a turn from the others of its rota."""
    return turn.layer.layer, turn.span.starts_at


class Candidate(NamedTuple):
    """A member of the rota, and why they can not take a turn: `leave`, `away`, `out of term`, `secondary`, or empty."""

    person: str
    hinders: str


def candidates(book: RotaBook, turn: Turn, shifts: Sequence[Shift]) -> list[Candidate]:
    """Every member of the rota in its order; `shifts` say who has the other position meanwhile."""
    known = {member.person: member for member in book.members}
    return [
        Candidate(person, _hinders(known.get(person), turn, [one for one in shifts if one.person == person]))
        for person in book.rota.members
    ]


def _hinders(member: Member | None, turn: Turn, shifts: Sequence[Shift]) -> str:
    span = turn.span
    if member is None or span.starts_at < member.valid_from or member.valid_until < span.ends_at:
        return "out of term"
    for absence in member.absences:
        if span.overlap(Span(absence.starts_at, absence.ends_at)) is not None:
            return "away" if absence.kind == "away" else "leave"
    return _other_position(turn.layer.position, span, shifts)


def _other_position(position: Position, span: Span, shifts: Iterable[Shift]) -> str:
    return next(
        (
            one.position
            for one in shifts
            if one.position != position
            and "shadow" not in {one.position, position}
            and span.overlap(Span(one.starts_at, one.ends_at)) is not None
        ),
        "",
    )


class Draft:
    """The turns given in a draft, with undo and redo. `plan` is under which id it was saved last, None: not yet.

    A draft holds only what differs from what is published, so that nothing is told anew which stays as it is.
    """

    def __init__(self, assigned: Iterable[Assigned] = (), plan: str | None = None, period: Span | None = None) -> None:
        self.plan = plan
        self._given: dict[TurnKey, Assigned] = {(one.layer, one.starts_at): one for one in assigned}
        self._period = period
        self._of_plan = frozenset(self._given) if period is not None else frozenset()
        self._saved = dict(self._given)
        self._before: list[dict[TurnKey, Assigned]] = []
        self._after: list[dict[TurnKey, Assigned]] = []

    @property
    def assigned(self) -> list[Assigned]:
        """The turns given, by time and layer."""
        return _in_order(self._given)

    @property
    def many(self) -> int:
        """How many turns are given."""
        return len(self._given)

    def many_new(self, book: RotaBook) -> int:
        """How many of the turns given are not so published yet, and have not begun; `book` says what is published."""
        published = _published(book)
        return sum(_is_new(one, published.get(key)) for key, one in self._given.items() if one.starts_at > book.as_of)

    @property
    def is_empty(self) -> bool:
        """Whether it is all as published."""
        return not self._given

    @property
    def is_unsaved(self) -> bool:
        """Whether something was changed since it was saved, or opened."""
        return self._given != self._saved

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back."""
        return bool(self._after)

    def person(self, turn: Turn, book: RotaBook) -> str | None:
        """Who has the turn in the draft, None: nobody."""
        return holder(turn, {**_published(book), **self._given})[0]

    def is_fixed(self, turn: Turn, book: RotaBook) -> bool:
        """Whether a solver has to keep it."""
        given = self._given.get(key_of(turn)) or _published(book).get(key_of(turn))
        return given is not None and given.fixed

    def give(self, turn: Turn, person: str | None, book: RotaBook) -> None:
        """Give the turn to `person`, or on purpose to nobody; it stays fixed where it was."""
        self._put(turn, person, book, fixed=self.is_fixed(turn, book))

    def fix(self, turn: Turn, book: RotaBook) -> None:
        """Let a solver keep who has the turn, or let it give the turn anew."""
        self._put(turn, self.person(turn, book), book, fixed=not self.is_fixed(turn, book))

    def undo(self) -> None:
        """As it was before the last change; nothing when there was none."""
        self._step(self._before, self._after)

    def redo(self) -> None:
        """As it was before the last undo; nothing when there was none."""
        self._step(self._after, self._before)

    def saved(self, plan: str) -> None:
        """It is kept as `plan`."""
        self.plan = plan
        self._saved = dict(self._given)

    def book(self, book: RotaBook) -> RotaBook:
        """`book` as the draft would make it."""
        published = _published(book)
        given = {key: _known(one, book.rota, published) for key, one in self._given.items()}
        return msgspec.structs.replace(book, assigned=_in_order({**published, **given}))

    def period(self, shown: Span) -> Span:
        """What it is a plan for: the period that it was made for, else what is shown; longer where a turn given begins
        outside; a turn of the plan that was opened does so only where it goes on into the period."""
        period = self._period or shown
        begin = [one.starts_at for key, one in self._given.items() if key not in self._of_plan]
        return Span(min([period.starts_at, *begin]), max([period.ends_at, *[at + _HOUR for at in begin]]))

    def _put(self, turn: Turn, person: str | None, book: RotaBook, *, fixed: bool) -> None:
        key, published = key_of(turn), _published(book)
        given = dict(self._given)
        known = published.get(key)
        if holder(turn, published)[0] == person and (known is not None and known.fixed) == fixed:
            given.pop(key, None)
        else:
            given[key] = Assigned(layer=key[0], starts_at=key[1], person=person, fixed=fixed)
        if given != self._given:
            self._before = [*self._before[-MAX_UNDO + 1 :], self._given]
            self._after = []
            self._given = given

    def _step(self, here: list[dict[TurnKey, Assigned]], there: list[dict[TurnKey, Assigned]]) -> None:
        if here:
            there.append(self._given)
            self._given = here.pop()


def _published(book: RotaBook) -> dict[TurnKey, Assigned]:
    return {(one.layer, one.starts_at): one for one in book.assigned}


def _is_new(given: Assigned, known: Assigned | None) -> bool:
    return known is None or (known.person, known.fixed) != (given.person, given.fixed)


def _known(given: Assigned, rota: Rota, published: dict[TurnKey, Assigned]) -> Assigned:
    """`given` with since when its person knows of the turn, where they have it already."""
    layer = next((one for one in rota.layers if one.layer == given.layer), None)
    at = Span(given.starts_at, given.starts_at + _INSTANT)
    for turn in turns(layer, rota.zone, at) if layer is not None else ():
        person, known_at = holder(turn, published)
        if turn.span.starts_at == given.starts_at and person == given.person:
            return msgspec.structs.replace(given, published_at=known_at)
    return msgspec.structs.replace(given, published_at=None)


def _in_order(given: dict[TurnKey, Assigned]) -> list[Assigned]:
    return sorted(given.values(), key=lambda one: (one.starts_at, one.layer))
