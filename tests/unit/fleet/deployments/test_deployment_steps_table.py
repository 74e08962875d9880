"""docs/deployment-rules.md and the code say the same."""

import ast
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

import fleet.deployments.rules
from fleet.deployments.rules.blockers import ASKED, blockers
from fleet.deployments.rules.readiness import MANDATORY, judge_unit
from fleet.deployments.rules.steps import STEPS
from protocols.deployments import DeadlineKind, Step
from tests.unit.fleet.deployments.facts_made import NOW, ready
from tests.unit.fleet.deployments.test_deployment_blockers import BROKEN
from tests.unit.fleet.deployments.test_deployment_readiness import UNIT

_DOC = Path(__file__).parents[4] / "docs" / "deployment-rules.md"


def table(first: str) -> list[list[str]]:
    """The rows of the table of the document whose first column is headed so, without backquotes."""
    rows: list[list[str]] = []
    inside = False
    for line in _DOC.read_text().splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not cells[0].startswith("---"):
            rows.append(cells)
    assert rows, first
    return rows


def steps_of(cell: str) -> list[str]:
    return list(STEPS) if cell == "all" else cell.split(", ")


TOLD = {(step, rule, answer) for rule, steps, _, answer, _, _ in table("rule") for step in steps_of(steps)}
PAPERS = {(step, rule) for rule, steps, when, *_ in table("rule") for step in steps_of(steps) if "(paper)" in when}


def named_in_code() -> set[str]:
    """Every rule that is named where it is answered."""
    found: set[str] = set()
    for path in Path(fleet.deployments.rules.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"refused", "warning"}
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "_NO":
                assert isinstance(node.value, ast.Dict)
                found |= {str(one.value) for one in node.value.values if isinstance(one, ast.Constant)}
    return found


def test_the_table_of_steps_is_the_code_s() -> None:
    told = [(step, tuple(states.split(", ")), to, permission) for step, states, to, permission in table("step")]
    assert told == [(step, *rule) for step, rule in STEPS.items()]


def test_the_table_names_every_rule_and_no_other() -> None:
    assert {rule for _, rule, _ in TOLD} == named_in_code()
    assert {rule for _, _, rule, _ in BROKEN} == named_in_code()


@pytest.mark.parametrize("step", STEPS)
def test_each_rule_answers_at_the_steps_that_the_table_says_and_at_no_other(step: Step) -> None:
    seen: set[tuple[str, str]] = set()
    for _, _, _, spoil in BROKEN:
        seen |= {(one.rule, one.answer) for one in blockers(step, spoil(ready(step)))}
    told = {(rule, answer) for of_step, rule, answer in TOLD if of_step == step}
    lists = {("checklist-open", "refused")}
    assert seen - lists == told - lists


@pytest.mark.parametrize("step", STEPS)
def test_what_is_marked_as_paper_is_what_is_owed(step: Step) -> None:
    found: set[tuple[str, str]] = set()
    for _, _, _, spoil in BROKEN:
        spoilt = spoil(ready(step))
        found |= {(step, one.rule) for rule in ASKED[step].papers for one in rule(spoilt) if one.answer == "refused"}
    assert found - {(step, "checklist-open"), (step, "same-person")} == {
        one for one in PAPERS if one[0] == step and one[1] != "checklist-open"
    }


def test_the_tables_of_deadlines_and_readiness_are_the_code_s() -> None:
    assert {kind for kind, *_ in table("kind")} == set(get_args(DeadlineKind))
    lines = table("line")
    assert [name for name, *_ in lines] == [one.name for one in judge_unit(replace(UNIT), NOW)]
    assert {name for name, mandatory, _ in lines if mandatory == "yes"} == MANDATORY
