"""Supply window and load dump."""

import pytest

from fleet.wiring.rules.vehicle_rules import load_dump, supply_window
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, found, only, without

CHARGED = changed(
    circuit(), {"vehicle.alternator": {"kind": "conventional", "charge_min_v": 13.2, "charge_max_v": 14.8}}
)


@pytest.mark.parametrize(
    ("min_v", "max_v", "verdict"),
    [
        (9.0, 16.0, "pass"),
        (12.0, 14.8, "pass"),
        (12.1, 16.0, "fail"),
        (9.0, 14.7, "fail"),
        (13.5, 14.0, "fail"),
        (None, 16.0, "unjudged"),
        (9.0, None, "unjudged"),
        (None, 14.0, "fail"),
    ],
)
def test_a_load_works_from_the_battery_to_the_alternator(
    min_v: float | None, max_v: float | None, verdict: str
) -> None:
    one = only(supply_window, changed(CHARGED, {"loads.camera.min_v": min_v, "loads.camera.max_v": max_v}))
    assert (one.subject, one.verdict) == ("loads.camera", verdict)
    missing = [path for path, value in (("min_v", min_v), ("max_v", max_v)) if value is None]
    assert one.needs == ([f"loads.camera.{path}" for path in missing] if verdict == "unjudged" else [])


@pytest.mark.parametrize(("charge_min_v", "verdict"), [(11.5, "pass"), (11.4, "fail")])
def test_a_smart_alternator_may_give_less_than_the_battery(charge_min_v: float, verdict: str) -> None:
    plan = changed(CHARGED, {"loads.camera.min_v": 11.5, "vehicle.alternator.charge_min_v": charge_min_v})
    assert only(supply_window, plan).verdict == verdict


def test_an_unknown_alternator_or_vehicle_is_needed() -> None:
    assert only(supply_window, circuit()).needs == ["vehicle.alternator"]
    assert only(supply_window, circuit(vehicle=None)).needs == ["vehicle"]


def test_a_24_v_vehicle_has_24_v() -> None:
    plan = changed(CHARGED, {"vehicle.system_v": 24, "loads.camera.min_v": 24.1})
    plan = changed(plan, {"vehicle.alternator.charge_min_v": 26, "vehicle.alternator.charge_max_v": 28.8})
    assert only(supply_window, changed(plan, {"loads.camera.max_v": 32})).verdict == "fail"
    assert only(supply_window, changed(plan, {"loads.camera.max_v": 28.8, "loads.camera.min_v": 24})).verdict == "pass"


def dumped(system_v: int, load_dump_is: str | None, transient_max_v: float | None) -> Plan:
    return changed(
        circuit(),
        {
            "vehicle.system_v": system_v,
            "vehicle.load_dump": load_dump_is,
            "loads.camera.transient_max_v": transient_max_v,
        },
    )


@pytest.mark.parametrize(
    ("system_v", "load_dump_is", "limit_v", "is_verified"),
    [
        (12, "suppressed", 35, True),
        (12, "unsuppressed", 101, True),
        (24, "suppressed", 65, False),
        (24, "unsuppressed", 202, True),
    ],
)
def test_a_load_survives_load_dump(system_v: int, load_dump_is: str, limit_v: float, is_verified: bool) -> None:
    for transient_max_v, verdict in ((limit_v - 0.1, "fail"), (limit_v, "pass"), (limit_v + 50, "pass")):
        one = only(load_dump, dumped(system_v, load_dump_is, transient_max_v))
        assert (one.subject, one.severity, one.verdict) == ("loads.camera", "safety", verdict)
        assert one.figures == {"transient_max_v": transient_max_v, "load_dump_v": limit_v}
        assert (one.unverified == []) == is_verified


@pytest.mark.parametrize(
    ("transient_max_v", "verdict"), [(34.9, "fail"), (35, "unjudged"), (100.9, "unjudged"), (101, "pass")]
)
def test_where_nobody_says_whether_it_is_suppressed_only_the_outer_voltages_decide(
    transient_max_v: float, verdict: str
) -> None:
    one = only(load_dump, dumped(12, None, transient_max_v))
    assert one.verdict == verdict
    assert one.needs == (["vehicle.load_dump"] if verdict == "unjudged" else [])


def test_what_a_load_survives_has_to_be_known() -> None:
    assert only(load_dump, dumped(12, "suppressed", None)).needs == ["loads.camera.transient_max_v"]
    unknown = changed(circuit(vehicle=None), {"loads.camera.transient_max_v": 40})
    assert only(load_dump, unknown).needs == ["vehicle"]


def test_a_load_that_draws_nothing_from_the_vehicle_is_not_asked() -> None:
    plan = changed(CHARGED, {"loads.button": {"terminals": {"1": {"role": "signal"}}}})
    plan = without(plan, "loads.camera", "conductors.W2", "conductors.W3")
    assert [found(one, plan) for one in (supply_window, load_dump)] == [[], []]
