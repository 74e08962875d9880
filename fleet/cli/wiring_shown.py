"""`fleet wiring draw` and `diff`: a plan as a drawing, and two plans side by side."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Json
from fleet.cli.options import WholeNumber
from fleet.cli.output import print_json
from fleet.cli.wiring_files import (
    PlanFile,
    PolicyFile,
    check_new,
    only_one_standard,
    read_plan_file,
    read_policy,
    write_bytes,
)
from fleet.cli.wiring_painted import print_marks, terminal_width
from fleet.wiring import drawing
from fleet.wiring.drawing import FORMS, Form
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.diagram import LEAST_WIDTH, cavity_tables, diagram, difference_lines
from fleet.wiring.rules.difference import compare
from fleet.wiring.rules.difference_lines import newly
from protocols.wiring.advice import Difference
from protocols.wiring.findings import Judgement
from protocols.wiring.plan import Plan

_WIDTH = WholeNumber(LEAST_WIDTH, 400)
Width = Annotated[int | None, Parameter(validator=_WIDTH, help="How many columns; without it the terminal's.")]

DrawingFile = Annotated[
    Path | None, Parameter(allow_leading_hyphen=True, help="Draw into this new file instead; - is standard output.")
]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What is different between two plans, and what rules say of the second that they did not of the first."""

    differences: list[Difference]
    fails_now: list[Judgement]
    fails_no_more: list[Judgement]
    not_judged_now: list[Judgement]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    app.command(draw)
    app.command(diff)


def draw(
    file: PlanFile,
    *,
    cavities: Annotated[
        bool, Parameter(negative="", help="What goes into which cavity, connector by connector, instead.")
    ] = False,
    svg: DrawingFile = None,
    png: DrawingFile = None,
    pdf: DrawingFile = None,
    width: Width = None,
    policy: PolicyFile = None,
) -> None:
    """Draw a plan here: each circuit from its source to its load and back, with what fails at its part.

    Colours are IEC 60757's codes, in text as well as in colour; NO_COLOR leaves colour out. On 156 columns or more
    circuits stand side by side. Drawings in files are WireViz's and Graphviz's.
    """
    only_one_standard(file, policy)
    wanted: list[tuple[Form, Path]] = [
        (form, path) for form, path in zip(FORMS, (svg, png, pdf), strict=True) if path is not None
    ]
    for _, path in wanted:
        check_new(path)
    house = read_policy(policy)
    plan = read_plan_file(file).plan
    if wanted:
        _draw_files(plan, wanted)
        return
    columns = width or max(LEAST_WIDTH, terminal_width())
    print_marks(cavity_tables(plan, columns) if cavities else diagram(plan, assess(plan, house), columns))


def _draw_files(plan: Plan, wanted: Sequence[tuple[Form, Path]]) -> None:
    for form, path in wanted:
        write_bytes(path, drawing.draw(plan, form))


def diff(
    before: PlanFile, after: PlanFile, *, policy: PolicyFile = None, width: Width = None, json: Json = False
) -> None:
    """Tell what came, went and changed from one plan to another, and which rules fail now that did not.

    What has another name went and came. Exit code 1 when a rule fails now that did not.
    """
    only_one_standard(before, after, policy)
    house = read_policy(policy)
    old, new = read_plan_file(before).plan, read_plan_file(after).plan
    was, now = assess(old, house), assess(new, house)
    fails_now = newly(["fail"], was, now)
    if json:
        print_json(
            Compared(
                differences=compare(old, new),
                fails_now=fails_now,
                fails_no_more=newly(["fail"], now, was),
                not_judged_now=newly(["unjudged"], was, now),
            )
        )
    else:
        print_marks(difference_lines(old, new, width or terminal_width(), (was, now)))
    if fails_now:
        sys.exit(1)
