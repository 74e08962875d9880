"""The page of a mandate. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import chop_cells

from protocols.api.checks import CheckView, UnitAccess
from protocols.api.mandates import MandateView
from protocols.api.problems import Problem
from protocols.mandate import MANDATE_NAMESPACE, mandate_hash
from protocols.words import duration
from tui.access_lines import budget_words
from tui.log_lines import fact_lines
from tui.mandate_lines import KIND_WORDS, allows_words, standing_line, state_words
from tui.needs import name_of
from tui.paint import Line, Span, wrap
from tui.words import full_moment, in_zone, moment, safe

_OPENINGS_SHOWN = 8


class Today(NamedTuple):
    """What is known of the day of a live mandate: its budgets, None before they are asked for, and its checks."""

    access: UnitAccess | None
    checks: Sequence[CheckView]


def page_lines(
    view: MandateView, today: Today, trouble: Problem | None, now: datetime, me: str, width: int, *, utc: bool
) -> list[Line]:
    """All about a mandate: where it stands, its facts, its day, how to sign it far away, its exact line.

    `trouble` is why it is not offered to be signed.
    """
    name = name_of(view.unit_label, view.unit)
    lines: list[Line] = [
        (Span(" "), Span(view.mandate_id, "title"), Span("  "), state_words(view, me), Span(f"  {name}")),
        standing_line(view, now, me, utc=utc),
        (),
    ]
    if trouble is not None:
        said = f"Not to be signed: {trouble.message}. {trouble.remedy}."
        lines[1:2] = [(Span(" "), *line) for line in wrap(said, width - 2, "bad")]
        lines.insert(2, (Span(" rule  ", "muted"), Span(trouble.code)))
    lines += fact_lines(_facts(view, utc=utc), width)
    if view.state == "live":
        lines += _today_lines(view, today, now, utc=utc)
    if view.state == "draft" and view.text and trouble is None:
        lines += _far_away(view)
    if view.text:
        lines += _exact(view.text, width)
    return lines


def _facts(view: MandateView, *, utc: bool) -> list[tuple[str, str]]:
    def when(at: datetime | None) -> str:
        return full_moment(at, utc=utc) if at is not None else ""

    lasts = duration((view.not_after - view.not_before).total_seconds())
    facts = [
        ("kind", f"{view.kind}: {KIND_WORDS[view.kind]}"),
        ("unit", f"{view.unit} ({view.unit_label})" if view.unit_label else view.unit),
        ("allows", f"{allows_words(view.allows)} a day in London"),
        ("purpose", view.purpose),
        ("from", when(view.not_before)),
        ("until", f"{when(view.not_after)}, {lasts} in all"),
        ("authority", f"{view.authority} ({view.authority_id})" if view.authority else "none: a bench mandate"),
        ("asked for by", f"{view.requester}, {when(view.drafted_at)}"),
        ("to be approved by" if view.state == "draft" else "approved by", view.approver),
        ("signed by", ", ".join(view.signed_by) or "nobody yet"),
    ]
    if view.recorded_at is not None:
        facts.append(("both signatures", when(view.recorded_at)))
    if view.cancelled_at is not None:
        facts.append(("cancelled", f"by {view.cancelled_by}, {when(view.cancelled_at)}"))
        back = f"says {view.recovered_by}, {when(view.recovered_at)}" if view.recovered_at else "not yet"
        facts.append(("kit is back", back))
    return facts


def _today_lines(view: MandateView, today: Today, now: datetime, *, utc: bool) -> list[Line]:
    lines: list[Line] = [(), (Span(" TODAY", "accent"),)]
    if today.access is None:
        return [*lines, (Span("  …", "muted"),)]
    budgets = [one for live in today.access.mandates if live.mandate == view.mandate_id for one in live.budgets]
    lines += [(Span("  "), *budget_words(one)) for one in budgets]
    day = in_zone(now, utc=utc).date()
    checks = [one for one in today.checks if in_zone(one.begun_at, utc=utc).date() == day][:_OPENINGS_SHOWN]
    lines += [_check(one, now, utc=utc) for one in checks]
    return [*lines, *([] if checks else [(Span("  nobody has opened anything under it", "muted"),)])]


def _check(check: CheckView, now: datetime, *, utc: bool) -> Line:
    at = moment(check.begun_at, now, utc=utc)
    first: Line = (Span(f"  {at}  {check.person}  {' + '.join(check.modalities)}  "),)
    if check.closed_at is None and check.state != "refused":
        return (*first, Span("OPEN", "loud"))
    if check.state == "refused":
        return (*first, Span(f"refused: {safe(check.reason)}", "bad"))
    return (*first, Span(f"open for {duration(check.open_s or 0)}, {safe(check.reason)}", "muted"))


def _far_away(view: MandateView) -> list[Line]:
    commands = (
        f"fleet mandate line {view.mandate_id} > m",
        f"ssh-keygen -Y sign -n {MANDATE_NAMESPACE} -f KEY m",
    )
    return [
        (),
        (
            Span(" SIGN FAR AWAY", "accent"),
            Span("  or put the line below, and a line end, into the file m", "muted"),
        ),
        *[(Span("   "), Span(command, "strong")) for command in commands],
        (
            Span("  Then ", "muted"),
            Span("p", "accent"),
            Span(" takes the text of m.sig from anybody.", "muted"),
        ),
    ]


def _exact(text: str, width: int) -> list[Line]:
    """The line sign for sign, broken where the screen ends, and its hash."""
    lines: list[Line] = [(), (Span(" ITS EXACT LINE", "accent"), Span(f"  {len(text.encode())} bytes", "muted"))]
    lines += [(Span("  "), Span(piece)) for piece in chop_cells(safe(text), width - 2)]
    return [*lines, (Span("  sha256 ", "muted"), Span(mandate_hash(text)))]
