"""How a load knows that the engine runs."""

import pytest

from fleet.wiring.rules.sense_rules import ignition_sense
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, only, wire, without

SUBJECT = "loads.camera.ignition_sense"


def sensing(by: str, alternator: str | None = "conventional") -> Plan:
    plan = changed(circuit(), {SUBJECT: by})
    if alternator is None:
        return plan
    return changed(plan, {"vehicle.alternator": {"kind": alternator, "charge_min_v": 13.2, "charge_max_v": 14.8}})


@pytest.mark.parametrize(("alternator", "verdict"), [("conventional", "pass"), ("smart", "fail"), (None, "unjudged")])
def test_voltage_tells_nothing_where_charging_is_smart(alternator: str | None, verdict: str) -> None:
    one = only(ignition_sense, sensing("voltage", alternator))
    assert (one.subject, one.verdict) == (SUBJECT, verdict)
    assert one.needs == (["vehicle.alternator"] if verdict == "unjudged" else [])


def test_voltage_of_an_unknown_vehicle_is_not_judged() -> None:
    plan = changed(circuit(vehicle=None), {SUBJECT: "voltage"})
    assert only(ignition_sense, plan).needs == ["vehicle"]


def by_terminal_15(terminal: str = "15") -> Plan:
    return changed(
        sensing("terminal-15", "smart"),
        {
            "loads.camera.terminals.IGN": {"role": "ignition-sense"},
            "sources.T15": {"terminal": terminal},
            "fuses.F2": {"rating_a": 1},
            "conductors.W4": wire("T15", "F2.in"),
            "conductors.W5": wire("F2.out", "camera.IGN"),
        },
    )


@pytest.mark.parametrize(("terminal", "verdict"), [("15", "pass"), ("30", "fail"), ("58", "fail")])
def test_terminal_15_is_terminal_15(terminal: str, verdict: str) -> None:
    one = only(ignition_sense, by_terminal_15(terminal))
    assert (one.subject, one.verdict) == (SUBJECT, verdict)


def test_terminal_15_takes_a_terminal_that_is_fed() -> None:
    assert "has no terminal" in only(ignition_sense, sensing("terminal-15")).sentence
    open_wire = without(by_terminal_15(), "conductors.W4")
    assert "no source feeds camera.IGN" in only(ignition_sense, open_wire).sentence
    assert only(ignition_sense, open_wire).verdict == "fail"


def test_a_load_hears_on_a_bus_only_where_it_is_on_one() -> None:
    assert only(ignition_sense, sensing("can")).verdict == "fail"
    plan = changed(sensing("can"), {"buses.body": {}, "loads.camera.can": {"bus": "body", "mode": "listen-only"}})
    assert only(ignition_sense, plan).verdict == "pass"


def test_motion_takes_no_conductor_and_nothing_is_told_of_a_load_that_senses_nothing() -> None:
    assert only(ignition_sense, sensing("motion", "smart")).verdict == "pass"
    assert found(ignition_sense, circuit()) == []
