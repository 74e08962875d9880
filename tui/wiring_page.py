"""A plan from each of its sides, as lines: diagram with findings, cavities, what to cut and buy, labels. Pure."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from fleet.wiring.rules.cuts import bill_of_materials, cut_list, label_list
from fleet.wiring.rules.diagram import cavity_tables, diagram
from protocols.wiring.findings import DrainCurve
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tui.paint import EMPTY, Line, Span, columns, cut, fit, joined
from tui.wiring_findings import check_lines, finding_lines
from tui.wiring_marks import colour_spans, lines_of
from tui.wiring_seen import SeenPlan
from tui.words import UNKNOWN, number

ViewName = Literal["diagram", "checks", "cavities", "buy", "labels", "drain"]


class View(NamedTuple):
    """A side that a plan is shown from, and the key that shows it."""

    key: str
    name: ViewName
    title: str


VIEWS: tuple[View, ...] = (
    View("d", "diagram", "diagram"),
    View("o", "checks", "checks"),
    View("c", "cavities", "cavities"),
    View("b", "buy", "cut and buy"),
    View("l", "labels", "labels"),
    View("p", "drain", "drain"),
)
_BESIDE_FROM = 130
_FINDINGS = 62


def strip_line(shown: ViewName) -> Line:
    """The sides a plan can be shown from, with their keys; the one that is `shown` stands out."""
    return joined(
        [
            (
                Span(" "),
                Span(view.key, "accent"),
                Span(" "),
                Span(view.title, "title" if view.name == shown else "muted"),
            )
            for view in VIEWS
        ],
        "  ",
    )


def view_lines(view: ViewName, seen: SeenPlan, policy: WiringPolicy, width: int) -> list[Line]:
    """A side of a plan for `width` columns; of a text with faults its faults. The curve of `drain` is not lines: what
    is said of it stands below."""
    plan = seen.plan
    if plan is None:
        return [EMPTY, *finding_lines(seen, width)]
    match view:
        case "diagram":
            return _diagram(plan, seen, width)
        case "checks":
            return check_lines(seen, width)
        case "cavities":
            return lines_of(cavity_tables(plan, width - 1)) or _nothing("it has no connectors")
        case "buy":
            return [*_cuts(plan, policy, width), EMPTY, *_bill(plan, policy, width)]
        case "labels":
            return _labels(plan, width)
        case "drain":
            return curve_lines(seen.assessment.curves if seen.assessment is not None else [])


def _nothing(words: str) -> list[Line]:
    return [(Span(f" {words}", "muted"),)]


def _diagram(plan: Plan, seen: SeenPlan, width: int) -> list[Line]:
    """What wants mending stands beside the diagram where there is room, else below it."""
    wanting = finding_lines(seen, _FINDINGS if width >= _BESIDE_FROM else width)
    if not wanting:
        return lines_of(diagram(plan, seen.assessment, width - 1))
    title: Line = (Span(" WANTS MENDING", "accent"),)
    if width < _BESIDE_FROM:
        return [*lines_of(diagram(plan, seen.assessment, width - 1)), EMPTY, title, *wanting]
    left = width - _FINDINGS - 2
    return columns(lines_of(diagram(plan, seen.assessment, left - 2)), [title, *wanting], left)


def _cuts(plan: Plan, policy: WiringPolicy, width: int) -> list[Line]:
    ends = max(12, min(22, (width - 46) // 2))
    heads = (("conductor", 11), ("mm²", 6), ("type", 10), ("colour", 8), ("cut", 9), ("from", ends), ("to", ends))
    lines: list[Line] = [
        (Span(" CUT", "accent"),),
        (Span(" "), *(Span(fit(name, size), "muted") for name, size in heads)),
    ]
    for one in cut_list(plan, policy):
        size = UNKNOWN if one.csa_mm2 is None else f"{one.csa_mm2:g}"
        cut_words = UNKNOWN if one.cut_mm is None else f"{number(one.cut_mm)} mm"
        lines.append(
            (
                Span(" "),
                Span(fit(one.conductor, 11), "strong"),
                Span(fit(size, 6)),
                Span(fit(one.type, 10)),
                *colour_spans(one.colour),
                Span(" " * (8 - max(1, len(one.colour)))),
                Span(fit(cut_words, 9)),
                Span(fit(one.start, ends)),
                Span(fit(one.end, ends)),
            )
        )
    return lines


def _bill(plan: Plan, policy: WiringPolicy, width: int) -> list[Line]:
    part = max(20, min(50, width - 46))
    lines: list[Line] = [
        (Span(" BUY", "accent"),),
        (Span(f" {fit('kind', 12)}{fit('part', part)}  {fit('quantity', 10, right=True)}  for", "muted"),),
    ]
    for one in bill_of_materials(plan, policy):
        line: Line = (
            Span(f" {fit(one.kind, 12)}", "muted"),
            Span(fit(one.part, part), "strong"),
            Span(f"  {fit(f'{one.quantity:g} {one.unit}', 10, right=True)}  "),
            Span(", ".join(one.used_by), "muted"),
        )
        lines.append(cut(line, width))
    return lines


def _labels(plan: Plan, width: int) -> list[Line]:
    heads: Line = (Span(f" {fit('conductor', 12)}{fit('on the end at', 20)}text", "muted"),)
    return [
        heads,
        *(
            cut((Span(f" {fit(one.conductor, 12)}", "strong"), Span(fit(one.at, 20)), Span(one.text)), width)
            for one in label_list(plan)
        ),
    ]


def curve_lines(curves: Sequence[DrainCurve]) -> list[Line]:
    """What is said of each battery's curve."""
    if not curves:
        return _nothing("no curve: the plan does not say enough of a battery (vehicle.batteries)")
    lines: list[Line] = []
    for curve in curves:
        without = "" if curve.days_without_kit is None else f", {curve.days_without_kit:.1f} d without kit"
        words = f" starts for {curve.days:.1f} d of standing{without}; needs {100 * curve.soc_min:.0f} %"
        lines.append((Span(f" {curve.battery}", "strong"), Span(words)))
    legend: Line = (
        Span(" charge in % by days: ", "muted"),
        Span("amber with our kit", "fair"),
        Span("  blue without", "accent"),
        Span("  red the least it needs", "bad"),
    )
    return [*lines, legend]
