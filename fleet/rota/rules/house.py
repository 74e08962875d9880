"""Rules of the house, all †: handover hours, notice, turns one after the other, length of deployments away. Pure.

docs/rota-rules.md, "Cover and the house", is the contract in words.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby, pairwise

from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import holder, turns
from fleet.rota.rules.wall import dates_touched, instant, wall_time
from fleet.rota.rules.words import key_time, listed, said, said_span
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding
from protocols.rota.model import Layer, Shift

_DAY = timedelta(days=1)
_HUNDREDTH = timedelta(days=0.01)
_SHIFTS_SAID = 3


def house_findings(book: RotaBook, shifts: Sequence[Shift]) -> list[Finding]:
    """Every warning of the house in the period; `shifts` are those of `shifts_of`. Sorted by time."""
    on_call = [shift for shift in shifts if shift.position != "shadow"]
    found = [*_handovers(book, on_call), *_notices(book, on_call), *_runs(book, on_call), *_lengths_away(book)]
    return sorted(found, key=lambda one: (one.starts_at, one.rule, one.key))


def _handovers(book: RotaBook, shifts: Sequence[Shift]) -> Iterator[Finding]:
    zone, policy = book.rota.zone, book.rota.policy
    hours = f"{policy.handover_from:%H:%M}–{policy.handover_until:%H:%M}"
    for position in ("primary", "secondary"):
        for before, after in pairwise(shift for shift in shifts if shift.position == position):
            at = after.starts_at
            if before.ends_at != at or before.person == after.person or not book.starts_at <= at < book.ends_at:
                continue
            if _among(wall_time(at, zone).time(), policy.handover_from, policy.handover_until):
                continue
            yield Finding(
                key=f"handover:{position}:{key_time(at)}",
                rule="handover",
                regulation=None,
                answer="warning",
                persons=[before.person, after.person],
                starts_at=at,
                ends_at=after.ends_at,
                sentence=f"{before.person} hands over to {after.person} as {position} on {said(at, zone)}, "
                f"outside {hours}",
                remedy=f"move the handover to a time within {hours}",
                shifts=[before, after],
            )


def _among(at: time, first: time, last: time) -> bool:
    """Whether a time of day lies from `first` to `last`, both counted in; over midnight where `last` is not later,
    so that the same time twice is always."""
    return first <= at <= last if first < last else at >= first or at <= last


def _notices(book: RotaBook, shifts: Sequence[Shift]) -> Iterator[Finding]:
    zone, days = book.rota.zone, book.rota.policy.notice_days
    late: dict[tuple[str, datetime], list[Shift]] = {}
    for shift in shifts:
        known_at = shift.known_at if shift.known_at is not None else book.as_of
        agreed = shift.source in ("swap", "take-over")
        if not agreed and shift.starts_at >= book.starts_at and known_at > _days_before(shift.starts_at, days, zone):
            late.setdefault((shift.person, known_at), []).append(shift)
    for (person, known_at), mine in late.items():
        # The key of what is only planned does not change with the time at which it is judged.
        told = key_time(known_at) if mine[0].known_at is not None else "planned"
        first, given = mine[0], max(mine[0].starts_at - known_at, timedelta(0))
        begin = [said(shift.starts_at, zone) for shift in mine[:_SHIFTS_SAID]]
        more = [f"{len(mine) - _SHIFTS_SAID} more"] if len(mine) > _SHIFTS_SAID else []
        yield Finding(
            key=f"notice:{person}:{told}:{key_time(first.starts_at)}",
            rule="notice",
            regulation=None,
            answer="warning",
            persons=[person],
            starts_at=first.starts_at,
            ends_at=max(shift.ends_at for shift in mine),
            sentence=f"{person} can not know before {said(known_at, zone)}, less than {days} days ahead, of being on "
            f"call from {listed([*begin, *more])}",
            remedy=f"publish earlier, or agree it with {person} as a swap or take-over",
            shifts=mine,
            measured=given // _HUNDREDTH / 100,
            limit=days,
            unit="days",
        )


def _days_before(at: datetime, days: int, zone: str) -> datetime:
    """The same time of day some local dates before."""
    return instant(wall_time(at, zone) - days * _DAY, zone)


def _runs(book: RotaBook, shifts: Sequence[Shift]) -> Iterator[Finding]:
    window = Span(book.known_from, book.ends_at)
    assigned = {(one.layer, one.starts_at): one for one in book.assigned}
    for layer in book.rota.layers:
        if layer.position == "shadow":
            continue
        held = ((holder(turn, assigned)[0], turn.span) for turn in turns(layer, book.rota.zone, window))
        for person, group in groupby(held, key=lambda one: one[0]):
            spans = [span for _, span in group]
            run = Span(spans[0].starts_at, min(spans[-1].ends_at, book.ends_at))
            if person is not None and len(spans) > book.rota.policy.turns_in_a_row and run.ends_at > book.starts_at:
                yield _run(book, layer, person, run, len(spans), shifts)


def _run(book: RotaBook, layer: Layer, person: str, run: Span, count: int, shifts: Sequence[Shift]) -> Finding:
    limit = book.rota.policy.turns_in_a_row
    return Finding(
        key=f"turns-in-a-row:{layer.layer}:{person}:{key_time(run.starts_at)}",
        rule="turns-in-a-row",
        regulation=None,
        answer="warning",
        persons=[person],
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        sentence=f"{person} has {count} turns of the layer {layer.layer} one after the other, more than {limit}, "
        f"{said_span(run, book.rota.zone)}",
        remedy="give one of them to somebody else, or exchange it with a turn later on",
        shifts=[
            shift
            for shift in shifts
            if (shift.person, shift.source, shift.about) == (person, "layer", layer.layer)
            and run.overlap(Span(shift.starts_at, shift.ends_at)) is not None
        ],
        measured=count,
        limit=limit,
        unit="turns",
    )


def _lengths_away(book: RotaBook) -> Iterator[Finding]:
    zone, limit = book.rota.zone, book.rota.policy.away_days
    period = Span(book.starts_at, book.ends_at)
    for member in book.members:
        for one in member.absences:
            span = Span(one.starts_at, one.ends_at)
            if one.kind != "away" or period.overlap(span) is None:
                continue
            days = sum(1 for _ in dates_touched(span, zone))
            if days > limit:
                yield Finding(
                    key=f"length-away:{member.person}:{one.absence}",
                    rule="length-away",
                    regulation=None,
                    answer="warning",
                    persons=[member.person],
                    starts_at=span.starts_at,
                    ends_at=min(span.ends_at, book.ends_at),
                    sentence=f"{member.person} is on a deployment away on {days} days, more than {limit}, "
                    f"{said_span(span, zone)}",
                    remedy="relieve them by somebody else within it, or record why it has to be so long",
                    measured=days,
                    limit=limit,
                    unit="days",
                )
