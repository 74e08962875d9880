"""`fleet wiring check`: what the rules say of a plan, each with the place in its file."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Json
from fleet.cli.output import print_json, print_line
from fleet.cli.wiring_files import (
    FAULTY,
    PlanFile,
    PolicyFile,
    fault_words,
    only_one_standard,
    read_policy,
    read_text,
)
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.reading import Fault, Reading, read_plan
from protocols.wiring.findings import Assessment, DrainCurve, Judgement, Verdict

_COUNTED: dict[Verdict, str] = {"fail": "fail", "unjudged": "not judged", "pass": "pass"}


class _FaultTold(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    column: int
    path: str
    message: str
    remedy: str


class _Finding(Judgement, frozen=True, kw_only=True):
    """A judgement with the place of its subject."""

    line: int
    column: int


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a file. With `faults` nothing was judged."""

    file: str
    faults: list[_FaultTold]
    failed: int
    unjudged: int
    passed: int
    may_be_fitted: bool
    judgements: list[_Finding]
    curves: list[DrainCurve]


def add_commands(app: App) -> None:
    """Make this command part of `fleet wiring`."""
    app.command(check)


def check(
    file: PlanFile,
    *,
    policy: PolicyFile = None,
    all_: Annotated[bool, Parameter(name="--all", negative="", help="What passes too, with formulas and figures.")] = (
        False
    ),
    json: Json = False,
) -> None:
    """Judge a plan by every rule: what fails first, then what can not be judged, each with line, column and remedy.

    Figures that nobody has checked against their source are marked as unverified. What is not known is never a pass.

    Exit code 1 when something fails, 2 when the file has faults, each told with line and column.
    """
    only_one_standard(file, policy)
    house = read_policy(policy)
    reading = read_plan(read_text(file))
    if reading.plan is None or reading.faults:
        _tell_faults(file, reading.faults, as_json=json)
        sys.exit(FAULTY)
    found = assess(reading.plan, house)
    if json:
        print_json(_checked(file, reading, found))
    else:
        for one in found.judgements:
            if all_ or one.verdict != "pass":
                print_line("\n".join(_told(file, reading, one, with_figures=all_)))
        for curve in found.curves:
            print_line(curve_words(curve))
        print_line(summary(found))
    if found.of("fail"):
        sys.exit(1)


def summary(assessment: Assessment) -> str:
    """How many judgements there are of each verdict, and whether the plan may be fitted."""
    if not assessment.judgements:
        return "there is nothing to judge: no fuse, load or conductor is in it"
    counts = ", ".join(
        f"{len(found)} {word}" for verdict, word in _COUNTED.items() if (found := assessment.of(verdict))
    )
    fits = "it may be fitted" if assessment.may_be_fitted else "it is not to be fitted"
    return f"{counts}; {fits}"


def curve_words(curve: DrainCurve) -> str:
    """How long a vehicle stands before it does not start, with our kit and without."""
    without = "" if curve.days_without_kit is None else f", {curve.days_without_kit:.3g} without"
    floor = f"{curve.soc_min * 100:g} % charge"
    return f"battery {curve.battery}: {curve.days:.3g} days to {floor} with the kit{without}"


def _told(file: Path, reading: Reading, one: Judgement, *, with_figures: bool) -> Iterator[str]:
    place = reading.place(one.subject)
    verdict = "" if one.verdict == "fail" else f" {_COUNTED[one.verdict]}"
    remedy = f" — {one.remedy}" if one.remedy else ""
    resting = f" (unverified: {'; '.join(one.unverified)})" if one.unverified else ""
    head = f"{file}:{place.line}:{place.column}: {one.severity} {one.rule}{verdict}"
    yield f"{head}: {one.sentence}{remedy}{resting}"
    if with_figures and (one.formula or one.figures):
        figures = ", ".join(f"{name} = {value:.6g}" for name, value in one.figures.items())
        yield f"    {one.formula or 'figures'}" + (f": {figures}" if figures else "")


def _tell_faults(file: Path, faults: list[Fault], *, as_json: bool) -> None:
    if not as_json:
        for fault in faults:
            print_line(fault_words(file, fault))
        print_line(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}; nothing was judged")
        return
    told = [
        _FaultTold(line=one.place.line, column=one.place.column, path=one.path, message=one.message, remedy=one.remedy)
        for one in faults
    ]
    print_json(
        Checked(
            file=str(file),
            faults=told,
            failed=0,
            unjudged=0,
            passed=0,
            may_be_fitted=False,
            judgements=[],
            curves=[],
        )
    )


def _checked(file: Path, reading: Reading, found: Assessment) -> Checked:
    return Checked(
        file=str(file),
        faults=[],
        failed=len(found.of("fail")),
        unjudged=len(found.of("unjudged")),
        passed=len(found.of("pass")),
        may_be_fitted=found.may_be_fitted,
        judgements=[_placed(reading, one) for one in found.judgements],
        curves=found.curves,
    )


def _placed(reading: Reading, one: Judgement) -> _Finding:
    place = reading.place(one.subject)
    return _Finding(**msgspec.structs.asdict(one), line=place.line, column=place.column)
