"""Drops by ways and currents beside nodal analysis, which works them out from the same plan in another manner."""

import pytest
from hypothesis import given

from fleet.wiring.rules.electric import Known, drop_v
from fleet.wiring.rules.network import Network
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit
from tests.support.wiring_trees import SIZES_MM2, trees
from tests.wiring.nodal import OHM_PER_KM, node_voltages


def test_the_second_telling_gets_the_first_worked_case_right() -> None:
    plan = changed(
        circuit(),
        {
            "loads.camera.peak_a": 3,
            "conductors.W1": {"from": "B1", "to": "F1.in", "csa_mm2": 1, "length_m": 1},
            "conductors.W2": {"from": "F1.out", "to": "camera.+", "csa_mm2": 1, "length_m": 4},
            "conductors.W3": {"from": "camera.-", "to": "G1", "csa_mm2": 1, "length_m": 5},
        },
    )
    volts = node_voltages(plan, 12.0)
    assert volts["camera.+"] - volts["camera.-"] == pytest.approx(12 - 0.585, rel=1e-12)


def test_the_second_telling_knows_every_size_that_is_generated() -> None:
    assert OHM_PER_KM.keys() >= set(SIZES_MM2)


@pytest.mark.parametrize("temperature_c", [20.0, 60.0])
@given(plan=trees())
def test_both_tell_the_same_voltage_at_every_load(temperature_c: float, plan: Plan) -> None:
    network = Network(plan)
    volts = node_voltages(plan, 12.0, temperature_c)
    for flow in network.flows:
        drop = drop_v(network, flow, "peak", temperature_c)
        assert isinstance(drop, Known)
        at_load = volts[f"{flow.name}.+"] - volts[f"{flow.name}.-"]
        assert at_load == pytest.approx(12.0 - drop.value, rel=1e-9, abs=12e-9)
