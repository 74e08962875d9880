"""Shifts, findings and turns of a rota in words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import structs

from fleet.rota.rules.turns import Turn
from fleet.rota.rules.wall import midnight, zone_of
from protocols.rota.findings import ANSWER_ORDER, Answer, Finding
from protocols.rota.model import Shift
from tui.paint import EMPTY, Line, Span, Tone, joined, wrap
from tui.rota_days import Held, RotaDay, counts_of
from tui.words import plural

ANSWER_TONES: dict[Answer, Tone] = {
    "breach": "bad",
    "fault": "bad",
    "needs compensatory rest": "fair",
    "warning": "fair",
    "ok": "good",
}
ANSWER_MARKS: dict[Answer, str] = {
    "breach": "!",
    "fault": "!",
    "needs compensatory rest": "r",
    "warning": "w",
    "ok": "",
}
_LABELS: dict[Answer, tuple[str, str]] = {
    "breach": ("breach", "breaches"),
    "fault": ("fault", "faults"),
    "needs compensatory rest": ("needs rest", "need rest"),
    "warning": ("warning", "warnings"),
    "ok": ("ok", "ok"),
}
LEGEND: tuple[tuple[str, str], ...] = (
    ("GAP", "nobody has a position that somebody has to have; lower case: it is over"),
    ("▌", "another person takes over on this day"),
    ("P S s", "primary, secondary, shadow; in a small terminal the primary stands above the secondary"),
    ("+", "more than one other person has it on this day; the line below tells when"),
    ("!", "a breach of working time, or a fault of the rota"),
    ("L A T", "the person is on leave, on a deployment away, out of their term"),
    ("r", "compensatory rest is needed"),
    ("w", "a warning: a rule of the house"),
    ("*", "not as it is published"),
    ("score", "of 100, for the weeks shown; a plan's is for its own period, f has the year's"),
    ("BH", "bank holiday"),
    ("+h −h", "clocks change: the day has 25 or 23 hours"),
    ("◂", "today"),
)
"""The signs of the board, and what they mean."""


def zone_time(at: datetime, zone: str, *, utc: bool) -> datetime:
    """`at` in the rota's zone, or in UTC."""
    return at.astimezone(zone_of("UTC" if utc else zone))


