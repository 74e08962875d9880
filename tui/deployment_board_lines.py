"""The board of deployments: every one on one line against its nearest deadline. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from protocols.api.deployments import DeploymentRow
from tui.deployment_words import KIND_SIGNS, KIND_WORDS, OVER, deadline_words, stage_of, state_span, step_word
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, line_width
from tui.words import UNKNOWN, moment, number, plural

_WIDE = 130
_NARROW_COLUMNS = {"dep": 8, "kind": 5, "state": 13, "next step": 14, "deadline": 20, "owed": 6}
_WIDE_COLUMNS = {
    "dep": 9,
    "kind": 18,
    "state": 14,
    "site": 10,
    "lead": 8,
    "next step": 28,
    "deadline": 21,
    "by": 14,
    "papers": 8,
    "alarms": 8,
}
_LEAST_TITLE = 7
_SITE_FROM, _SITE = 96, 9
"""From which width on a narrow board has a column for the site: below it the title needs the room."""

LEGEND: tuple[tuple[str, str], ...] = (
    *((sign, KIND_WORDS[kind]) for kind, sign in KIND_SIGNS.items()),
    ("✓ ✗2", "nothing stops the next step; two rules refuse it"),
    ("P1 A2", "one paper is owed, two alarms are open"),
)
"""The signs of a narrow board."""


def heads_line(width: int) -> Line:
    """The heads over `board_line`."""
    return tuple(Span(fit(name, size), "muted") for name, size in _columns(width))


def _columns(width: int) -> list[tuple[str, int]]:
    """The names of the columns and how wide they are; the title has what the others leave."""
    names = list((_WIDE_COLUMNS if width > _WIDE else _NARROW_COLUMNS).items())
    if _SITE_FROM <= width <= _WIDE:
        names.insert(3, ("site", _SITE))
    title = max(_LEAST_TITLE, width - sum(size for _, size in names))
    return [*names[:2], ("title", title), *names[2:]]


def board_line(row: DeploymentRow, width: int, now: datetime, *, utc: bool) -> Line:
    """One deployment, under `heads_line`."""
    wide = width > _WIDE
    over = row.state in OVER
    told: dict[str, Span] = {
        "dep": Span(row.deployment, "muted" if over else "strong"),
        "kind": kind_span(row, wide=wide),
        "title": Span(row.title, "muted" if over else "plain"),
        "state": state_span(row.state),
        "site": Span(row.site or UNKNOWN, "muted" if over or row.site is None else "plain"),
        "lead": Span(row.lead or UNKNOWN, "muted"),
        "next step": next_span(row, wide=wide),
        "deadline": Span(UNKNOWN, "muted") if row.deadline is None else deadline_words(row.deadline, now),
        "by": Span("" if row.deadline is None else moment(row.deadline.due_at, now, utc=utc), "muted"),
        "owed": _signs(row),
        "papers": Span(str(row.owed or ""), "fair"),
        "alarms": Span(str(row.alarms or ""), "bad"),
    }
    parts: list[Span] = []
    for name, size in _columns(width):
        span = told[name]
        # A loud or underlined word ends where it ends, not where its column does.
        text = fit(span.text, size - 1).rstrip()
        parts += [Span(text, span.tone), Span(" " * (size - line_width((Span(text),))))]
    return tuple(parts)


def kind_span(row: DeploymentRow, *, wide: bool) -> Span:
    """Its kind; a critical incident stands out."""
    tone: Tone = "muted" if row.kind != "critical-incident" or row.state in OVER else "fair"
    return Span(KIND_WORDS[row.kind] if wide else KIND_SIGNS[row.kind], tone)


def next_span(row: DeploymentRow, *, wide: bool) -> Span:
    """The next step, and whether something stops it: `✓ fit`, `✗2 fit`; written out where there is room."""
    if row.next_step is None:
        return Span("")
    step = step_word(row.next_step)
    if not row.blocked_by:
        return Span(f"✓ {step}", "good")
    if wide:
        return Span(f"✗ {step}, blocked by {row.blocked_by}", "fair")
    return Span(f"✗{row.blocked_by} {step}", "fair")


def _signs(row: DeploymentRow) -> Span:
    """Owed papers and open alarms."""
    said = " ".join(f"{sign}{count}" for sign, count in (("P", row.owed), ("A", row.alarms)) if count)
    return Span(said, "bad" if row.alarms else "fair")


def matches(row: DeploymentRow, words: str) -> bool:
    """Whether every word of `words` begins something of what the board says of it."""
    said = [row.deployment, row.kind, KIND_WORDS[row.kind], row.title, row.state, row.site or "", row.lead or ""]
    said += [step_word(row.next_step) if row.next_step else "", "blocked" if row.blocked_by else "", *row.units]
    said += ["owed" if row.owed else "", "alarm" if row.alarms else ""]
    whole = " ".join(said).lower().split()
    parts = {part for one in whole for part in (one, *re.split(r"[/-]", one))}
    return all(any(part.startswith(word) for part in parts) for word in words.lower().split())


def title_line(rows: Sequence[DeploymentRow], total: int, now: datetime, *, open_only: bool) -> Line:
    """How many there are, and how many want somebody."""
    late = sum(row.deadline is not None and stage_of(row.deadline.due_at, now) == "overdue" for row in rows)
    soon = sum(row.deadline is not None and stage_of(row.deadline.due_at, now) == "12-hours" for row in rows)
    owed, alarms = sum(row.owed for row in rows), sum(row.alarms for row in rows)
    return joined(
        [
            (Span(" DEPLOYMENTS  ", "muted"), Span(number(total), "strong"), Span(" open" if open_only else " in all")),
            (Span(f"{late} overdue", "bad"),) if late else EMPTY,
            (Span(f"{soon} due within 12 h", "fair"),) if soon else EMPTY,
            (Span(plural(owed, "paper owed", "papers owed"), "fair"),) if owed else EMPTY,
            (Span(plural(alarms, "alarm"), "bad"),) if alarms else EMPTY,
            (Span(f"{len(rows)} shown", "muted"),) if len(rows) < total else EMPTY,
        ]
    )


def states_line(states: Mapping[str, int]) -> Line:
    """How many there are in each state."""
    return joined([(Span(f"{state} ", "muted"), Span(number(count))) for state, count in states.items() if count])


def detail_lines(row: DeploymentRow, now: datetime, *, utc: bool) -> list[Line]:
    """What a line of the board has no room for."""
    units = ", ".join(row.units) or "no unit yet"
    first = joined(
        [
            (Span(f" {row.deployment}", "strong"), Span(f"  {KIND_WORDS[row.kind]}", "muted"), Span(f"  {row.title}")),
            (Span("site ", "muted"), Span(row.site or UNKNOWN)),
            (Span("lead ", "muted"), Span(row.lead or UNKNOWN)),
        ]
    )
    times = f" {moment(row.starts_at, now, utc=utc)} until back {moment(row.expected_back_at, now, utc=utc)}"
    lines: list[Line] = [first, (Span(f"{times}   {units}", "muted"),), _next_line(row)]
    if row.deadline is not None:
        more = f"   and {row.deadlines - 1} more" if row.deadlines > 1 else ""
        owner = f"   owner {row.deadline.owner or 'nobody'}"
        lines.append(
            (Span(" "), deadline_words(row.deadline, now), Span(f"  {row.deadline.sentence}{owner}{more}", "muted"))
        )
    return lines


def _next_line(row: DeploymentRow) -> Line:
    owed: Line = (Span(plural(row.owed, "paper is", "papers are") + " owed", "fair"),) if row.owed else EMPTY
    alarms: Line = (Span(plural(row.alarms, "alarm") + " open", "bad"),) if row.alarms else EMPTY
    if row.next_step is None:
        step: Line = (Span("it is over", "muted"),)
    elif row.blocked_by:
        rules = plural(row.blocked_by, "rule refuses", "rules refuse")
        step = (Span(f"next: {step_word(row.next_step)}, {rules} it", "fair"), Span("; enter says which", "muted"))
    else:
        step = (Span(f"next: {step_word(row.next_step)}, nothing stops it", "good"),)
    return (Span(" "), *joined([step, owed, alarms]))
