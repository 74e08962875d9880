"""The smallest conductor and fuse of a circuit, from figures alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.sizing import (
    Candidate,
    Run,
    candidates,
    drop_limit_v,
    fuse_needed_a,
    smallest,
    smallest_fuse_a,
)
from protocols.wiring.policy import WiringPolicy

EIGHT_AMPERES = Run(load_a=8, out_m=6, return_m=6, system_v=12)
ONLY_VOLTS = WiringPolicy(drop_max_percent=20, hot_c=20)
ONLY_COLD = WiringPolicy(hot_c=20)


def four(figure: float) -> float:
    """A figure to four digits."""
    return float(f"{figure:.4g}")


def _by_size(run: Run, policy: WiringPolicy | None = None) -> dict[float, Candidate]:
    return {one.csa_mm2: one for one in candidates(run, policy)}


def test_half_a_volt_alone_asks_for_four_square_millimetres() -> None:
    chosen = smallest(EIGHT_AMPERES, ONLY_VOLTS)
    assert chosen is not None
    assert (chosen.csa_mm2, four(chosen.drop_cold_v)) == (4.0, 0.4752)
    drops = {size: four(one.drop_cold_v) for size, one in _by_size(EIGHT_AMPERES, ONLY_VOLTS).items()}
    assert (drops[1.5], drops[2.5]) == (1.277, 0.7661)


def test_three_percent_asks_for_six() -> None:
    chosen = smallest(EIGHT_AMPERES, ONLY_COLD)
    assert chosen is not None
    assert (chosen.csa_mm2, four(chosen.drop_cold_v)) == (6.0, 0.3168)
    assert _by_size(EIGHT_AMPERES, ONLY_COLD)[4.0].broken == ("drop-cold", "drop-hot")


def test_sixty_degrees_ask_for_ten() -> None:
    chosen = smallest(EIGHT_AMPERES)
    assert chosen is not None
    assert (chosen.csa_mm2, four(chosen.drop_hot_v)) == (10.0, 0.2122)
    six = _by_size(EIGHT_AMPERES)[6.0]
    assert (six.broken, four(six.drop_hot_v)) == (("drop-hot",), 0.3666)


def test_a_run_hotter_than_the_policy_is_judged_at_its_own_temperature() -> None:
    cool = _by_size(EIGHT_AMPERES._replace(hot_c=20))[6.0]
    assert cool.broken == ("drop-hot",)
    ten = _by_size(EIGHT_AMPERES._replace(hot_c=100))[10.0]
    assert four(ten.drop_hot_v) == four(8 * 12 * 1.91e-3 * (1 + 0.00393 * 80))


def test_half_a_volt_binds_at_24_v_and_three_percent_at_12() -> None:
    assert drop_limit_v(12, WiringPolicy()) == pytest.approx(0.36)
    assert drop_limit_v(24, WiringPolicy()) == 0.5


def test_a_fuse_asks_for_a_conductor_that_it_protects_and_that_lets_it_blow() -> None:
    short_run = Run(load_a=1, out_m=0.5, return_m=0.5, system_v=12, fuse_a=10)
    one = smallest(short_run)
    assert one is not None
    assert one.csa_mm2 == 1.0
    assert _by_size(short_run)[0.75].broken == ("fuse-protects-cable",)
    long_run = Run(load_a=0.1, out_m=20, return_m=20, system_v=12, fuse_a=10)
    assert _by_size(long_run)[1.0].broken == ("short-blows-fuse",)
    assert four(_by_size(long_run)[1.0].short_a) == four(12 / (0.01 + 40 * 0.0195))


def test_a_fuse_exactly_at_what_a_conductor_carries_is_right() -> None:
    run = Run(load_a=0.1, out_m=0.1, return_m=0.1, system_v=12, fuse_a=11.55)
    one = smallest(run)
    assert one is not None
    assert one.csa_mm2 == 1.0
    more = smallest(run._replace(fuse_a=11.5501))
    assert more is not None
    assert more.csa_mm2 == 1.5


def test_a_short_exactly_three_times_the_fuse_is_enough() -> None:
    exactly = 12 / (0.01 + 40 * 0.0195) / 3
    run = Run(load_a=0.1, out_m=20, return_m=20, system_v=12, fuse_a=exactly)
    assert "short-blows-fuse" not in _by_size(run)[1.0].broken
    assert "short-blows-fuse" in _by_size(run._replace(fuse_a=exactly * 1.001))[1.0].broken


def test_without_a_fuse_a_conductor_has_to_carry_its_load() -> None:
    run = Run(load_a=20, out_m=0.1, return_m=0.1, system_v=12)
    assert _by_size(run)[1.5].broken == ("conductor-load",)
    assert _by_size(run)[2.5].broken == ()


def test_where_no_size_will_do_there_is_none() -> None:
    far = Run(load_a=30, out_m=40, return_m=40, system_v=12)
    assert smallest(far) is None
    assert all("drop-cold" in one.broken for one in candidates(far))


def test_figures_that_nobody_has_checked_are_named() -> None:
    sixteen = _by_size(EIGHT_AMPERES)[16.0]
    assert sixteen.unverified == ("ampacity of 16 mm² (MK Global UK, ISO 6722 class B thin-wall)",)
    assert _by_size(EIGHT_AMPERES)[10.0].unverified == ()


@pytest.mark.parametrize(
    ("load_a", "rating_a"), [(4.0, 7.5), (3.75, 5.0), (3.7501, 7.5), (0, 1.0), (30, 40.0), (30.01, None)]
)
def test_the_smallest_fuse_carries_the_load_at_three_quarters(load_a: float, rating_a: float | None) -> None:
    assert smallest_fuse_a(load_a) == rating_a


def test_four_amperes_need_five_and_a_third() -> None:
    assert four(fuse_needed_a(4.0)) == 5.333


_RUNS = st.builds(
    Run,
    load_a=st.floats(0.01, 60),
    out_m=st.floats(0.01, 40),
    return_m=st.floats(0, 40),
    system_v=st.sampled_from([12.0, 24.0]),
    fuse_a=st.sampled_from([None, 1.0, 7.5, 15.0, 40.0]),
    cable_type=st.sampled_from(["thin-wall", "pvc"]),
    table=st.sampled_from(["iec-60228", "iso-6722"]),
    hot_c=st.sampled_from([None, 20.0, 85.0]),
)


@given(run=_RUNS)
def test_what_a_thinner_conductor_keeps_a_thicker_one_keeps(run: Run) -> None:
    found = candidates(run)
    for thinner, thicker in pairwise(found):
        assert set(thicker.broken) <= set(thinner.broken)
        assert thicker.drop_hot_v < thinner.drop_hot_v


@given(run=_RUNS)
def test_everything_smaller_than_the_smallest_breaks_a_rule(run: Run) -> None:
    chosen = smallest(run)
    for one in candidates(run):
        if chosen is None or one.csa_mm2 < chosen.csa_mm2:
            assert one.broken
