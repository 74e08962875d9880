from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.health import FIGURES, QUANTITIES, EmmcLife, Standing, standing

STANDINGS: tuple[Standing, ...] = get_args(Standing)
WORSE = {"good": 0, "fair": 1, "bad": 2}

LIMITED = [name for name, quantity in QUANTITIES.items() if quantity.fair_from is not None]


def test_every_figure_has_a_quantity_and_nothing_else_has() -> None:
    assert set(QUANTITIES) == set(FIGURES)


def test_a_quantity_has_both_limits_or_none() -> None:
    for name, quantity in QUANTITIES.items():
        assert (quantity.fair_from is None) == (quantity.bad_from is None), name
        assert quantity.fair_from is None or quantity.fair_from != quantity.bad_from, name
        assert quantity.fair_from is None or not quantity.words, name


def test_names_carry_the_unit_of_measure_they_show() -> None:
    suffix = {"mV": "_mv", "mA": "_ma", "%": "_percent", "°C": "_c", "s": "_s", "ms": "_ms", "B": "_bytes"}
    suffix |= {"dBm": "_dbm", "dB": "_db"}
    for name, quantity in QUANTITIES.items():
        if quantity.unit:
            assert name.endswith(suffix[quantity.unit]), name


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sim_state", "ready", "good"),
        ("sim_state", "missing", "bad"),
        ("sim_state", "pin", "fair"),
        ("modem_registration", "not-registered", "bad"),
        ("modem_registration", "unknown", "unknown"),
        ("gnss_antenna", "open", "bad"),
        ("gnss_antenna", "unknown", "unknown"),
        ("undervolted", 1, "unknown"),
        ("soc_temp_c", 69.9, "good"),
        ("soc_temp_c", 70, "fair"),
        ("soc_temp_c", 79.9, "fair"),
        ("soc_temp_c", 80, "bad"),
        ("storage_used_percent", 79.99, "good"),
        ("storage_used_percent", 80, "fair"),
        ("storage_used_percent", 90, "bad"),
        ("battery_percent", 31, "good"),
        ("battery_percent", 30, "fair"),
        ("battery_percent", 15, "bad"),
        ("battery_percent", 0, "bad"),
        ("rsrp_dbm", -94, "good"),
        ("rsrp_dbm", -95, "fair"),
        ("rsrp_dbm", -115, "bad"),
        ("sinr_db", 0, "bad"),
        ("sinr_db", 0.1, "fair"),
        ("gnss_hdop", 1.99, "good"),
        ("gnss_hdop", 2, "fair"),
        ("gnss_hdop", 20, "bad"),
        ("clock_offset_ms", 99.9, "good"),
        ("clock_offset_ms", -100, "fair"),
        ("clock_offset_ms", 1000, "bad"),
        ("clock_offset_ms", -1000, "bad"),
        ("emmc_worn_percent", 100, "bad"),
        ("spool_dropped", 0, "good"),
        ("spool_dropped", 1, "fair"),
        ("undervolted", True, "bad"),
        ("undervolted", False, "good"),
        ("clock_synchronised", False, "bad"),
        ("clock_synchronised", True, "good"),
        ("storage_read_only", True, "bad"),
        ("emmc_life", "normal", "good"),
        ("emmc_life", "warning", "fair"),
        ("emmc_life", "urgent", "bad"),
        ("supply_mv", 12_000, "unknown"),
        ("link_kind", "lte", "unknown"),
        ("throttled_bits", 0x50005, "unknown"),
    ],
)
def test_standing_at_and_beside_each_limit(name: str, value: object, expected: Standing) -> None:
    assert standing(name, value) == expected


@pytest.mark.parametrize("name", LIMITED)
def test_a_value_exactly_at_a_limit_counts_as_the_worse(name: str) -> None:
    quantity = QUANTITIES[name]
    assert standing(name, quantity.fair_from) == "fair"
    assert standing(name, quantity.bad_from) == "bad"


@pytest.mark.parametrize("name", FIGURES)
@given(
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(get_args(EmmcLife))
    | st.binary(max_size=2)
    | st.lists(st.integers(), max_size=2)
)
def test_standing_is_total(name: str, value: object) -> None:
    assert standing(name, value) in STANDINGS


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("value", [None, float("nan"), b"", [], {}])
def test_what_is_not_known_never_stands_as_good(name: str, value: object) -> None:
    assert standing(name, value) == "unknown"


@pytest.mark.parametrize("name", ["undervolted", "clock_synchronised", "storage_read_only", "emmc_life"])
def test_a_word_of_another_kind_is_unknown(name: str) -> None:
    assert standing(name, 1) == "unknown"
    assert standing(name, 0) == "unknown"


@pytest.mark.parametrize("name", LIMITED)
@given(values=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_standing_is_monotonic(name: str, values: tuple[float, float]) -> None:
    quantity = QUANTITIES[name]
    assert quantity.fair_from is not None
    assert quantity.bad_from is not None
    low, high = sorted(abs(value) for value in values) if name == "clock_offset_ms" else sorted(values)
    if quantity.bad_from < quantity.fair_from:
        low, high = high, low
    assert WORSE[standing(name, low)] <= WORSE[standing(name, high)]
