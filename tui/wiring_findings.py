"""What the reading and the rules say of a plan, as lines. Pure."""

from collections.abc import Sequence

from fleet.wiring.rules.faults import Fault, Place
from fleet.wiring.rules.marks import number
from protocols.wiring.findings import Assessment, Judgement
from tui.paint import Line, Span, Tone, joined, wrap
from tui.wiring_marks import SEVERITY_TONES, VERDICT_SIGNS, VERDICT_TONES
from tui.wiring_seen import SeenPlan
from tui.words import plural

_NAMED = 3


def finding_lines(seen: SeenPlan, width: int) -> list[Line]:
    """What wants mending: faults of the text, else what fails and what is not judged; each with its place in the text
    and what to do."""
    if seen.reading.faults:
        return [line for fault in seen.reading.faults for line in fault_lines(fault, width)]
    if seen.assessment is None:
        return []
    wanting = [*seen.assessment.of("fail"), *seen.assessment.of("unjudged")]
    return [line for one in wanting for line in judgement_lines(one, seen, width)]


def fault_lines(fault: Fault, width: int) -> list[Line]:
    """A fault of the text at its line and column."""
    head: Line = (
        Span(_place_words(fault.place), "accent"),
        Span("  ✗ fault", "bad"),
        Span(f"  {fault.path}", "muted"),
    )
    return [head, *_told(fault.message, fault.remedy, width)]


def judgement_lines(one: Judgement, seen: SeenPlan, width: int) -> list[Line]:
    """What a rule says, at the line and column of its subject."""
    place = seen.reading.place(one.subject)
    head: Line = (
        Span(_place_words(place), "accent"),
        Span(f"  {VERDICT_SIGNS[one.verdict]} {one.rule}", VERDICT_TONES[one.verdict]),
        Span(f"  {one.severity}", SEVERITY_TONES[one.severity]),
        Span(f"  {one.subject}", "muted"),
    )
    return [head, *_told(one.sentence, one.remedy, width)]


def is_head(line: Line, place: Place) -> bool:
    """Whether a line is the first of what is said of `place`."""
    return bool(line) and line[0].text == _place_words(place)


def _place_words(place: Place) -> str:
    return f" {place.line}:{place.column}"


def check_lines(seen: SeenPlan, width: int) -> list[Line]:
    """Every judgement, passes as well, with its formula, the figures it used, and which of them nobody has checked."""
    if seen.assessment is None:
        return finding_lines(seen, width)
    return [
        line for one in seen.assessment.judgements for line in (*judgement_lines(one, seen, width), *_why(one, width))
    ]


def _why(one: Judgement, width: int) -> list[Line]:
    figures = "  ".join(f"{name} {number(value)}" for name, value in one.figures.items())
    unverified = f"unverified: {', '.join(one.unverified)}" if one.unverified else ""
    lines = [*_indented(one.formula, width, "muted"), *_indented(figures, width, "muted")]
    return [*lines, *_indented(unverified, width, "fair")]


def _told(sentence: str, remedy: str, width: int) -> list[Line]:
    lines = _indented(sentence, width)
    return [*lines, *remedy_lines(remedy, width, "strong")]


def remedy_lines(remedy: str, width: int, tone: Tone = "plain") -> list[Line]:
    """What to do, after an arrow; nothing where there is nothing to do."""
    broken = wrap(remedy, width - 6, tone) if remedy else []
    return [(Span("   → " if at == 0 else "     "), *line) for at, line in enumerate(broken)]


def _indented(text: str, width: int, tone: Tone = "plain") -> list[Line]:
    return [(Span("   "), *line) for line in wrap(text, width - 4, tone)] if text else []


def verdict_line(seen: SeenPlan) -> Line:
    """In a few words: `3 faults in the text`, `all 40 checks pass`, `2 fail, 1 not judged: not to be fitted`."""
    if seen.reading.faults:
        return (Span(f"✗ {plural(len(seen.reading.faults), 'fault')} in the text", "bad"),)
    assessment = seen.assessment
    if assessment is None:
        return ()
    failed, unjudged = assessment.of("fail"), assessment.of("unjudged")
    if not failed and not unjudged:
        return (Span(f"✓ all {len(assessment.judgements)} checks pass", "good"),)
    parts: list[Line] = [(Span(f"✗ {len(failed)} fail", "bad"),)] if failed else []
    parts += [(Span(f"? {len(unjudged)} not judged", "fair"),)] if unjudged else []
    may: Line = (Span("may be fitted", "good") if assessment.may_be_fitted else Span("not to be fitted", "bad"),)
    return joined([*parts, may], "  ")


def unsafe_words(assessment: Assessment) -> str:
    """The rules by which a plan may not be fitted, each with the first of those that it is about."""
    found: dict[str, list[str]] = {}
    for one in assessment.judgements:
        if one.severity == "safety" and one.verdict != "pass":
            found.setdefault(one.rule, []).append(one.subject)
    return "; ".join(f"{rule} ({_some(subjects)})" for rule, subjects in found.items())


def _some(subjects: Sequence[str]) -> str:
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return f"{', '.join(subjects[:_NAMED])}{more}"
