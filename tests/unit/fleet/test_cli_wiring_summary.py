"""What `fleet wiring check` says of a plan as a whole."""

from fleet.cli.wiring_checking import summary
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.diagram import verdict_lines
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy


def test_a_plan_with_nothing_in_it_is_not_said_to_be_fit() -> None:
    found = assess(Plan(muster_wiring=1, name="van"), WiringPolicy())
    assert summary(found) == "there is nothing to judge: no fuse, load or conductor is in it"
    assert [mark.text for line in verdict_lines(found, 80) for mark in line] == ["there is nothing to judge yet"]
