"""`fleet wiring templates`, `schema` and `export`: where a plan begins, and where it goes."""

import json as json_text

from cyclopts import App

from fleet.cli.door import Json
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.wiring_files import NewFile, PlanFile, check_new, read_plan_file, write_text
from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.schema import json_schema
from fleet.wiring.rules.wireviz_out import to_wireviz, written


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    for command in (templates, schema, export):
        app.command(command)


def templates(*, json: Json = False) -> None:
    """List the worked vehicles to start from."""
    found = [(name, template(name)) for name in TEMPLATES]
    if json:
        print_json([{"template": name, "title": plan.title} for name, plan in found])
        return
    rows = [(name, plan.title, len(plan.loads), len(plan.conductors)) for name, plan in found]
    print_table(("template", "title", "loads", "conductors"), rows, empty="there is none", free=["title"])


def schema() -> None:
    """Print the JSON Schema of a plan's file, which editors take."""
    print_line(json_text.dumps(json_schema(), indent=2, ensure_ascii=False))


def export(file: PlanFile, *, to: NewFile = None) -> None:
    """Write a plan as WireViz's YAML. What that can not say is told on standard error."""
    check_new(to)
    found = to_wireviz(read_plan_file(file).plan)
    write_text(to, written(found.document))
    for line in found.lost:
        print_remark(f"left out: {line}")
