"""Handovers as lines, and the sheet of one: what the primary hands to the next one. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from protocols.api.handovers import (
    HandoverRow,
    HandoverSheet,
    HandoverView,
    Part,
    SheetAlarm,
    SheetAuthority,
    SheetDeployment,
    SheetGap,
    SheetKit,
    SheetPaper,
    SheetRest,
    SheetWelfare,
)
from tui.duty_words import without_beginning
from tui.on_call_line import coming
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.words import UNKNOWN, duration, full_moment, left, moment, number, plural, safe

T = TypeVar("T")
_KIT_TONES: dict[str, Tone] = {"overdue": "bad", "due-back": "fair", "out": "plain"}


def waits_for(row: HandoverRow, me: str) -> bool:
    """Whether this person has still to acknowledge it."""
    return me in row.waits_for


def stands_span(row: HandoverRow, me: str) -> Span:
    """Where it stands: who has still to acknowledge it."""
    if row.superseded_by is not None:
        return Span("superseded", "muted")
    if not row.waits_for:
        return Span("acknowledged by both", "good")
    if me in row.waits_for:
        return Span(" WAITS FOR YOU ", "loud")
    return Span(f"waits for {', '.join(row.waits_for)}", "fair")


def handover_line(row: HandoverRow, width: int, me: str, now: datetime, *, utc: bool) -> Line:
    """One line: when, which rota, from whom to whom, where it stands."""
    old = row.superseded_by is not None
    stands = stands_span(row, me)
    return (
        Span(fit(moment(row.change_at, now, utc=utc), 13), "muted"),
        Span(fit(row.rota, 24 if width > 110 else 14), "muted" if old else "accent"),
        Span(fit(f" {row.outgoing} → {row.incoming}", 20), "muted" if old else "strong"),
        Span(fit(f"made {moment(row.made_at, now, utc=utc)}", 22) if width > 110 else "", "muted"),
        stands,
    )


def handover_detail(row: HandoverRow, me: str, now: datetime, *, utc: bool) -> list[Line]:
    """Who made it, who has acknowledged, what the key does."""
    told: list[Line] = [(Span(f" made by {row.made_by}", "muted"),)]
    told += [(Span(f"{one.part} {one.person} {moment(one.at, now, utc=utc)}", "muted"),) for one in row.acknowledged]
    hint = " enter shows the sheet; a there acknowledges it" if waits_for(row, me) else ""
    return [joined(told), (Span(hint, "accent"),)]


def sheet_lines(view: HandoverView, me: str, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """The sheet as it was made, most urgent first in each part."""
    row, sheet = view.row, view.sheet
    title: list[Line] = [
        (Span(f" HANDOVER {sheet.name or row.rota}", "title"), Span(f"  {row.outgoing} → {row.incoming}", "strong")),
        (Span(full_moment(row.change_at, utc=utc), "muted"),),
    ]
    made = f" made by {sheet.made_by} {moment(sheet.made_at, now, utc=utc)}   {row.handover}"
    lines = [joined(title), joined([(Span(made, "muted"),), (stands_span(row, me),)])]
    lines += [(Span(f"  {one.part} {one.person} {moment(one.at, now, utc=utc)}", "good"),) for one in row.acknowledged]

    def part(name: Part, head: str, things: Sequence[T], draw: Callable[[T], Line]) -> None:
        lines.extend(_part(head, things, sheet.counts.get(name, len(things)), draw))

    part("gaps", "GAPS IN COVER", sheet.gaps, lambda one: _gap(one, now, utc=utc))
    part("alarms", "ALARMS OPEN", sheet.alarms, lambda one: _alarm(one, now, utc=utc))
    part("welfare", "OUT, WITH A WELFARE TIMER", sheet.welfare, lambda one: _welfare(one, now, utc=utc))
    part("deployments", "DEPLOYMENTS OPEN", sheet.deployments, lambda one: _deployment(one, width, now, utc=utc))
    part("papers", "PAPERWORK OWED", sheet.papers, lambda one: _paper(one, now))
    part("authorities", "AUTHORITIES THAT END", sheet.authorities, lambda one: _authority(one, now))
    part("kit", "KIT OUT", sheet.kit, lambda one: _kit(one, now, utc=utc))
    part("rest_owed", "REST OWED", sheet.rest_owed, _rest)
    if sheet.rest_unknown:
        lines.append((Span("  too much lay in the time for rest to be worked out", "fair"),))
    return [*lines, *_nothing(sheet)]


def _part(head: str, things: Sequence[T], count: int, draw: Callable[[T], Line]) -> list[Line]:
    if not things:
        return []
    more = [(Span(f"  and {plural(count - len(things), 'more', 'more')}", "muted"),)] if count > len(things) else []
    return [(), (Span(f" {head}  ", "accent"), Span(number(count), "strong")), *map(draw, things), *more]


def _nothing(sheet: HandoverSheet) -> list[Line]:
    if any(sheet.counts.values()):
        return []
    return [(), (Span(" Nothing is open: nothing to hand over but the telephone.", "good"),)]


def _gap(one: SheetGap, now: datetime, *, utc: bool) -> Line:
    return (
        Span(f"  {fit(coming(one.starts_at, now, utc=utc), 13)}", "bad"),
        Span(safe(without_beginning(one.sentence))),
    )


def _alarm(one: SheetAlarm, now: datetime, *, utc: bool) -> Line:
    taken = f"  taken by {one.acknowledged_by}" if one.acknowledged_by else ""
    return (
        Span(f"  {fit(moment(one.raised_at, now, utc=utc), 13)}", "muted"),
        Span(fit(one.label, 14), "strong"),
        Span(fit(f" {one.kind}", 16), "bad" if one.severity == "alarm" else "fair"),
        Span(fit(one.deployment or "", 9), "accent"),
        Span(one.state + taken, "muted"),
    )


def _welfare(one: SheetWelfare, now: datetime, *, utc: bool) -> Line:
    loud = one.stage in {"due", "missed"}
    return (
        Span(f"  {fit(one.person, 9)}", "strong"),
        Span(f"{one.stage}, due {moment(one.due_at, now, utc=utc)}", "bad" if loud else "plain"),
        Span(f"  {one.deployment or ''}", "accent"),
    )


def _deployment(one: SheetDeployment, width: int, now: datetime, *, utc: bool) -> Line:
    due = f"back {coming(one.expected_back_at, now, utc=utc)}" if one.deadline is None else one.deadline.sentence
    late = one.deadline is not None and one.deadline.due_at <= now
    return (
        Span(f"  {fit(one.deployment, 9)}", "strong"),
        Span(fit(one.state, 13), "accent"),
        Span(fit(one.title, 30 if width > 110 else 18)),
        Span(fit(f" {one.lead or UNKNOWN}", 9), "muted"),
        Span(f" {due}", "bad" if late else "muted"),
    )


def _paper(one: SheetPaper, now: datetime) -> Line:
    late = one.owed_until <= now
    return (
        Span(f"  {fit(one.deployment, 9)}", "strong"),
        Span(fit(f"{one.step} skipped", 20)),
        Span(f"{left(one.owed_until, now)}  ", "bad" if late else "fair"),
        Span(one.owner or "nobody's", "muted"),
    )


def _authority(one: SheetAuthority, now: datetime) -> Line:
    over = one.ends_at <= now
    return (
        Span(f"  {fit(one.reference, 18)}", "strong"),
        Span(fit(left(one.ends_at, now), 18), "bad" if over else "fair"),
        Span(", ".join(one.deployments), "accent"),
    )


def _kit(one: SheetKit, now: datetime, *, utc: bool) -> Line:
    back = UNKNOWN if one.expected_back_at is None else moment(one.expected_back_at, now, utc=utc)
    return (
        Span(f"  {fit(one.item, 9)}", "strong"),
        Span(fit(one.model, 18)),
        Span(fit(one.standing, 9), _KIT_TONES[one.standing]),
        Span(fit(one.custodian, 9)),
        Span(fit(one.deployment or "bench", 9), "accent"),
        Span(f"back {back}", "muted"),
    )


def _rest(one: SheetRest) -> Line:
    return (Span(f"  {fit(one.person, 9)}", "strong"), Span(f"{duration(one.owed_min * 60)} of compensatory rest"))


def acknowledge_sentence(me: str, row: HandoverRow) -> str:
    """What acknowledging enters."""
    deed = "has handed over" if me == row.outgoing else "has taken over"
    return f"handover.acknowledged: {me} has read the sheet {row.sha256[:12]}… of {row.rota}, and {deed}"


def instead_lines(rotas: int) -> list[Line]:
    """No sheet yet."""
    told = "No handover sheet yet; n makes the sheet of now for a rota's nearest change of its primary."
    return wrap(told if rotas else "There is no rota, so nobody hands over.", 70, "muted")
