"""A plan drawn for a terminal: what a person follows with a finger, from each source to each load and back. Pure."""

from collections.abc import Sequence

from fleet.wiring.rules.cavity_tables import cavity_tables
from fleet.wiring.rules.diagram_remarks import Remarks
from fleet.wiring.rules.diagram_rows import Sheet, head, lines_of, told
from fleet.wiring.rules.diagram_tree import Block, Drawing
from fleet.wiring.rules.diagram_words import battery_words, vehicle_words
from fleet.wiring.rules.difference_lines import difference_lines
from fleet.wiring.rules.marks import Line, Mark, cells, joined, wrapped
from fleet.wiring.rules.network import Network
from protocols.wiring.findings import Assessment, Judgement
from protocols.wiring.plan import Plan

__all__ = ["Line", "Mark", "cavity_tables", "diagram", "difference_lines"]

LEAST_WIDTH = 60
_TWO_COLUMNS_FROM = 156
_GAP = 4
_LEGEND = ("● source", "▬ fuse", "◆ splice", "□ cavity", "⇄ mates", "■ load", "╎ return", "╧ ground")


def diagram(plan: Plan, assessment: Assessment | None, width: int) -> list[Line]:
    """A plan whose names are right (see `consistency`) as lines of at most `width` columns, of which there are 60 at
    least. What fails or is not judged stands by its component, with the rule's id; without an assessment nothing does.
    From 156 columns on, blocks stand side by side."""
    width = max(LEAST_WIDTH, width)
    remarks = Remarks(assessment)
    blocks = Drawing(plan, Network(plan), remarks).blocks()
    lines = [*_head(plan, assessment, width), ()]
    if width < _TWO_COLUMNS_FROM or len(blocks) < 2:
        lines += _stacked(blocks, width)
    else:
        lines += _side_by_side(blocks, width)
    rest = remarks.rest()
    if rest:
        lines += [(), (Mark("of the whole", "muted"),)]
        lines += [line for one in rest for line in told(one, width)]
    return [*lines, (), *_flowing([Mark(one, "muted") for one in _LEGEND], width, 2)]


def _head(plan: Plan, assessment: Assessment | None, width: int) -> list[Line]:
    revision = f"revision {plan.revision}" if plan.revision else ""
    title = joined((plan.title, revision), " · ")
    first, *more = wrapped(title, width - len(plan.name) - 2) or [""]
    lines: list[Line] = [(Mark(plan.name, "strong"), Mark(f"  {first}")), *((Mark(line),) for line in more)]
    if plan.vehicle is not None:
        said = [vehicle_words(plan.vehicle), *(battery_words(*one) for one in plan.vehicle.batteries.items())]
        lines += [(Mark(line, "muted"),) for words in said for line in wrapped(words, width)]
    if assessment is not None:
        lines += verdict_lines(assessment, width)
    return lines


def verdict_lines(assessment: Assessment, width: int) -> list[Line]:
    """How many fail and are not judged, and whether the plan may be fitted."""
    failed, unjudged = assessment.of("fail"), assessment.of("unjudged")
    if not failed and not unjudged:
        if not assessment.judgements:
            return [(Mark("there is nothing to judge yet", "muted"),)]
        return [(Mark(f"✓ all {len(assessment.judgements)} checks pass", "good"),)]
    marks = [
        *([Mark(f"✗ {_counted(failed, 'fail')}", "bad")] if failed else []),
        *([Mark(f"? {_counted(unjudged, 'not judged')}", "fair")] if unjudged else []),
        Mark("may be fitted", "good") if assessment.may_be_fitted else Mark("not to be fitted", "bad"),
    ]
    return _flowing(marks, width, 3)


def _counted(judgements: Sequence[Judgement], word: str) -> str:
    grave = sum(one.severity == "safety" for one in judgements)
    return f"{len(judgements)} {word}" + (f" ({grave} of safety)" if grave else "")


def _flowing(marks: Sequence[Mark], width: int, gap: int) -> list[Line]:
    """Marks one after another, on as many lines as they take."""
    lines: list[Line] = [()]
    for mark in marks:
        used = sum(cells(one.text) for one in lines[-1])
        if used and used + gap + cells(mark.text) > width:
            lines.append((mark,))
        else:
            lines[-1] = (*lines[-1], *([Mark(" " * gap)] if used else []), mark)
    return lines


def _stacked(blocks: Sequence[Block], width: int) -> list[Line]:
    sheet = Sheet.of(width)
    lines: list[Line] = []
    for at, block in enumerate(blocks):
        lines += [()] if at else []
        lines += _block_lines(block, sheet, with_head=at == 0)
    return lines


def _block_lines(block: Block, sheet: Sheet, *, with_head: bool = False) -> list[Line]:
    lines = [line for row in block.rows for line in lines_of(row, sheet)]
    title: list[Line] = [(Mark(block.title, "muted"),)] if block.title else []
    return [*([head(sheet)] if with_head else []), *title, *lines]


def _side_by_side(blocks: Sequence[Block], width: int) -> list[Line]:
    """Blocks in two columns, in their order, the first as long as half of all or a little longer."""
    each = (width - _GAP) // 2
    sheet = Sheet.of(each)
    drawn = [_block_lines(block, sheet) for block in blocks]
    half = sum(len(lines) + 1 for lines in drawn) / 2
    columns: tuple[list[Line], list[Line]] = ([head(sheet)], [head(sheet)])
    for lines in drawn:
        column = columns[0] if len(columns[0]) + len(lines) / 2 <= half or len(columns[0]) == 1 else columns[1]
        column += [*([()] if len(column) > 1 else []), *lines]
    left, right = columns
    count = max(len(left), len(right))
    return [
        (*_filled(left[at] if at < len(left) else (), each + _GAP), *(right[at] if at < len(right) else ()))
        for at in range(count)
    ]


def _filled(line: Line, width: int) -> Line:
    used = sum(cells(mark.text) for mark in line)
    return (*line, Mark(" " * max(0, width - used)))
