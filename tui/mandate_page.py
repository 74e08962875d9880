"""The page of a mandate. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import chop_cells

from protocols.api.checks import CheckView, UnitAccess
from protocols.api.mandates import MandateView, SignatureMade
from protocols.api.problems import Problem
from protocols.mandate import MANDATE_NAMESPACE, mandate_hash
from protocols.words import duration
from tui.access_lines import budget_words
from tui.log_lines import fact_lines
from tui.mandate_lines import KIND_WORDS, allows_words, standing_line, state_words
from tui.needs import name_of
from tui.paint import Line, Span, Tone, wrap
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
        said = f"Not to be signed: {trouble.message}; {trouble.remedy}."
        rule: Line = (Span(" rule  ", "muted"), Span(trouble.code))
        lines[1:2] = [*[(Span(" "), *line) for line in wrap(said, width - 2, "bad")], rule]
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
        ("approver" if view.state == "draft" else "approved by", view.approver),
        *_signed(view, utc=utc),
    ]
    if view.cancelled_at is not None:
        facts.append(("cancelled", f"by {view.cancelled_by}, {when(view.cancelled_at)}"))
        back = f"says {view.recovered_by}, {when(view.recovered_at)}" if view.recovered_at else "not yet"
        facts.append(("kit is back", back))
    return facts


def _signed(view: MandateView, *, utc: bool) -> list[tuple[str, str]]:
    """Each signature: whose, when it was handed in, and below the key it was made with."""
    if not view.signed_by:
        return [("signed by", "nobody yet")]
    made = {one.person: one for one in view.signatures}
    facts: list[tuple[str, str]] = []
    for index, person in enumerate(view.signed_by):
        one = made.get(person)
        at = f", handed in {full_moment(one.at, utc=utc)}" if one is not None else ""
        facts.append(("" if index else "signed by", person + at))
        facts += [("", _key_words(one))] if one is not None else []
    return facts


def _key_words(made: SignatureMade) -> str:
    if not made.fingerprint:
        return "a key that can not be read"
    return f"{'FIDO token' if made.hardware else 'key on disk'} {made.fingerprint}"


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
    """What to do where a signer has no console: three steps, each with what it takes."""
    who = view.waits_for[0] if len(view.waits_for) == 1 else "a signer"
    steps: tuple[tuple[str, str, Tone, str], ...] = (
        ("send the line", f"fleet mandate line {view.mandate_id} > m", "strong", "  or y copies it"),
        ("they read m, sign", f"ssh-keygen -Y sign -n {MANDATE_NAMESPACE} -f KEY m", "strong", ""),
        ("m.sig comes back", "p", "accent", " takes its text here, from anybody"),
    )
    head = f"  {who} needs ssh-keygen, no console; KEY: their key file"
    lines: list[Line] = [(), (Span(" SIGN FAR AWAY", "accent"), Span(head, "muted"))]
    for number, (does, what, tone, more) in enumerate(steps, start=1):
        lines.append((Span(f"  {number} {does:<19}", "muted"), Span(what, tone), Span(more, "muted")))
    return lines


def _exact(text: str, width: int) -> list[Line]:
    """The line sign for sign, broken where the screen ends, and its hash."""
    lines: list[Line] = [(), (Span(" ITS EXACT LINE", "accent"), Span(f"  {len(text.encode())} bytes", "muted"))]
    lines += [(Span("  "), Span(piece)) for piece in chop_cells(safe(text), width - 2)]
    lines.append((Span("  sha256 ", "muted"), Span(mandate_hash(text))))
    told = (Span("  as told by ", "muted"), Span("tr -d '\\n' < m | sha256sum"), Span(" where the line is", "muted"))
    return [*lines, told]
