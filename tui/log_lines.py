"""Entries of the deployment log, openings and error reports as lines. Pure."""

from datetime import datetime
from typing import Any

import msgspec

from protocols.api.log import EntryView, ErrorReportView, LogStatus, OpeningView
from tui.needs import name_of
from tui.paint import Line, Span, Tone, fit, joined, spread, wrap
from tui.words import UNKNOWN, age, duration, full_moment, moment, number, plural, safe, short_moment

VERDICT_TONES: dict[str, Tone] = {
    "inside": "good",
    "outside": "bad",
    "unknown": "fair",
    "refused": "muted",
    "unopened": "muted",
}
STATE_TONES: dict[str, Tone] = {"draft": "bad", "accounted": "fair", "submitted": "fair", "closed": "muted"}

_COMMON = frozenset({"index", "prior", "v", "dpa", "kind", "at", "actor", "unit", "unit_at", "authority", "deployment"})


def fields_of(entry: EntryView) -> list[tuple[str, str]]:
    """What the entry says beyond who, what, when and where: names and values, free texts as they read now."""
    texts = {text.field: "(erased)" if text.text is None else f"“{text.text}”" for text in entry.texts}
    found: dict[str, Any] = msgspec.json.decode(entry.leaf)
    return [(name, texts.get(name) or _value(value)) for name, value in found.items() if name not in _COMMON]


def _value(value: object) -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case list():
            return ", ".join(_value(item) for item in value) or "none"
        case dict():
            return ", ".join(f"{name} {_value(item)}" for name, item in value.items() if item is not None) or "all"
    return str(value)


def entry_line(entry: EntryView, width: int, now: datetime, *, utc: bool) -> Line:
    """Index, when, who, what, about which unit, and the rest as far as it fits."""
    wide = width > 110
    rest = "  ".join(f"{name} {value}" for name, value in fields_of(entry) if value and value != UNKNOWN)
    return (
        Span(fit(number(entry.index), 9 if wide else 7, right=True), "muted"),
        Span(
            " " + (fit(moment(entry.at, now, utc=utc), 13) if wide else fit(short_moment(entry.at, now, utc=utc), 10)),
            "muted",
        ),
        Span(fit(entry.actor, 11), "strong"),
        Span(fit(entry.kind, 24 if wide else 18)),
        Span(fit(name_of(entry.label, entry.unit) if entry.unit else "", 18 if wide else 13)),
        Span(" " + safe(rest), "muted"),
    )


def entry_facts(entry: EntryView, *, utc: bool) -> list[tuple[str, str]]:
    """Everything the entry says, named."""
    found: dict[str, Any] = msgspec.json.decode(entry.leaf)
    facts = [("what", f"{entry.kind}, a {entry.dpa} record" if entry.dpa != "life" else entry.kind)]
    facts += [("who", entry.actor), ("when", full_moment(entry.at, utc=utc))]
    if found.get("unit_at"):
        unit_at = msgspec.convert(found["unit_at"], datetime)
        facts.append(("by the unit's clock", full_moment(unit_at, utc=utc)))
    if entry.unit:
        facts.append(("unit", f"{entry.unit}  {entry.label}"))
    facts.append(("on what authority", entry.authority or UNKNOWN))
    if found.get("deployment"):
        facts.append(("deployment", str(found["deployment"])))
    prior = UNKNOWN if entry.prior is None else number(entry.prior)
    return [*facts, *fields_of(entry), ("its unit's last one", prior)]


def status_line(status: LogStatus, now: datetime) -> Line:
    """How many entries, and who vouches for them since when."""
    size: Line = (Span(" LOG  ", "muted"), Span(number(status.size), "strong"), Span(" entries", "muted"))
    if status.alarms:
        return joined([size, (Span(status.alarms[0], "bad"),)])
    if status.quorum == 0:
        return joined([size, (Span("no witness: only this controller vouches for it", "fair"),)])
    if status.cosigned_at is None:
        return joined([size, (Span("no witness has vouched for it yet", "bad"),)])
    seen = [one.name for one in status.witnesses if one.answer == "cosigned" and one.size == status.cosigned_size]
    silent = [f"{one.name} {one.answer}" for one in status.witnesses if one.name not in seen]
    of = f"{len(seen)} of {plural(len(status.witnesses), 'witness', 'witnesses')}"
    vouched: Line = (Span(f"cosigned by {of} · {age(status.cosigned_at, now)}", "fair" if silent else "good"),)
    if silent:
        vouched = (*vouched, Span(f"  {', '.join(silent)}", "bad"))
    waiting: Line = (Span(f"{number(status.waiting)} on their way in", "fair"),) if status.waiting else ()
    return joined([size, vouched, waiting])


