"""Colours that go on at connectors, and supplies that run with their returns."""

import pytest

from fleet.wiring.rules.practice_rules import colour_continuity, pair_together
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, only, verdicts, wire


def coupled(before: str | None, after: str | None) -> Plan:
    """W2 goes through cavity 1 of X1 and X2, and on as W4."""
    return changed(
        circuit(),
        {
            "connectors.X1": {"mates": "X2", "cavities": {"1": {}}},
            "connectors.X2": {"cavities": {"1": {}}},
            "conductors.W2.to": "X1.1",
            "conductors.W2.colour": before,
            "conductors.W4": wire("X2.1", "camera.+", colour=after),
        },
    )


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("RD", "RD", "pass"),
        ("RDWH", "RDWH", "pass"),
        ("RD", "BK", "fail"),
        ("RD", "RDWH", "fail"),
        ("GNYE", "YEGN", "fail"),
    ],
)
def test_a_colour_goes_on_at_a_connector(before: str, after: str, verdict: str) -> None:
    one = only(colour_continuity, coupled(before, after))
    assert (one.subject, one.severity, one.verdict) == ("connectors.X1.cavities.1", "practice", verdict)


def test_a_colour_that_nobody_says_is_not_judged() -> None:
    one = only(colour_continuity, coupled("RD", None))
    assert (one.verdict, one.needs) == ("unjudged", ["conductors.W4.colour"])
    assert only(colour_continuity, coupled(None, None)).needs == ["conductors.W2.colour", "conductors.W4.colour"]


def test_colours_go_on_at_a_link_inside_a_connector() -> None:
    plan = changed(
        circuit(),
        {
            "connectors.X1": {"cavities": {"1": {}, "2": {}}, "links": [["1", "2"]]},
            "conductors.W2.to": "X1.1",
            "conductors.W2.colour": "RD",
            "conductors.W4": wire("X1.2", "camera.+", colour="BU"),
        },
    )
    assert verdicts(colour_continuity, plan) == {"connectors.X1.cavities.1": "fail"}
    same = changed(plan, {"conductors.W4.colour": "RD"})
    assert verdicts(colour_continuity, same) == {"connectors.X1.cavities.1": "pass"}


def test_a_contact_with_a_conductor_on_one_side_only_is_not_told_of() -> None:
    plan = changed(coupled("RD", "RD"), {"conductors.W4.from": "F1.out"})
    assert found(colour_continuity, plan) == []


def routed(out: str, back: str) -> Plan:
    return changed(circuit(), {"conductors.W2.route": out, "conductors.W3.route": back})


@pytest.mark.parametrize(("out", "back", "verdict"), [("A-pillar", "A-pillar", "pass"), ("A-pillar", "sill", "fail")])
def test_supply_and_return_run_together(out: str, back: str, verdict: str) -> None:
    one = only(pair_together, routed(out, back))
    assert (one.subject, one.severity, one.verdict) == ("loads.camera", "practice", verdict)


@pytest.mark.parametrize(("out", "back"), [("A-pillar", ""), ("", "sill"), ("", "")])
def test_a_pair_of_which_one_says_no_route_is_not_told_of(out: str, back: str) -> None:
    assert found(pair_together, routed(out, back)) == []


def test_a_return_may_be_shorter_than_its_supply_and_not_longer() -> None:
    plan = changed(routed("A-pillar", "A-pillar"), {"conductors.W1.route": "engine bay"})
    assert only(pair_together, plan).verdict == "pass"
    longer = changed(
        plan, {"conductors.W3.to": "S1", "splices.S1": {}, "conductors.W4": wire("S1", "G1", route="sill")}
    )
    assert only(pair_together, longer).verdict == "fail"


def test_conductors_of_one_cable_run_together_whatever_they_call_their_way() -> None:
    plan = changed(
        routed("A-pillar", "sill"), {"cables.K1": {}, "conductors.W2.cable": "K1", "conductors.W3.cable": "K1"}
    )
    assert only(pair_together, plan).verdict == "pass"


def test_a_load_that_is_open_has_no_pair() -> None:
    assert found(pair_together, changed(routed("A-pillar", "sill"), {"conductors.W3.to": "F1.out"})) == []
