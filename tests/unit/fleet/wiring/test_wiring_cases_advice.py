"""The worked cases that are about advice; test_wiring_cases.py reads the file."""

from collections.abc import Callable, Mapping
from typing import Any

from fleet.wiring.rules.sizing import Run, candidates, smallest
from protocols.wiring.policy import WiringPolicy

Case = Mapping[str, Any]


def smallest_within_half_a_volt(case: Case) -> None:
    """The drop of each size that the case names, and the size that is chosen: by 0.5 V alone, with 3 %, and hot."""
    run = Run(load_a=case["load_a"], out_m=case["out_m"], return_m=case["return_m"], system_v=12)
    volts_alone = WiringPolicy(drop_max_percent=20, drop_max_v=0.5, hot_c=20)
    drops = {f"{one.csa_mm2:g}": one.drop_cold_v for one in candidates(run, volts_alone)}
    for size, drop_v in case["drops_v"].items():
        assert f"{drops[size]:.4g}" == f"{drop_v:.4g}"
    by_volts, cold, hot = smallest(run, volts_alone), smallest(run, WiringPolicy(hot_c=20)), smallest(run)
    assert by_volts is not None
    assert by_volts.csa_mm2 == case["choose_mm2"]
    assert cold is not None
    assert (cold.csa_mm2, f"{cold.drop_cold_v:.4g}") == (6.0, "0.3168")
    assert hot is not None
    assert hot.csa_mm2 == 10.0


CHECKS: dict[str, Callable[[Case], None]] = {"smallest conductor within 0.5 V": smallest_within_half_a_volt}
