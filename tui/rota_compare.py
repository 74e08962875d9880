"""What a draft would change: findings that come and go, the score, each person's load. Pure."""

from collections.abc import Iterable, Mapping

from fleet.rota.rules.comparison import compare
from fleet.rota.rules.fairness import beyond_share
from protocols.rota.findings import ANSWER_ORDER, Assessment, Comparison, Finding, PersonLoad
from protocols.rota.load import MEASURES
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.rota_days import counts_of
from tui.rota_words import counts_words, finding_lines

MEASURE_WORDS: dict[str, str] = {
    "primary_h": "primary",
    "secondary_h": "secondary",
    "weekend_days": "weekend days",
    "bank_holidays": "bank holidays",
    "festive_days": "festive days",
    "nights": "nights",
    "days_away": "days away",
}
SHORT_WORDS: dict[str, str] = {
    "primary_h": "primary",
    "secondary_h": "second.",
    "weekend_days": "weekend",
    "bank_holidays": "bank h.",
    "festive_days": "festive",
    "nights": "nights",
    "days_away": "away",
}
_HOURS_A_WEEK = 168
LOAD_WIDTH = 9
"""Columns of a measure in a table of loads: with who it is of, and the scroll bar, seven fit into a terminal of 80."""


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """By answer, then by time; without those that are ok."""
    told = [one for one in findings if one.answer != "ok"]
    return sorted(told, key=lambda one: (ANSWER_ORDER.index(one.answer), one.starts_at))


def amount(measure: str, value: float, *, signed: bool = False) -> str:
    """So much of a measure: hours in weeks with one place, all else as it is; with a sign when `signed`."""
    if measure.endswith("_h"):
        return f"{value / _HOURS_A_WEEK:{'+' if signed else ''}.1f} wk"
    return f"{value:{'+' if signed else ''}.{0 if float(value).is_integer() else 1}f}"


def score_words(comparison: Comparison, of: str = "") -> Line:
    """`score 81.0 → 88.0`; `of` says of which period."""
    before, after = comparison.score_before, comparison.score_after
    tone: Tone = "good" if after > before else "fair" if after < before else "plain"
    return (Span(f"score {of} " if of else "score ", "muted"), Span(f"{before:.1f} → {after:.1f}", tone))


def change_line(comparison: Comparison) -> Line:
    """`brings 1 breach  2 warnings   ends 1 fault   moves 1 warning`; that nothing changes, when nothing does."""
    parts = [("brings", comparison.come), ("ends", comparison.go), ("changes", comparison.changed)]
    told = [(Span(f"{word} ", "muted"), *counts_words(counts)) for word, found in parts if (counts := counts_of(found))]
    return joined(told) if told else (Span("what the rules find stays the same", "muted"),)


def change_lines(comparison: Comparison, width: int, *, remedy: bool = False) -> list[Line]:
    """What comes, each with a `+`, what changes with a `~`, then what goes with a `−`."""
    lines: list[Line] = []
    for sign, found in (("+ ", comparison.come), ("~ ", comparison.changed), ("− ", comparison.go)):
        for one in worst_first(found):
            lines += finding_lines(one, width, sign=sign, remedy=remedy and sign != "− ")
    return lines


def comparison_lines(published: Assessment, draft: Assessment, width: int) -> list[Line]:
    """The page of a comparison: score and its parts, findings, loads."""
    comparison = compare(published, draft)
    found = change_lines(comparison, width, remedy=True)
    return [
        (Span(" "), *joined([score_words(comparison), change_line(comparison)])),
        (),
        (Span(" FINDINGS", "accent"), Span("   + comes   ~ changes   − goes", "muted")),
        *(found or [(Span(" none comes, none goes", "muted"),)]),
        (),
        (Span(" QUALITY", "accent"),),
        *part_lines(draft, width, comparison.parts),
        (),
        *load_lines(published.quality.loads, draft.quality.loads),
    ]


def part_lines(assessment: Assessment, width: int, changes: Mapping[str, float] | None = None) -> list[Line]:
    """The parts of the score, with by how much each `changes`, and why."""
    lines: list[Line] = []
    for part in assessment.quality.parts:
        by = (changes or {}).get(part.name, 0.0)
        tone: Tone = "good" if by > 0 else "fair" if by < 0 else "plain"
        change = f" {by:+.1f}" if by else ""
        points = f"{part.points:5.1f} of {part.of:.0f}{change}"
        head: Line = (Span(f" {fit(part.name, 10)}", "muted"), Span(fit(points, 19), tone))
        first, *others = wrap(part.sentence, max(20, width - 32), "muted") or [()]
        lines += [(*head, *first), *[(Span(" " * 30), *more) for more in others]]
    return lines


def load_lines(published: list[PersonLoad], draft: list[PersonLoad]) -> list[Line]:
    """Each person's load beyond their share (debts counted in), as it is and as it would be."""
    before = {one.person: one for one in published}
    head = "".join(fit(SHORT_WORDS[measure], LOAD_WIDTH, right=True) for measure in MEASURES)
    lines: list[Line] = [
        (Span(" LOAD BEYOND THE SHARE", "accent"), Span("   as published; → as drafted, where it differs", "muted")),
        (Span(f" {'':<9}{head}", "muted"),),
    ]
    for one in draft:
        was = before.get(one.person, one)
        cells = [Span(_beyond(was, name), "muted") for name in MEASURES]
        lines.append((Span(f" {fit(one.person, 9)}", "strong"), *cells))
        if was.load != one.load:
            cells = [Span(_beyond(one, name), _better(was, one, name)) for name in MEASURES]
            lines.append((Span(f" {'→':>8} "), *cells))
    return lines


def _beyond(one: PersonLoad, measure: str) -> str:
    return fit(amount(measure, round(beyond_share(one, measure), 1), signed=True), LOAD_WIDTH, right=True)


def _better(was: PersonLoad, now: PersonLoad, measure: str) -> Tone:
    """Nearer to the share is better."""
    before, after = abs(beyond_share(was, measure)), abs(beyond_share(now, measure))
    return "good" if after < before - 0.05 else "fair" if after > before + 0.05 else "muted"
