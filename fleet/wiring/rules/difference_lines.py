"""The differences between two plans for a terminal, and what they mean for the rules. Pure."""

from collections.abc import Sequence

from fleet.wiring.rules.difference import compare
from fleet.wiring.rules.marks import Line, Mark, Tone, cells, fitted, padded, wrapped
from protocols.wiring.advice import Difference
from protocols.wiring.findings import Assessment, Judgement
from protocols.wiring.plan import Plan

_NONE = "–"
_LEAST = 40
_FIELD_MOST = 24


def difference_lines(
    before: Plan, after: Plan, width: int, assessed: tuple[Assessment, Assessment] | None = None
) -> list[Line]:
    """What came (`+`), went (`-`) and changed (`~`), in at most `width` columns; with the assessments of both, which
    rules fail now and did not, and the other way round. One line where nothing is different."""
    width = max(_LEAST, width)
    differences = compare(before, after)
    if not differences:
        return [(Mark("nothing is different", "muted"),)]
    return [*_listed(differences, width), *(() if assessed is None else _meaning(*assessed, width))]


def newly(verdicts: Sequence[str], before: Assessment, after: Assessment) -> list[Judgement]:
    """What has one of `verdicts` in `after` and had none of them in `before`."""
    known = {(one.rule, one.subject) for one in before.judgements if one.verdict in verdicts}
    return [one for one in after.judgements if one.verdict in verdicts and (one.rule, one.subject) not in known]


def _listed(differences: Sequence[Difference], width: int) -> list[Line]:
    lines: list[Line] = []
    subject = None
    named = min(_FIELD_MOST, max((cells(one.field) for one in differences if one.kind == "changed"), default=0))
    for one in differences:
        if one.kind == "changed" and one.field:
            if one.subject != subject:
                lines.append((Mark("~ ", "fair"), Mark(one.subject, "strong")))
            lines.append(_changed(one, named, width))
        elif one.kind == "changed":
            lines.append((Mark("~ ", "fair"), Mark(one.subject, "strong"), *_values(one, width - cells(one.subject))))
        else:
            lines.append(_came_or_went(one, width))
        subject = one.subject
    return lines


def _changed(one: Difference, named: int, width: int) -> Line:
    name = padded(one.field, max(named, cells(one.field)))
    return (Mark("    "), Mark(name), *_values(one, width - 4 - cells(name)))


def _values(one: Difference, width: int) -> list[Mark]:
    each = max(4, (width - 5) // 2)
    old, new = fitted(one.before or _NONE, each), fitted(one.after or _NONE, each)
    return [Mark("  "), Mark(old, "muted"), Mark(" → "), Mark(new, "strong")]


def _came_or_went(one: Difference, width: int) -> Line:
    sign = Mark("+ ", "good") if one.kind == "added" else Mark("- ", "bad")
    room = max(0, width - cells(one.subject) - 4)
    return (sign, Mark(one.subject, "strong"), Mark(f"  {fitted(one.after or one.before or '', room)}", "muted"))


def _meaning(before: Assessment, after: Assessment, width: int) -> list[Line]:
    said: list[tuple[str, Tone]] = [
        *((f"✗ {_named(one)} fails now: {one.sentence}", "bad") for one in newly(["fail"], before, after)),
        *((f"✓ {_named(one)} fails no more", "good") for one in newly(["fail"], after, before)),
        *((f"? {_named(one)} is not judged now: {one.remedy}", "fair") for one in newly(["unjudged"], before, after)),
    ]
    if not said:
        return [(), (Mark("no rule says anything else", "muted"),)]
    return [(), *((Mark(line, tone),) for text, tone in said for line in _indented(text, width))]


def _named(one: Judgement) -> str:
    return f"{one.rule} of {one.subject}"


def _indented(text: str, width: int) -> list[str]:
    first, *more = wrapped(text, width - 4)
    return [first, *(f"    {line}" for line in more)]