def day_words(day: date) -> str:
    """`Mon 23 Nov 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def at_words(at: datetime, day: date, zone: str, *, utc: bool) -> str:
    """A time as seen from a day: `09:00`, or with its date `Mon 30 Nov 09:00`, with the year when that is another."""
    then = zone_time(at, zone, utc=utc)
    if then.date() == day:
        return f"{then:%H:%M}"
    year = f" {then.year}" if then.year != day.year else ""
    return f"{then:%a} {then.day} {then:%b}{year} {then:%H:%M}"


def why_words(shift: Shift) -> str:
    """Why somebody has it: `by primary-weeks`, `by override c-1`."""
    return f"by {shift.about}" if shift.source == "layer" else f"by {shift.source} {shift.about}"


def held_words(held: Held, day: date, zone: str, *, utc: bool) -> str:
    """Who has a position on a day, from when to when and why; a gap between is said."""
    if not held.shifts:
        return "nobody, and somebody has to" if held.is_needed else "nobody has to"
    parts: list[str] = []
    before: datetime | None = None
    for shift in _joined(held.shifts):
        if before is not None and before < shift.starts_at:
            parts.append(f"NOBODY until {at_words(shift.starts_at, day, zone, utc=utc)}")
        begins = zone_time(shift.starts_at, zone, utc=utc)
        since = "" if begins.date() < day else f"from {begins:%H:%M} "
        until = at_words(shift.ends_at, day, zone, utc=utc)
        parts.append(f"{shift.person} {since}until {until} {why_words(shift)}")
        before = shift.ends_at
    told = ", then ".join(parts)
    missing = before is not None and held.gap and before < midnight(day + timedelta(days=1), zone)
    return f"{told}, then NOBODY" if missing else told


def _joined(shifts: Sequence[Shift]) -> list[Shift]:
    """Turns of one person that follow each other as one shift."""
    found: list[Shift] = []
    for shift in shifts:
        last = found[-1] if found else None
        if last is not None and last.ends_at == shift.starts_at and _same(last, shift):
            found[-1] = structs.replace(last, ends_at=shift.ends_at)
        else:
            found.append(shift)
    return found


def _same(one: Shift, other: Shift) -> bool:
    return (one.person, one.source, one.about) == (other.person, other.source, other.about)


def counts_words(counts: Mapping[Answer, int], gap: str = "  ") -> Line:
    """`2 breaches  1 fault  3 need rest`, with `gap` between them; `nothing found` when there is nothing."""
    if not counts:
        return (Span("nothing found", "good"),)
    return joined(
        [
            (Span(plural(counts[answer], *_LABELS[answer]), ANSWER_TONES[answer]),)
            for answer in ANSWER_ORDER
            if answer in counts
        ],
        gap,
    )


def finding_head(finding: Finding) -> str:
    """The answer and the rule: `breach, reg. 10(1) daily-rest`; the rule alone where no regulation is behind it."""
    regulation = f", reg. {finding.regulation.removeprefix('reg. ')}" if finding.regulation else ""
    return f"{finding.answer}{regulation}"


def finding_lines(finding: Finding, width: int, *, sign: str = "", remedy: bool = False) -> list[Line]:
    """A finding in lines of `width` columns: `sign`, the answer, the sentence; with `remedy` also what to do."""
    tone = ANSWER_TONES[finding.answer]
    head = f"{sign}{finding_head(finding)}: "
    body = wrap(f"{head}{finding.sentence}", max(20, width - 3))
    lines: list[Line] = [_toned_head(line, len(head) if index == 0 else 0, tone) for index, line in enumerate(body)]
    if remedy and finding.remedy:
        told = wrap(finding.remedy, max(20, width - 6), "muted")
        lines += [(Span("     " if index else "   → ", "muted"), *line) for index, line in enumerate(told)]
    return lines


def _toned_head(line: Line, head: int, tone: Tone) -> Line:
    if not head:
        return (Span("   "), *line)
    text = "".join(span.text for span in line)
    return (Span(" "), Span(text[:head], tone), Span(text[head:]))


def day_line(day: RotaDay, today: date) -> Line:
    """The date and what is special about it, and what was found on it in numbers."""
    special = [
        "today" if day.day == today else "",
        f"bank holiday: {day.holiday}" if day.holiday else "",
        clock_words(day.extra_h),
    ]
    return joined(
        [
            (
                Span(" "),
                Span(day_words(day.day), "title"),
            ),
            *[(Span(words, "fair"),) for words in special if words],
            counts_words(counts_of(day.findings)) if day.findings else EMPTY,
        ]
    )


def clock_words(extra_h: int) -> str:
    """`clocks go back: 25 hours`; empty where they do not change."""
    if not extra_h:
        return ""
    return f"clocks go {'back' if extra_h > 0 else 'forward'}: {24 + extra_h} hours"


def held_lines(day: RotaDay, zone: str, *, utc: bool) -> list[Line]:
    """Who has each position on a day, a line each."""
    lines: list[Line] = []
    for position, held in day.held.items():
        tone: Tone = "loud" if held.gap == "gap" else "plain"
        lines.append((Span(f" {position:<10}", "muted"), Span(held_words(held, day.day, zone, utc=utc), tone)))
    return lines


def shift_lines(day: RotaDay, zone: str, *, utc: bool) -> list[Line]:
    """Each shift of a day in a line: position, person, from when to when, why."""
    lines: list[Line] = []
    for position, held in day.held.items():
        for shift in held.shifts:
            since = at_words(shift.starts_at, day.day, zone, utc=utc)
            until = at_words(shift.ends_at, day.day, zone, utc=utc)
            lines.append(
                (
                    Span(f" {position:<10}", "muted"),
                    Span(f"{shift.person}  ", "strong"),
                    Span(f"{since} to {until}"),
                    Span(f"  {why_words(shift).removeprefix('by ')}", "muted"),
                )
            )
        if held.gap:
            lines.append((Span(f" {position:<10}", "muted"), Span("GAP: nobody for some of the day", "loud")))
    return lines


def turn_words(turn: Turn, zone: str, *, utc: bool) -> str:
    """`primary-weeks, Mon 23 Nov 09:00 to Mon 30 Nov 09:00`."""
    begins = zone_time(turn.span.starts_at, zone, utc=utc)
    until = at_words(turn.span.ends_at, begins.date(), zone, utc=utc)
    return f"{turn.layer.layer}, {begins:%a} {begins.day} {begins:%b} {begins:%H:%M} to {until}"


def mark_of(day: RotaDay, person: str | None) -> Span:
    """The sign beside a person on a day: the worst that was found about them, blank for nothing."""
    finding = day.worst(person) if person is not None else None
    if finding is None:
        return Span(" ")
    sign = {"leave": "L", "away": "A", "term": "T"}.get(finding.rule) or ANSWER_MARKS.get(finding.answer, " ")
    return Span(sign, ANSWER_TONES[finding.answer])


def period_words(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """`26 Oct 2026 to 6 Dec 2026`: the first and the last local date of a period."""
    first = zone_time(starts_at, zone, utc=False)
    last = zone_time(ends_at - timedelta(microseconds=1), zone, utc=False)
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def mark_of_answer(answer: Answer) -> str:
    """One sign for an answer, a blank for ok."""
    return ANSWER_MARKS.get(answer, " ")


def answer_counts(counts: Mapping[str, int]) -> dict[Answer, int]:
    """Counts by answer as the controller gives them, without those that are ok or unknown to this version."""
    return {answer: counts[answer] for answer in ANSWER_ORDER if answer != "ok" and counts.get(answer)}
