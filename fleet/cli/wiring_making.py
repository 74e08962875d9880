"""`fleet wiring templates`, `new`, `schema`, `import` and `export`: where a plan begins, and where it goes."""

import json as json_text
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Json
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.wiring_checking import summary
from fleet.cli.wiring_files import (
    NewFile,
    PlanFile,
    PolicyFile,
    check_new,
    read_plan_file,
    read_policy,
    read_text,
    refuse,
    write_text,
)
from fleet.errors import CommandIncomplete, NotFound
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.library import TEMPLATES, template, template_text
from fleet.wiring.rules.questions import Answers, answered, defaults, read_answers
from fleet.wiring.rules.schema import json_schema
from fleet.wiring.rules.wireviz_in import from_wireviz
from fleet.wiring.rules.wireviz_out import to_wireviz, written
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.plan import Plan

Answer = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    for command in (templates, new, schema, export):
        app.command(command)
    app.command(import_, name="import")


def templates(*, json: Json = False) -> None:
    """List the worked vehicles to start from."""
    found = [(name, template(name)) for name in TEMPLATES]
    if json:
        print_json([{"template": name, "title": plan.title} for name, plan in found])
        return
    rows = [(name, plan.title, len(plan.loads), len(plan.conductors)) for name, plan in found]
    print_table(("template", "title", "loads", "conductors"), rows, empty="there is none", free=["title"])


def new(
    name: Annotated[str, Parameter(name="TEMPLATE", help="A worked vehicle, as fleet wiring templates lists them.")],
    *,
    load_a: Annotated[Answer, Parameter(help="The most that the kit draws, A; mend running_a in the file.")] = None,
    run_m: Annotated[Answer, Parameter(help="From the source to the kit, m.")] = None,
    source: Annotated[Answer, Parameter(help="battery, auxiliary or ignition, of what the vehicle has.")] = None,
    fuse_a: Annotated[Answer, Parameter(help="The fuse, A; without it as advised.")] = None,
    ground: Annotated[Answer, Parameter(help="chassis or battery.")] = None,
    hot_c: Annotated[Answer, Parameter(help="Of the hottest place on the way, °C.")] = None,
    policy: PolicyFile = None,
    to: NewFile = None,
) -> None:
    """Begin a plan: a worked vehicle with its comments, or, with an answer or more, one circuit in that vehicle.

    Conductors and the fuse are then as advised, and what was not answered is the vehicle's usual. What fails all the
    same is told on standard error, and the exit code is 1.
    """
    if name not in TEMPLATES:
        raise NotFound("template-unknown", f"there is no template {name!r}", f"name one of {', '.join(TEMPLATES)}")
    check_new(to)
    house = read_policy(policy)
    texts = {
        field: text
        for field, text in zip(Answers._fields, (load_a, run_m, source, fuse_a, ground, hot_c), strict=True)
        if text is not None
    }
    if not texts:
        write_text(to, template_text(name))
        return
    base = template(name)
    plan = answered(base, _answers(name, base, texts), house)
    found = assess(plan, house)
    write_text(to, write_plan(plan))
    for one in found.of("fail"):
        print_remark(f"{one.severity} {one.rule}: {one.sentence} — {one.remedy}")
    print_remark(summary(found))
    if found.of("fail"):
        sys.exit(1)


def _answers(name: str, base: Plan, texts: Mapping[str, str]) -> Answers:
    """What was answered, the rest as the template has it; raises CommandIncomplete."""
    usual = {field: f"{value}" for field, value in defaults(name)._asdict().items() if value is not None}
    found = read_answers(base, {**usual, **texts})
    if isinstance(found, Answers):
        return found
    said = "; ".join(f"--{one.name.replace('_', '-')}: {one.sentence}" for one in found)
    raise CommandIncomplete("answer-unfit", said, "see fleet wiring new --help")


def schema() -> None:
    """Print the JSON Schema of a plan's file, which editors take."""
    print_line(json_text.dumps(json_schema(), indent=2, ensure_ascii=False))


def import_(file: PlanFile, *, to: NewFile = None) -> None:
    """Write what a WireViz file says as a plan. What has no place in one is told on standard error.

    Nothing that the file names is opened or fetched. What WireViz does not know is added by hand: where positive comes
    from, what loads draw, what fuses are rated.
    """
    check_new(to)
    found = from_wireviz(read_text(file))
    if found.plan is None or found.faults:
        refuse(file, found.faults)
    write_text(to, write_plan(found.plan))
    _tell_lost(found.lost)


def export(file: PlanFile, *, to: NewFile = None) -> None:
    """Write a plan as WireViz's YAML. What that can not say is told on standard error."""
    check_new(to)
    found = to_wireviz(read_plan_file(file).plan)
    write_text(to, written(found.document))
    _tell_lost(found.lost)


def _tell_lost(lost: Sequence[str]) -> None:
    for line in lost:
        print_remark(f"left out: {line}")
