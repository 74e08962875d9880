"""Who has a position, and when: turns, and what was changed by hand. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise
from typing import Literal, NamedTuple

from fleet.rota.rules.spans import Span, minus
from fleet.rota.rules.turns import ALWAYS, Turn, holder, turns
from fleet.rota.rules.wall import instant, restricted
from protocols.rota.book import RotaBook
from protocols.rota.model import Assigned, Change, Gap, Layer, Position, Rota, Shift

LOOK_DAYS = 512
"""How far before and after an instant the ends of a shift are looked for."""

_FIRST_LOOK_DAYS = 8


class Claim(NamedTuple):
    """Somebody would have a position in `span`: by a turn of the layer in place `height` of the rota's list, or by a
    change."""

    span: Span
    person: str
    by: Turn | Change
    height: int
    known_at: datetime | None


def precedence(claim: Claim) -> tuple[int, datetime, str, int]:
    """Of all who claim a position at an instant, the one with the greatest of these has it: an override before a swap
    or take-over before a layer; of changes the one decided last, then the greater id; of layers the latest listed.
    """
    if isinstance(claim.by, Turn):
        return 0, ALWAYS, "", claim.height
    return (2 if claim.by.kind == "override" else 1), claim.by.decided_at, claim.by.change, 0


def on_call(rota: Rota, assigned: Sequence[Assigned], changes: Sequence[Change], window: Span) -> list[Shift]:
    """Every shift in `window`, cut to it, of all positions, sorted. At most one person has a position at an instant."""
    claims = _claims(rota, assigned, changes, window)
    return sorted(shift for position in claims for shift in _shifts(position, claims[position]))


def shifts_of(book: RotaBook) -> list[Shift]:
    """Every shift of a book from where work is known to the end of its period."""
    return on_call(book.rota, book.assigned, book.changes, Span(book.known_from, book.ends_at))


def cover_hours(rota: Rota, window: Span) -> list[Span]:
    """The hours of cover in `window`, joined and in order: none before the first of the layers begins, shadows' apart;
    before that there was no rota."""
    begins = [instant(layer.starts, rota.zone) for layer in rota.layers if layer.position != "shadow"]
    began = Span(max(window.starts_at, min(begins, default=window.starts_at)), window.ends_at)
    return restricted(began, rota.cover, rota.zone) if began.starts_at < began.ends_at else []


def gaps(rota: Rota, shifts: Iterable[Shift], window: Span) -> list[Gap]:
    """Where in `window`, within the hours of cover, nobody of `shifts` has a position that has to be taken; sorted."""
    hours = cover_hours(rota, window)
    taken: dict[Position, list[Span]] = defaultdict(list)
    for shift in shifts:
        taken[shift.position].append(Span(shift.starts_at, shift.ends_at))
    return sorted(
        Gap(starts_at=span.starts_at, ends_at=span.ends_at, position=position)
        for position in rota.positions
        for span in minus(hours, taken[position])
    )


def holder_at(rota: Rota, assigned: Sequence[Assigned], changes: Sequence[Change], at: datetime) -> list[Shift]:
    """The shifts of those who are on call at `at`, from their true beginning to their true end, by position. What is
    more than LOOK_DAYS away from `at` is cut there."""
    days = _FIRST_LOOK_DAYS
    while True:
        window = Span(at - timedelta(days=days), at + timedelta(days=days))
        shifts = [shift for shift in on_call(rota, assigned, changes, window) if shift.starts_at <= at < shift.ends_at]
        cut = any(shift.starts_at == window.starts_at or shift.ends_at == window.ends_at for shift in shifts)
        if not cut or days >= LOOK_DAYS:
            return sorted(shifts, key=lambda shift: shift.position)
        days *= 2


def _claims(
    rota: Rota, assigned: Sequence[Assigned], changes: Sequence[Change], window: Span
) -> dict[Position, list[Claim]]:
    given = {(one.layer, one.starts_at): one for one in assigned}
    claims: dict[Position, list[Claim]] = defaultdict(list)
    for height, layer in enumerate(rota.layers):
        for turn, spans in _restricted_turns(layer, rota.zone, window):
            person, known_at = holder(turn, given)
            if person is not None:
                claims[layer.position] += [Claim(span, person, turn, height, known_at) for span in spans]
    for change in changes:
        span = window.overlap(Span(change.starts_at, change.ends_at))
        if span is not None:
            claims[change.position].append(Claim(span, change.person, change, 0, change.decided_at))
    return claims


def _restricted_turns(layer: Layer, zone: str, window: Span) -> Iterator[tuple[Turn, list[Span]]]:
    """Each turn in `window` with the parts of it that count, cut to the window."""
    hours = restricted(window, layer.restrictions, zone)
    first = 0
    for turn in turns(layer, zone, window):
        while first < len(hours) and hours[first].ends_at <= turn.span.starts_at:
            first += 1
        parts: list[Span] = []
        for i in range(first, len(hours)):
            part = turn.span.overlap(hours[i])
            if part is None:
                break
            parts.append(part)
        yield turn, parts


def _shifts(position: Position, claims: list[Claim]) -> list[Shift]:
    """The shifts in one position: parts of a turn, or of a change, that touch are one."""
    shifts: list[Shift] = []
    last: tuple[object, ...] = ()
    for span, claim in _winning(claims):
        source, about, number = _why(claim)
        this = (claim.person, source, about, number)
        if shifts and this == last and shifts[-1].ends_at == span.starts_at:
            span = Span(shifts.pop().starts_at, span.ends_at)  # noqa: PLW2901 - the shift goes on
        shifts.append(
            Shift(
                starts_at=span.starts_at,
                ends_at=span.ends_at,
                position=position,
                person=claim.person,
                source=source,
                about=about,
                known_at=claim.known_at,
            )
        )
        last = this
    return shifts


def _why(claim: Claim) -> tuple[Literal["layer", "override", "swap", "take-over"], str, int]:
    if isinstance(claim.by, Turn):
        return "layer", claim.by.layer.layer, claim.by.number
    return claim.by.kind, claim.by.change, -1


def _winning(claims: list[Claim]) -> Iterator[tuple[Span, Claim]]:
    """By time, between any two instants at which a claim begins or ends, the claim that takes precedence."""
    ranked = sorted(claims, key=precedence, reverse=True)
    waiting = sorted(range(len(ranked)), key=lambda rank: ranked[rank].span.starts_at, reverse=True)
    marks = sorted({mark for claim in claims for mark in claim.span})
    best: list[int] = []
    for starts_at, ends_at in pairwise(marks):
        while waiting and ranked[waiting[-1]].span.starts_at <= starts_at:
            heappush(best, waiting.pop())
        while best and ranked[best[0]].span.ends_at <= starts_at:
            heappop(best)
        if best:
            yield Span(starts_at, ends_at), ranked[best[0]]
