"""The diagnostic plug's pins."""

import pytest

from fleet.wiring.rules.obd_rules import obd_pin
from protocols.wiring.parts import Bus, CanPort, Cavity, Connector, LoadTerminal
from protocols.wiring.plan import Plan, Vehicle
from tests.support.wiring_plans import VAN, changed, circuit, found, kit, only, verdicts, wire, without

TERMINALS = {
    "+": LoadTerminal(role="supply"),
    "-": LoadTerminal(role="return"),
    "h": LoadTerminal(role="can-h"),
    "l": LoadTerminal(role="can-l"),
}


def plugged(running_a: float | None = 1.0, vehicle: Vehicle | None = VAN) -> Plan:
    """A listener on the diagnostic plug `X1`, which mates the vehicle's socket `OBD` with all its pins."""
    joins = {"16": "B1", "4": "G1", "6": "powertrain.h", "14": "powertrain.l"}
    pins = [str(pin) for pin in range(1, 17)]
    return circuit(
        vehicle,
        loads={
            "camera": kit(running_a=running_a, terminals=TERMINALS, can=CanPort(bus="powertrain", mode="listen-only"))
        },
        buses={"powertrain": Bus()},
        connectors={
            "OBD": Connector(kind="J1962", cavities={pin: Cavity(joins=joins.get(pin)) for pin in pins}),
            "X1": Connector(kind="J1962", mates="OBD", cavities={pin: Cavity() for pin in pins}),
        },
        conductors={
            "W1": wire("X1.16", "F1.in", length_m=0.1),
            "W2": wire("F1.out", "camera.+"),
            "W3": wire("camera.-", "X1.4"),
            "W4": wire("X1.6", "camera.h"),
            "W5": wire("camera.l", "X1.14"),
        },
    )


def test_pins_that_kit_may_use_pass_and_the_others_are_not_told_of_while_they_are_free() -> None:
    pins = ("16", "4", "6", "14")
    assert verdicts(obd_pin, plugged()) == {f"connectors.X1.cavities.{pin}": "pass" for pin in pins}
    assert found(obd_pin, circuit()) == []


@pytest.mark.parametrize("pin", ["1", "2", "3", "8", "9", "10", "11", "12", "13", "15"])
def test_a_pin_that_is_the_makers_fails(pin: str) -> None:
    plan = changed(plugged(), {"conductors.W4.from": f"X1.{pin}"})
    assert verdicts(obd_pin, plan)[f"connectors.X1.cavities.{pin}"] == "fail"


@pytest.mark.parametrize(("system_v", "limit_a"), [(12, 4.0), (24, 2.0)])
def test_pin_16_gives_four_amperes_at_12_v_and_two_at_24(system_v: int, limit_a: float) -> None:
    vehicle = Vehicle(system_v=12 if system_v == 12 else 24)
    subject = "connectors.X1.cavities.16"
    assert verdicts(obd_pin, plugged(limit_a, vehicle))[subject] == "pass"
    assert verdicts(obd_pin, plugged(limit_a + 0.01, vehicle))[subject] == "fail"


def test_without_the_vehicle_or_what_is_drawn_pin_16_is_not_judged() -> None:
    [one] = [one for one in found(obd_pin, plugged(None, None)) if one.verdict != "pass"]
    assert (one.verdict, one.needs) == ("unjudged", ["vehicle", "loads.camera.running_a"])


@pytest.mark.parametrize(
    ("changes", "pin"),
    [
        ({"connectors.OBD.cavities.16.joins": "G1", "connectors.OBD.cavities.4.joins": "B1"}, "4"),
        ({"connectors.OBD.cavities.6.joins": "G1"}, "6"),
        ({"connectors.OBD.cavities.14.joins": "B1"}, "14"),
    ],
)
def test_a_pin_that_is_joined_to_something_else_than_it_is_for_fails(changes: dict[str, object], pin: str) -> None:
    assert verdicts(obd_pin, changed(plugged(), changes))[f"connectors.X1.cavities.{pin}"] == "fail"


def test_a_load_that_is_itself_the_plug_is_judged_without_conductors() -> None:
    plan = changed(
        without(plugged(4.5), *(f"conductors.W{number}" for number in range(1, 6))),
        {"connectors.X1.cavities": {"16": {"joins": "camera.+"}, "5": {"joins": "camera.-"}}},
    )
    assert verdicts(obd_pin, plan) == {"connectors.X1.cavities.16": "fail", "connectors.X1.cavities.5": "pass"}


@pytest.mark.parametrize(("pin", "running_a"), [("16", 4.5), ("9", 1.0)])
def test_a_plug_of_another_kind_in_the_socket_does_not_hide_its_pins(pin: str, running_a: float) -> None:
    plan = changed(plugged(running_a), {"connectors.X1.kind": "in-line", "conductors.W1.from": f"X1.{pin}"})
    told = verdicts(obd_pin, plan)
    assert told.pop(f"connectors.OBD.cavities.{pin}") == "fail"
    assert told == {f"connectors.OBD.cavities.{one}": "pass" for one in ("4", "6", "14")}


def test_pins_of_a_plug_whose_other_half_is_not_in_the_plan_are_judged() -> None:
    plan = changed(
        without(plugged(4.5), "connectors.OBD", "connectors.X1.mates"), {"connectors.X1.cavities.16.joins": "B1"}
    )
    assert verdicts(obd_pin, plan)["connectors.X1.cavities.16"] == "fail"
    assert (
        only(
            obd_pin, circuit(connectors={"X1": Connector(kind="J1962", cavities={"9": Cavity(joins="camera.-")})})
        ).verdict
        == "fail"
    )
