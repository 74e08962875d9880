"""The six questions on one screen: what is answered, and what comes of it as it is typed. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.marks import number as figure
from fleet.wiring.rules.questions import Answers, Question, Refused, answered, read_answers
from fleet.wiring.rules.tables import BLADE_COLOURS
from protocols.wiring.findings import Assessment, Judgement, RuleId
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tui.paint import EMPTY, Line, Span, fit, joined, line_width, wrap
from tui.wiring_findings import remedy_lines
from tui.wiring_marks import VERDICT_SIGNS, VERDICT_TONES, colour_spans

_LABEL = 19


class Worked(NamedTuple):
    """What came of whole answers."""

    plan: Plan
    assessment: Assessment


class _Figure(NamedTuple):
    """A figure of a rule: its name, the figure's, its limit's, which way it is held against that, and the unit."""

    rule: RuleId
    label: str
    value: str
    limit: str
    sign: str
    unit: str


_FIGURES = (
    _Figure("drop-cold", "drop at 20 °C", "drop_v", "limit_v", "≤", "V"),
    _Figure("drop-hot", "drop hot", "drop_v", "limit_v", "≤", "V"),
    _Figure("drop-cranking", "at kit, cranking", "at_load_v", "min_v", "≥", "V"),
    _Figure("short-blows-fuse", "dead short", "short_a", "needed_a", "≥", "A"),
    _Figure("days-to-no-start", "starts after", "days", "stand_days", "≥", "d"),
)


def texts_of(answers: Answers) -> dict[str, str]:
    """Answers as they would be typed."""
    return {
        "load_a": f"{answers.load_a:g}",
        "run_m": f"{answers.run_m:g}",
        "source": answers.source,
        "fuse_a": "" if answers.fuse_a is None else f"{answers.fuse_a:g}",
        "ground": answers.ground,
        "hot_c": f"{answers.hot_c:g}",
    }


def completed(question: Question, typed: str) -> str:
    """What was typed; the beginning of one choice alone stands for it."""
    written = typed.strip().replace(",", ".")
    fitting = [one for one in question.choices if written and one.startswith(written.lower())]
    return fitting[0] if len(fitting) == 1 and not written[:1].isdigit() else written


def worked(template: Plan, texts: Mapping[str, str], policy: WiringPolicy) -> Worked | list[Refused]:
    """The plan that answers make, and what the rules say of it; else why they are none."""
    answers = read_answers(template, texts)
    if not isinstance(answers, Answers):
        return answers
    plan = answered(template, answers, policy)
    return Worked(plan, assess(plan, policy))


def answer_line(question: Question, refused: Sequence[Refused]) -> Line:
    """What stands beside a question's field: why the answer is none, else what is asked for."""
    sentence = next((one.sentence for one in refused if one.name == question.name), None)
    if sentence is not None:
        return (Span(f" ✗ {sentence}", "bad"),)
    unit: Line = (Span(f" {question.unit:<3}"),)
    if question.choices and not question.optional:
        return (*unit, Span(f"{' | '.join(question.choices)}: {question.hint}", "muted"))
    return (*unit, Span(question.hint, "muted"))


def worked_lines(found: Worked, width: int) -> list[Line]:
    """What is chosen, each figure against its limit, and what fails in words."""
    wanting = [*found.assessment.of("fail"), *found.assessment.of("unjudged")]
    lines = [*_chosen(found.plan, width), EMPTY, *(_figure_line(one, found.assessment) for one in _FIGURES), EMPTY]
    if not wanting:
        count = len(found.assessment.judgements)
        return [*lines, (Span(f" ✓ all {count} checks pass", "good"), Span("   enter shows the plan", "muted"))]
    return [*lines, *(line for one in wanting for line in _wanting(one, width))]


def _wanting(one: Judgement, width: int) -> list[Line]:
    said = f"{VERDICT_SIGNS[one.verdict]} {one.rule}: {one.sentence}"
    told = [(Span(" "), *line) for line in wrap(said, width - 2, VERDICT_TONES[one.verdict])]
    return [*told, *remedy_lines(one.remedy, width)]


def _chosen(plan: Plan, width: int) -> list[Line]:
    kinds: dict[tuple[float | None, str], list[str]] = {}
    for name, one in plan.conductors.items():
        kinds.setdefault((one.csa_mm2, one.colour or ""), []).append(name)
    wires: list[Line] = []
    for (csa, colour), names in kinds.items():
        size = "size not known" if csa is None else f"{csa:g} mm² "
        wires.append((Span(size, "strong"), *colour_spans(colour), Span(f" {' '.join(names)}", "muted")))
    fuses = "   ".join(
        f"{name} {one.rating_a:g} A {BLADE_COLOURS.get(one.rating_a, '')}".rstrip() for name, one in plan.fuses.items()
    )
    return [
        *_flowing("conductors", wires, width),
        (Span(f" {'fuses':<{_LABEL}}", "muted"), Span(fuses, "strong")),
    ]


def _flowing(label: str, parts: Sequence[Line], width: int) -> list[Line]:
    """Parts after a label, on as many lines as they take."""
    rows: list[list[Line]] = [[]]
    for part in parts:
        if rows[-1] and line_width(joined([*rows[-1], part])) > width - _LABEL - 2:
            rows.append([])
        rows[-1].append(part)
    return [(Span(f" {label if at == 0 else '':<{_LABEL}}", "muted"), *joined(row)) for at, row in enumerate(rows)]


def _figure_line(wanted: _Figure, assessment: Assessment) -> Line:
    """The worst of a rule's judgements; they come fails first."""
    found = [one for one in assessment.judgements if one.rule == wanted.rule]
    if not found:
        return (Span(f" {wanted.label:<{_LABEL}}", "muted"), Span("—  not asked of this kit", "muted"))
    one = found[0]
    label = f"drop at {figure(one.figures['temperature_c'])} °C" if "temperature_c" in one.figures else wanted.label
    value, limit = one.figures.get(wanted.value), one.figures.get(wanted.limit)
    return (
        Span(f" {label:<{_LABEL}}", "muted"),
        Span(fit("—" if value is None else f"{figure(value)} {wanted.unit}", 10, right=True), "strong"),
        Span(f"  {wanted.sign} {fit('—' if limit is None else f'{figure(limit)} {wanted.unit}', 10)}", "muted"),
        Span(f"{VERDICT_SIGNS[one.verdict]} {one.verdict}", VERDICT_TONES[one.verdict]),
        Span(f"   {one.rule}", "muted"),
    )
