"""CAN: stubs, length, termination, and that kit only listens whatever anybody sets."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.errors import SettingsInvalid
from fleet.settings import load_settings
from fleet.wiring.rules.assessment import ALL_RULES, assess
from fleet.wiring.rules.can_rules import can_bus, can_listen_only, can_stub, can_termination
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, found, kit, only, verdicts, wire, without

ROOT = Path(__file__).parents[4]
PROGRAM = [path for package in ("protocols", "fleet", "tui") for path in sorted((ROOT / package).rglob("*.py"))]


def listening(**changes: Any) -> Plan:
    """A camera that hears the bus `powertrain` by 0.25 m of CAN-H and 0.2 m of CAN-L; `changes` with `__` for dots."""
    plan = changed(
        circuit(),
        {
            "buses.powertrain": {"length_m": 12.0, "termination_ohm": [120.0, 120.0]},
            "loads.camera.can": {"bus": "powertrain", "mode": "listen-only"},
            "loads.camera.terminals.H": {"role": "can-h"},
            "loads.camera.terminals.L": {"role": "can-l"},
            "conductors.H1": wire("powertrain.h", "camera.H", 0.35, 0.25),
            "conductors.L1": wire("camera.L", "powertrain.l", 0.35, 0.2),
        },
    )
    return changed(plan, {path.replace("__", "."): value for path, value in changes.items()})


@pytest.mark.parametrize(("length_m", "verdict"), [(0.1, "pass"), (0.3, "pass"), (0.301, "fail"), (2.0, "fail")])
def test_a_stub_is_as_long_as_the_longer_of_its_lines(length_m: float, verdict: str) -> None:
    one = only(can_stub, listening(conductors__H1__length_m=length_m))
    assert (one.subject, one.verdict) == ("loads.camera.can", verdict)
    assert one.figures == {"stub_m": max(length_m, 0.2), "can_stub_max_m": 0.3}


def test_a_stub_goes_on_through_connectors() -> None:
    plan = changed(
        listening(),
        {
            "connectors.J1": {"kind": "J1962", "cavities": {"6": {"joins": "powertrain.h"}}, "mates": "P1"},
            "connectors.P1": {"kind": "J1962", "cavities": {"6": {}}},
            "conductors.H1.from": "P1.6",
            "conductors.H1.to": "X1.1",
            "connectors.X1.cavities.1": {"joins": "camera.H"},
        },
    )
    assert only(can_stub, plan).verdict == "pass"
    assert only(can_stub, changed(plan, {"conductors.H1.length_m": 0.31})).figures["stub_m"] == 0.31


def test_a_stub_of_unknown_length_is_not_judged_unless_the_known_part_is_too_long() -> None:
    unknown = listening(conductors__L1__length_m=None)
    assert only(can_stub, unknown).needs == ["conductors.L1.length_m"]
    assert only(can_stub, changed(unknown, {"conductors.H1.length_m": 0.4})).verdict == "fail"


def test_a_listener_without_terminals_for_the_bus_is_not_judged() -> None:
    one = only(can_stub, without(listening(), "loads.camera.terminals.L", "conductors.L1"))
    assert (one.verdict, one.needs) == ("unjudged", ["loads.camera.terminals"])


def test_lines_that_are_swapped_or_left_open_fail_once() -> None:
    swapped = listening(conductors__H1__from="powertrain.l", conductors__L1__to="powertrain.h")
    assert "camera.H is not joined to powertrain.h" in only(can_stub, swapped).sentence
    assert verdicts(can_stub, without(listening(), "conductors.L1")) == {"loads.camera.can": "fail"}
    assert verdicts(can_listen_only, swapped) == {"loads.camera.can": "pass"}


@pytest.mark.parametrize(("length_m", "verdict"), [(12.0, "pass"), (40.0, "pass"), (40.1, "fail"), (None, "unjudged")])
def test_a_bus_is_no_longer_than_40_m(length_m: float | None, verdict: str) -> None:
    one = only(can_bus, listening(buses__powertrain__length_m=length_m))
    assert (one.subject, one.verdict) == ("buses.powertrain", verdict)
    assert one.needs == ([] if length_m else ["buses.powertrain.length_m"])


@pytest.mark.parametrize(
    ("termination_ohm", "verdict"),
    [
        ([120, 120], "pass"),
        ([118, 124], "pass"),
        ([108, 132], "pass"),
        ([107.9, 120], "fail"),
        ([120, 132.1], "fail"),
        ([60], "fail"),
        ([120], "fail"),
        ([120, 120, 120], "fail"),
        ([], "fail"),
        (None, "unjudged"),
    ],
)
def test_a_bus_ends_in_120_ohm_at_each_of_two_ends(termination_ohm: list[float] | None, verdict: str) -> None:
    one = only(can_termination, listening(buses__powertrain__termination_ohm=termination_ohm))
    assert (one.subject, one.verdict) == ("buses.powertrain", verdict)
    assert one.needs == ([] if termination_ohm is not None else ["buses.powertrain.termination_ohm"])


def test_two_ends_of_120_ohm_are_60_ohm_together() -> None:
    assert only(can_termination, listening()).figures["together_ohm"] == pytest.approx(60, rel=1e-12)


def test_a_listener_adds_no_resistor_of_its_own() -> None:
    plan = listening(loads__camera__can__terminated=True)
    assert verdicts(can_termination, plan) == {"loads.camera.can": "fail", "buses.powertrain": "pass"}


def test_a_bus_that_nobody_hears_is_not_told_of() -> None:
    plan = changed(circuit(), {"buses.body": {}})
    assert [found(one, plan) for one in (can_stub, can_bus, can_termination, can_listen_only)] == [[], [], [], []]


@pytest.mark.parametrize("mode", ["normal", "Listen-Only", "listen_only", "listen-only ", "silent", ""])
def test_any_mode_but_listen_only_fails(mode: str) -> None:
    one = only(can_listen_only, listening(loads__camera__can__mode=mode))
    assert (one.subject, one.severity, one.verdict) == ("loads.camera.can", "safety", "fail")
    assert verdicts(can_listen_only, listening()) == {"loads.camera.can": "pass"}


def test_kit_on_a_bus_that_does_not_say_how_it_hears_is_not_judged_and_not_fitted() -> None:
    unsaid = without(listening(), "loads.camera.can")
    one = only(can_listen_only, unsaid)
    assert (one.subject, one.verdict, one.needs) == ("loads.camera", "unjudged", ["loads.camera.can"])
    assert not assess(unsaid).may_be_fitted
    by_signal = changed(
        without(unsaid, "loads.camera.terminals.L", "conductors.L1"), {"loads.camera.terminals.H.role": "signal"}
    )
    assert only(can_listen_only, by_signal).needs == ["loads.camera.can"]


def test_kit_on_a_second_bus_is_not_judged_by_what_it_says_of_the_first() -> None:
    plan = listening(
        buses__body={}, loads__camera__terminals__H2={"role": "signal"}, conductors__H2=wire("body.h", "camera.H2")
    )
    assert verdicts(can_listen_only, plan) == {"loads.camera.can": "pass", "loads.camera": "unjudged"}


@pytest.mark.parametrize(
    ("start", "told"), [("F1.out", "B1"), ("G1", "G1"), ("powertrain.l", "powertrain.h, powertrain.l")]
)
def test_nothing_but_loads_is_joined_to_a_bus(start: str, told: str) -> None:
    judged = found(can_listen_only, listening(conductors__E1=wire(start, "powertrain.h")))
    [one] = [one for one in judged if one.verdict != "pass"]
    assert (one.subject, one.severity, one.verdict) == ("buses.powertrain", "safety", "fail")
    assert f"are joined to {told}" in one.sentence


def test_a_bus_on_supply_is_told_of_and_not_each_load_behind() -> None:
    more = {"loads.light": kit(), "conductors.E2": wire("F1.out", "light.+"), "conductors.E3": wire("light.-", "G1")}
    plan = changed(listening(conductors__E1=wire("F1.out", "powertrain.h")), more)
    assert verdicts(can_listen_only, plan) == {"loads.camera.can": "pass", "buses.powertrain": "fail"}


def test_two_buses_that_are_joined_are_told_of_once() -> None:
    plan = listening(buses__body={}, conductors__E1=wire("body.h", "powertrain.h"))
    fails = [one.subject for one in found(can_listen_only, plan) if one.verdict == "fail"]
    assert len(fails) == 1


def extreme_policies() -> list[WiringPolicy]:
    """For each threshold, the house's policy with the most and the least that its type allows."""
    made: list[WiringPolicy] = []
    for field in msgspec.structs.fields(WiringPolicy):
        limits = msgspec.inspect.type_info(field.type)
        assert isinstance(limits, msgspec.inspect.FloatType)
        for value in (limits.ge, limits.gt, limits.le, limits.lt):
            if value is not None:
                edge = value + 1e-6 if value == limits.gt else value
                made.append(msgspec.convert({field.name: edge}, WiringPolicy))
    return made


