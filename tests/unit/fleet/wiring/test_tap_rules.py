"""Circuits of the vehicle that are tapped."""

from typing import Any

import pytest

from fleet.wiring.rules.tap_rules import forbidden_tap, tapped_circuit
from protocols.wiring.parts import LoadTerminal, Source
from tests.support.wiring_plans import changed, circuit, found, kit, only, wire


@pytest.mark.parametrize(
    "source",
    [
        *({"circuit": one} for one in ("starter", "srs", "abs", "adas", "48v", "high-voltage")),
        {"terminal": "50"},
        {"terminal": "50", "circuit": "battery"},
        {"colour": "OG"},
        {"colour": "OGBK", "circuit": "battery"},
    ],
)
def test_what_is_never_tapped_fails_whatever_else_is_said(source: dict[str, Any]) -> None:
    tapped = Source(**{"terminal": "30", "fuse_a": 100, "existing_load_a": 0, **source})
    assert only(forbidden_tap, circuit(sources={"B1": tapped})).verdict == "fail"
    assert found(tapped_circuit, circuit(sources={"B1": tapped})) == [] or source.get("circuit") == "battery"


@pytest.mark.parametrize(
    "source", [{"circuit": "battery"}, {"circuit": "general"}, {"terminal": "15", "colour": "BKOG"}, {"terminal": "54"}]
)
def test_what_may_be_tapped_passes(source: dict[str, Any]) -> None:
    assert only(forbidden_tap, circuit(sources={"B1": Source(**{"terminal": "30", **source})})).verdict == "pass"


@pytest.mark.parametrize(("existing_a", "verdict"), [(6.4, "pass"), (6.5, "pass"), (6.51, "fail")])
def test_a_tapped_circuits_fuse_carries_what_was_there_and_ours(existing_a: float, verdict: str) -> None:
    plan = circuit(sources={"B1": Source(terminal="15", fuse_a=10, existing_load_a=existing_a)})
    one = only(tapped_circuit, plan)
    assert (one.verdict, one.subject) == (verdict, "sources.B1")
    assert one.figures["needed_a"] == pytest.approx((existing_a + 1.0) / 0.75)


def test_without_the_circuits_own_figures_it_is_not_judged() -> None:
    one = only(tapped_circuit, circuit(sources={"B1": Source(terminal="15")}))
    assert (one.verdict, one.needs) == ("unjudged", ["sources.B1.fuse_a", "sources.B1.existing_load_a"])
    silent = circuit(
        sources={"B1": Source(terminal="15", fuse_a=10, existing_load_a=1)}, loads={"camera": kit(running_a=None)}
    )
    assert only(tapped_circuit, silent).needs == ["loads.camera.running_a"]


def test_what_is_too_much_already_fails_though_not_everything_is_known() -> None:
    plan = circuit(
        sources={"B1": Source(terminal="15", fuse_a=10, existing_load_a=8)}, loads={"camera": kit(running_a=None)}
    )
    assert only(tapped_circuit, plan).verdict == "fail"


def test_the_battery_itself_is_no_tapped_circuit_until_it_says_a_fuse() -> None:
    assert found(tapped_circuit, circuit()) == []
    fused = circuit(sources={"B1": Source(terminal="30", circuit="battery", fuse_a=1, existing_load_a=0)})
    assert only(tapped_circuit, fused).verdict == "fail"


def test_what_only_senses_a_circuit_asks_nothing_of_its_fuse() -> None:
    plan = changed(
        circuit(loads={"camera": kit(terminals={**kit().terminals, "s": LoadTerminal(role="ignition-sense")})}),
        {"sources.IGN": Source(terminal="15"), "conductors.W9": wire("IGN", "camera.s")},
    )
    assert found(tapped_circuit, plan) == []