def opening_line(opening: OpeningView, width: int, now: datetime, *, utc: bool) -> Line:
    """When, who, which unit and modality, how long, under which authority; at the right the verdict."""
    wide = width > 110
    at = opening.opened_at or opening.granted_at or opening.unit_opened_at
    length = UNKNOWN if opening.open_s is None else duration(opening.open_s)
    reason = f", {opening.close_reason}" if opening.close_reason and wide else ""
    left: Line = (
        Span(fit(UNKNOWN if at is None else moment(at, now, utc=utc), 13), "muted"),
        Span(fit(opening.person or UNKNOWN, 8), "strong"),
        Span(fit(name_of(opening.label, opening.unit), 18 if wide else 14)),
        Span(fit(opening.modality, 9)),
        Span(fit(length + reason, 22 if wide else 8)),
        Span(fit(opening.authority or UNKNOWN, 30 if wide else 14), "muted"),
        Span(fit(opening.mandate or UNKNOWN, 20) if wide else "", "muted"),
    )
    return spread(left, (Span(f"{opening.verdict} ", VERDICT_TONES[opening.verdict]),), width)


def opening_facts(opening: OpeningView, *, utc: bool) -> list[tuple[str, str]]:
    """Why the verdict is what it is, both clocks, and where to find it in the log, named."""
    word = opening.close_reason or opening.verdict if opening.verdict == "refused" else opening.verdict
    never = ["it was never open"] if opening.verdict in {"refused", "unopened"} else []
    facts = [("verdict", "; ".join([word, *never, *opening.faults]))]
    who = opening.person or "nobody we know of"
    facts += [("what", f"{opening.modality} of {opening.unit} ({opening.label}) by {who}")]
    facts += [("authority", opening.authority or UNKNOWN), ("mandate", opening.mandate or UNKNOWN)]
    facts += [("purpose", opening.purpose)] if opening.purpose else []
    times = (
        ("granted", opening.granted_at),
        ("opened", opening.opened_at),
        ("by its own clock", opening.unit_opened_at),
        ("closed", opening.closed_at),
    )
    facts += [(name, UNKNOWN if at is None else full_moment(at, utc=utc)) for name, at in times]
    length = UNKNOWN if opening.open_s is None else duration(opening.open_s)
    facts.append(("open for", f"{length}, {opening.close_reason}" if opening.close_reason else length))
    facts.append(("entries", ", ".join(number(index) for index in opening.entries) or "none"))
    return [*facts, ("error report", opening.report or "none"), ("opening", opening.opening)]


def report_line(report: ErrorReportView, now: datetime, *, utc: bool) -> Line:
    """When it was found, how far it has come, which unit, what is wrong."""
    shut = report.state == "closed"
    return (
        Span(fit(moment(report.found_at, now, utc=utc), 13), "muted"),
        Span(fit(report.state, 10), STATE_TONES[report.state]),
        Span(fit(name_of(report.label, report.unit_id), 14), "muted" if shut else "strong"),
        Span(" " + safe(report.summary), "muted" if shut else "plain"),
    )


def report_facts(report: ErrorReportView, *, utc: bool) -> list[tuple[str, str]]:
    """The whole of an error report, named."""
    facts = [
        ("what", report.summary),
        ("unit", f"{report.unit_id or UNKNOWN}  {report.label}"),
        ("found", full_moment(report.found_at, utc=utc)),
        ("evidence", ", ".join(report.evidence) or "none"),
        ("state", report.state),
    ]
    for what, text, person, at in (
        ("account", report.account, report.accounted_by, report.accounted_at),
        ("submitted", "", report.submitted_by, report.submitted_at),
        ("outcome", report.outcome, report.closed_by, report.closed_at),
    ):
        if person is not None and at is not None:
            facts.append((what, f"{text + '  ' if text else ''}({person}, {full_moment(at, utc=utc)})"))
    return [*facts, ("cause", report.cause), ("report", report.report_id)]


def fact_lines(facts: list[tuple[str, str]], width: int) -> list[Line]:
    """Named facts, broken where they are long; names in a column of their own."""
    column = min(22, max(len(name) for name, _ in facts) + 3)
    lines: list[Line] = []
    for name, value in facts:
        broken = wrap(value or UNKNOWN, max(10, width - column - 1)) or [(Span(UNKNOWN),)]
        lines.append((Span(" " + fit(name.replace("_", " "), column), "muted"), *broken[0]))
        lines += [(Span(" " * (column + 1)), *more) for more in broken[1:]]
    return lines