def test_no_policy_makes_another_mode_pass() -> None:
    plan = listening(loads__camera__can__mode="normal")
    policies = extreme_policies()
    assert len(policies) >= 2 * len(msgspec.structs.fields(WiringPolicy)) - 1
    for policy in policies:
        fails = [one for one in assess(plan, policy).of("fail") if one.rule == "can-listen-only"]
        assert [one.subject for one in fails] == ["loads.camera.can"]
        assert not assess(plan, policy).may_be_fitted


def test_the_house_has_no_setting_about_modes_and_can_write_none() -> None:
    words = re.compile("can(_|$)|bus|listen|mode|rule|skip|ignore|allow(_|$)|override|disable")
    names = [field.name for field in msgspec.structs.fields(WiringPolicy)]
    assert [name for name in names if words.search(name)] == []
    for text in ("can_mode", "listen_only", "rules_off", "ignore", "can-listen-only"):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert({text: "normal"}, WiringPolicy)


@pytest.mark.parametrize("section", ["", "wiring", "can", "rules"])
@pytest.mark.parametrize("word", ["can_mode", "listen_only", "can_listen_only", "rules_off", "unsafe"])
def test_no_text_of_settings_has_a_word_for_it(tmp_path: Path, section: str, word: str) -> None:
    """Neither the controller's file nor its environment, at the top or in a section."""
    path = tmp_path / "fleet.toml"
    least = 'state_dir = "state"\n[database]\ndsn = "postgresql:///muster"\n'
    path.write_text(f'{word} = "normal"\n{least}' if not section else f'{least}[{section}]\n{word} = "normal"\n')
    with pytest.raises(SettingsInvalid, match="unknown field"):
        load_settings(path, {})
    path.write_text(least)
    name = "__".join(["MUSTER", *([section] if section else []), word]).upper().replace("MUSTER__", "MUSTER_", 1)
    with pytest.raises(SettingsInvalid, match="unknown field"):
        load_settings(path, {name: "normal"})


def test_the_rule_is_asked_of_every_plan() -> None:
    assert [one.id for one in ALL_RULES].count("can-listen-only") == 1


def test_the_program_has_no_word_for_another_mode() -> None:
    """Nowhere in the program is a mode of CAN written but the one."""
    other = re.compile(
        r"""["'](normal|active|read-write|rw|transmit|send-and-receive|loopback|listen_only|silent)["']"""
    )
    about_can = [path for path in PROGRAM if re.search(r"\bCanPort\b|\bcan\.mode\b", path.read_text(encoding="utf-8"))]
    assert len(about_can) >= 2
    told = [(path.name, match[0]) for path in about_can for match in other.finditer(path.read_text(encoding="utf-8"))]
    assert told == []
