"""`fleet wiring advise`, `bom`, `cuts` and `labels`: what to fit, buy, cut and write on it."""

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
    only_one_standard,
    read_plan_file,
    read_policy,
    write_text,
)
from fleet.wiring.rules.advising import advise as advise_plan
from fleet.wiring.rules.advising import applied
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.cuts import bill_of_materials, cut_list, label_list
from fleet.wiring.rules.marks import number
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.advice import Advice
from protocols.wiring.plan import Plan


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    for command in (advise, bom, cuts, labels):
        app.command(command)


def advise(
    file: PlanFile,
    *,
    policy: PolicyFile = None,
    to: Annotated[
        NewFile, Parameter(help="Write the plan with all of it done to this new file, without the comments of the old.")
    ] = None,
    json: Json = False,
) -> None:
    """Advise the smallest conductors and fuses with which a plan passes, and say what governs each.

    Nothing is written over. What no size can mend is said, with what else would help.
    """
    only_one_standard(file, policy)
    check_new(to)
    house = read_policy(policy)
    plan = read_plan_file(file).plan
    advice = advise_plan(plan, house)
    done = applied(plan, advice)
    if to is not None:
        write_text(to, write_plan(done))
    elif json:
        print_json(advice)
    else:
        _print_advice(plan, advice)
    if not json:
        print_remark(f"with all of it done: {summary(assess(done, house))}")


def _print_advice(plan: Plan, advice: Advice) -> None:
    rows = [
        (one.conductor, number(one.csa_mm2), number(one.advised_mm2), one.governed_by, one.sentence)
        for one in advice.conductors
    ]
    print_table(
        ("conductor", "mm²", "advised", "governed by", "why"), rows, empty="there is no conductor", free=["why"]
    )
    fuses = [(one.fuse, number(one.rating_a), number(one.advised_a), one.sentence) for one in advice.fuses]
    if plan.fuses:
        print_line("")
        print_table(("fuse", "A", "advised", "why"), fuses, empty="there is no fuse", free=["why"])
    for line in advice.remarks:
        print_line(line)


def bom(file: PlanFile, *, policy: PolicyFile = None, json: Json = False) -> None:
    """List what to buy for a plan as it is: wire in metres with the allowances, fuses, splices, connectors, contacts,
    labels, extras."""
    only_one_standard(file, policy)
    found = bill_of_materials(read_plan_file(file).plan, read_policy(policy))
    if json:
        print_json(found)
        return
    rows = [(one.kind, one.part, f"{one.quantity:g}", one.unit, " ".join(one.used_by)) for one in found]
    print_table(
        ("kind", "part", "quantity", "unit", "for"), rows, empty="there is nothing to buy", free=["part", "for"]
    )


def cuts(file: PlanFile, *, policy: PolicyFile = None, json: Json = False) -> None:
    """List what to cut for a plan as it is; the length to cut has the allowances in it."""
    only_one_standard(file, policy)
    found = cut_list(read_plan_file(file).plan, read_policy(policy))
    if json:
        print_json(found)
        return
    rows = [
        (
            one.conductor,
            number(one.csa_mm2),
            one.type,
            one.colour,
            number(one.length_m),
            one.cut_mm,
            one.start,
            one.end,
        )
        for one in found
    ]
    columns = ("conductor", "mm²", "type", "colour", "planned m", "cut mm", "from", "to")
    print_table(columns, rows, empty="there is nothing to cut")
    unknown = [one.conductor for one in found if one.cut_mm is None]
    if unknown:
        print_remark(f"without a length: {', '.join(unknown)}")


def labels(file: PlanFile, *, json: Json = False) -> None:
    """List what is written on both ends of each conductor."""
    found = label_list(read_plan_file(file).plan)
    if json:
        print_json(found)
        return
    print_table(
        ("conductor", "at", "label"), [(one.conductor, one.at, one.text) for one in found], empty="there is no label"
    )
