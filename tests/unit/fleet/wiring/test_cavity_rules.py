"""What cavities and terminals carry, and which conductors they take."""

import pytest

from fleet.wiring.rules.cavity_rules import cavity_rating, cavity_size
from protocols.wiring.parts import Cavity, Connector
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, only, verdicts, wire


def plugged(half: Connector | None = None, other: Connector | None = None) -> Plan:
    """The circuit with its supply through the mated cavities `X1.1` and `X2.1`."""
    cavities = {"1": Cavity()}
    return changed(
        circuit(),
        {
            "connectors.X1": half or Connector(cavities=cavities),
            "connectors.X2": other or Connector(cavities=cavities),
            "connectors.X1.mates": "X2",
            "conductors.W2.to": "X1.1",
            "conductors.W4": wire("X2.1", "camera.+"),
        },
    )


@pytest.mark.parametrize(("rating_a", "verdict"), [(3, "pass"), (1, "pass"), (0.99, "fail")])
def test_a_cavity_carries_its_load(rating_a: float, verdict: str) -> None:
    one = only(cavity_rating, changed(plugged(), {"connectors.X1.cavities.1.rating_a": rating_a}))
    assert (one.subject, one.verdict) == ("connectors.X1.cavities.1", verdict)
    assert one.figures == {"load_a": 1, "rating_a": rating_a}


def test_a_cavity_without_a_rating_is_as_the_connector_says() -> None:
    rated = changed(plugged(), {"connectors.X1.rating_a": 0.5})
    assert verdicts(cavity_rating, rated) == {"connectors.X1.cavities.1": "fail"}
    assert verdicts(cavity_rating, changed(rated, {"connectors.X1.cavities.1.rating_a": 1.5})) == {
        "connectors.X1.cavities.1": "pass"
    }
    assert found(cavity_rating, plugged()) == []


@pytest.mark.parametrize(
    ("first_a", "second_a", "told"),
    [(0.5, 0.6, "X1"), (0.6, 0.5, "X2"), (0.5, 0.5, "X1"), (None, 0.5, "X2"), (0.5, None, "X1")],
)
def test_of_two_cavities_that_mate_the_weaker_is_told(first_a: float | None, second_a: float | None, told: str) -> None:
    plan = changed(plugged(), {"connectors.X1.rating_a": first_a, "connectors.X2.rating_a": second_a})
    assert verdicts(cavity_rating, plan) == {f"connectors.{told}.cavities.1": "fail"}


def test_a_cavity_that_makes_contact_with_a_load_carries_its_return_too() -> None:
    plan = changed(
        circuit(),
        {
            "connectors.X1": Connector(kind="device", rating_a=0.5, cavities={"2": Cavity(joins="camera.-")}),
            "conductors.W3.from": "X1.2",
        },
    )
    assert verdicts(cavity_rating, plan) == {"connectors.X1.cavities.2": "fail"}


@pytest.mark.parametrize(("rating_a", "verdict"), [(3, "pass"), (1, "pass"), (0.99, "fail")])
def test_a_terminal_of_a_load_carries_it(rating_a: float, verdict: str) -> None:
    one = only(cavity_rating, changed(circuit(), {"loads.camera.terminals.+.rating_a": rating_a}))
    assert (one.subject, one.verdict) == ("loads.camera.terminals.+", verdict)


def test_a_cavity_is_not_judged_by_a_load_that_nobody_knows_and_not_without_one() -> None:
    plan = changed(
        plugged(),
        {"connectors.X1.rating_a": 3, "connectors.X1.cavities.2": Cavity(), "loads.camera.running_a": None},
    )
    one = only(cavity_rating, plan)
    assert (one.subject, one.verdict, one.needs) == (
        "connectors.X1.cavities.1",
        "unjudged",
        ["loads.camera.running_a"],
    )


@pytest.mark.parametrize(
    ("csa_mm2", "verdict"),
    [(0.5, "fail"), (0.75, "pass"), (1.0, "pass"), (1.5, "pass"), (2.5, "fail")],
)
def test_a_cavity_takes_conductors_from_the_thinnest_to_the_thickest(csa_mm2: float, verdict: str) -> None:
    plan = changed(
        plugged(),
        {"connectors.X1.csa_min_mm2": 0.75, "connectors.X1.csa_max_mm2": 1.5, "conductors.W2.csa_mm2": csa_mm2},
    )
    one = only(cavity_size, plan)
    assert (one.subject, one.verdict) == ("connectors.X1.cavities.1", verdict)
    assert one.figures == {"csa_mm2": csa_mm2, "csa_min_mm2": 0.75, "csa_max_mm2": 1.5}


def test_a_cavity_may_say_one_limit_and_its_own_comes_before_the_connector_s() -> None:
    plan = changed(plugged(), {"connectors.X2.csa_max_mm2": 1.5})
    assert verdicts(cavity_size, plan) == {"connectors.X2.cavities.1": "fail"}
    assert verdicts(cavity_size, changed(plan, {"connectors.X2.cavities.1.csa_max_mm2": 4})) == {
        "connectors.X2.cavities.1": "pass"
    }
    assert verdicts(cavity_size, changed(plugged(), {"connectors.X2.cavities.1.csa_min_mm2": 4})) == {
        "connectors.X2.cavities.1": "fail"
    }
    assert found(cavity_size, plugged()) == []


def test_a_conductor_of_no_known_size_is_not_judged() -> None:
    one = only(cavity_size, changed(plugged(), {"connectors.X1.csa_max_mm2": 4, "conductors.W2.csa_mm2": None}))
    assert (one.verdict, one.needs) == ("unjudged", ["conductors.W2.csa_mm2"])
