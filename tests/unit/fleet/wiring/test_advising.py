"""Advice for single harnesses: which size and fuse, which rule asks for it, and what helps where none will do."""

from typing import Any

import pytest

from fleet.wiring.rules.advising import advise, advised, applied, sized
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.cuts import bill_of_materials, cut_list, label_list
from fleet.wiring.rules.library import TEMPLATES, template
from protocols.wiring.advice import ConductorAdvice, FuseAdvice
from protocols.wiring.parts import Cavity, Connector, Cutoff, Fuse, Splice
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, kit, wire

EIGHT_AMPERES = changed(
    circuit(),
    {
        "loads.camera": kit(8, 8, min_v=7.0),
        "conductors.W2.length_m": 6.0,
        "conductors.W3.length_m": 6.0,
    },
)


def _conductor(plan: Plan, name: str, policy: WiringPolicy | None = None) -> ConductorAdvice:
    return next(one for one in advise(plan, policy).conductors if one.conductor == name)


def _fuse(plan: Plan, name: str = "F1") -> FuseAdvice:
    return next(one for one in advise(plan).fuses if one.fuse == name)


def _fails(plan: Plan) -> set[str]:
    return {one.rule for one in assess(plan).of("fail")}


def _plugged(**cavity: Any) -> Plan:
    """The circuit with a plug at its load, into which W2 goes."""
    connector = Connector(cavities={"1": Cavity(joins="camera.+", **cavity)})
    return changed(circuit(), {"connectors.X1": connector, "conductors.W2.to": "X1.1"})


def test_conductors_and_fuse_are_advised_together_and_pass() -> None:
    sizes = {one.conductor: (one.advised_mm2, one.governed_by) for one in advise(EIGHT_AMPERES).conductors}
    assert sizes == {"W1": (0.75, "conductor-load"), "W2": (10.0, "drop-hot"), "W3": (6.0, "drop-cold")}
    assert _fuse(EIGHT_AMPERES).advised_a == 15
    assert _fails(advised(EIGHT_AMPERES)) == set()


def test_the_sentence_says_what_the_next_smaller_size_would_fail() -> None:
    assert _conductor(EIGHT_AMPERES, "W2").sentence == "W2: 10 mm²; 6 mm² would fail drop-hot of camera."
    assert _conductor(circuit(), "W2").sentence == "W2: 0.5 mm², the smallest of its tables."


def test_what_the_house_allows_is_what_is_advised_by() -> None:
    lax = WiringPolicy(drop_max_percent=20, drop_max_v=2, hot_c=20, derating=1)
    assert _conductor(EIGHT_AMPERES, "W2", lax).advised_mm2 == 1.0


def test_a_fuse_is_governed_by_what_is_fed_for_hours_or_by_the_peak() -> None:
    assert _fuse(EIGHT_AMPERES).sentence == (
        "F1 feeds 8 A for hours, which takes 10.67 A: 15 A is the smallest that carries it."
    )
    peak = changed(circuit(), {"loads.camera": kit(6, 1)})
    assert (_fuse(peak).advised_a, _fuse(peak).sentence) == (
        7.5,
        "F1 feeds 6 A at most: 7.5 A is the smallest that carries it.",
    )


@pytest.mark.parametrize(("running_a", "rating_a"), [(3.75, 5.0), (3.76, 7.5), (30.0, 40.0)])
def test_a_fuse_exactly_at_three_quarters_carries_its_load(running_a: float, rating_a: float) -> None:
    assert (
        _fuse(circuit(loads={"camera": kit(running_a, running_a)}, fuses={"F1": Fuse(rating_a=5)})).advised_a
        == rating_a
    )


def test_above_the_largest_blade_fuse_there_is_none() -> None:
    one = _fuse(circuit(loads={"camera": kit(31, 31)}))
    assert one.advised_a is None
    assert "no blade fuse carries that" in one.sentence


def test_a_fuse_that_its_holder_does_not_take_is_not_advised() -> None:
    one = _fuse(changed(EIGHT_AMPERES, {"fuses.F1.holder_max_a": 10}))
    assert one.advised_a is None
    assert one.sentence.endswith("15 A would carry it, but its holder is for at most 10 A; fit a larger holder.")


def test_what_is_no_blade_fuse_stays_where_it_carries_its_load() -> None:
    other = changed(EIGHT_AMPERES, {"fuses.F1": Fuse(rating_a=30, kind="other")})
    assert _fuse(other).advised_a == 30
    assert _conductor(other, "W3").advised_mm2 == 6.0
    small = changed(other, {"fuses.F1.rating_a": 10})
    assert _fuse(small).advised_a is None


def test_a_fuse_of_unknown_load_is_not_advised() -> None:
    one = _fuse(circuit(loads={"camera": kit(2, None)}))
    assert (one.advised_a, one.sentence) == (
        None,
        "F1 can not be chosen before it is said what camera draws for hours.",
    )


def test_a_fuse_for_signals_stays_as_it_is() -> None:
    plan = changed(
        circuit(),
        {
            "sources.K15": {"terminal": "15"},
            "fuses.F2": Fuse(rating_a=3),
            "loads.camera.terminals": {
                "+": {"role": "supply"},
                "-": {"role": "return"},
                "15": {"role": "ignition-sense"},
            },
            "conductors.W4": wire("K15", "F2.in", 2.5, 0.1),
            "conductors.W5": wire("F2.out", "camera.15", 2.5, 3),
        },
    )
    assert _fuse(plan, "F2").advised_a == 3
    assert _conductor(plan, "W5").advised_mm2 == 0.5


def test_a_cavity_bounds_the_sizes() -> None:
    thick = _conductor(_plugged(csa_min_mm2=1.5), "W2")
    assert (thick.advised_mm2, thick.governed_by) == (1.5, "cavity-size")
    thin = changed(_plugged(csa_max_mm2=0.5), {"loads.camera": kit(8, 8), "conductors.W2.length_m": 0.3})
    assert _conductor(thin, "W2").advised_mm2 == 0.5
    fuse = _fuse(thin)
    assert fuse.advised_a is None
    assert "the conductors behind it have to be settled first" in fuse.sentence


def test_where_no_size_fits_and_carries_that_is_said() -> None:
    plan = changed(_plugged(csa_max_mm2=0.5), {"fuses.F1": Fuse(rating_a=20, kind="other"), "loads.camera": kit(8, 8)})
    one = _conductor(plan, "W2")
    assert (one.advised_mm2, one.governed_by) == (None, "fuse-protects-cable")
    assert one.sentence == (
        "W2: 0.5 mm² is the largest that fits, and does not carry 20 A (fuse-protects-cable); see the remarks."
    )
    assert any(
        remark.startswith("W2: ") and "contacts for larger conductors" in remark for remark in advise(plan).remarks
    )
    [nothing] = [one for one in advise(_plugged(csa_min_mm2=25)).conductors if one.advised_mm2 is None]
    assert (nothing.conductor, nothing.governed_by) == ("W2", "cavity-size")


def test_where_no_size_keeps_the_drop_the_remarks_say_what_would_help() -> None:
    far = changed(EIGHT_AMPERES, {"conductors.W2.length_m": 25.0, "conductors.W3.length_m": 25.0})
    assert {one.advised_mm2 for one in advise(far).conductors} == {None}
    assert _conductor(far, "W2").governed_by == "drop-cold"
    [remark] = advise(far).remarks
    assert remark.startswith(
        "camera: no sizes let it pass drop-cold; the largest lose 0.486 V where 0.36 V is allowed."
    )
    assert "a way of at most 37.2 m out and back instead of 50.2 m" in remark
    assert "a return to the chassis close to the load" in remark
    assert "relay" not in remark
    assert advised(far) == far


def test_a_shorter_way_as_the_remark_says_can_be_solved() -> None:
    shorter = changed(EIGHT_AMPERES, {"conductors.W2.length_m": 14.0, "conductors.W3.length_m": 14.0})
    assert _fails(advised(shorter)) == set()


def test_far_from_the_ignition_a_relay_would_help() -> None:
    far = changed(
        EIGHT_AMPERES,
        {"sources.B1.terminal": "15", "conductors.W2.length_m": 25.0, "conductors.W3.length_m": 25.0},
    )
    assert "a relay that the ignition only switches" in advise(far).remarks[0]


def test_a_short_that_no_size_lets_blow_the_fuse_is_said() -> None:
    plan = changed(circuit(), {"fuses.F1": Fuse(rating_a=40, kind="other"), "conductors.W2.length_m": 90.0})
    assert _conductor(plan, "W2").governed_by == "short-blows-fuse"
    assert advise(plan).remarks[0].startswith("F1: no sizes let a short blow it; the largest leave ")


def test_loads_that_only_share_a_conductor_with_a_hopeless_one_are_not_blamed() -> None:
    plan = circuit(
        splices={"S1": Splice()},
        loads={"far": kit(8, 8, min_v=7.0), "near": kit(1, 1, min_v=7.0)},
        fuses={"F1": Fuse(rating_a=15)},
        conductors={
            "W1": wire("B1", "F1.in", 2.5, 0.2),
            "W2": wire("F1.out", "S1", 0.5, 4.0),
            "W3": wire("S1", "far.+", 2.5, 40.0),
            "W4": wire("S1", "near.+", 2.5, 1.0),
            "W5": wire("far.-", "G1", 2.5, 40.0),
            "W6": wire("near.-", "G1", 2.5, 1.0),
        },
    )
    first, last = advise(plan).remarks
    assert first.startswith("far: no sizes let it pass drop-cold")
    assert last == "F1, near: sizes depend on conductors shared with the above; settle those first."


def test_without_a_length_no_smaller_size_is_advised() -> None:
    one = _conductor(changed(circuit(), {"conductors.W2.length_m": None}), "W2")
    assert (one.advised_mm2, one.governed_by) == (2.5, None)
    assert one.sentence == "W2: 2.5 mm² as it is planned; without its length no smaller size can be judged."


def test_a_size_that_is_not_said_is_advised() -> None:
    plan = changed(EIGHT_AMPERES, {"conductors.W2.csa_mm2": None, "conductors.W3.csa_mm2": None})
    assert _conductor(plan, "W2").csa_mm2 is None
    assert assess(advised(plan)).of("unjudged") == assess(advised(EIGHT_AMPERES)).of("unjudged")
    assert _fails(advised(plan)) == set()


def test_a_wire_of_a_bus_may_stay_thinner_than_the_tables_begin() -> None:
    one = _conductor(changed(circuit(), {"conductors.W4": wire("camera.h", "body.h", 0.35, 0.2)}), "W4")
    assert (one.advised_mm2, one.governed_by) == (0.35, None)


def test_a_shield_has_no_advice() -> None:
    plan = changed(circuit(), {"conductors.SH": wire("camera.-", "G1", 0.5, 1.0, shield=True)})
    assert [one.conductor for one in advise(plan).conductors] == ["W1", "W2", "W3"]


def test_a_cut_off_that_leaves_little_to_be_lost_asks_for_thicker_conductors() -> None:
    tight = changed(
        EIGHT_AMPERES, {"loads.camera.min_v": 8.0, "loads.camera.cutoff": Cutoff(off_v=8.2, on_v=12, delay_s=5)}
    )
    governed = {one.governed_by for one in advise(tight).conductors}
    assert "cut-off" in governed
    assert "cut-off" not in _fails(advised(tight))
    hopeless = advise(changed(tight, {"loads.camera.cutoff.off_v": 8.1}))
    assert {one.governed_by for one in hopeless.conductors} == {"cut-off"}
    assert hopeless.remarks[0].startswith("camera.cutoff: no sizes let it pass cut-off; ")
    assert len(hopeless.remarks) == 1


def test_lists_are_of_the_plan_as_advised() -> None:
    advice = advise(EIGHT_AMPERES)
    done = applied(EIGHT_AMPERES, advice)
    assert (advice.cuts, advice.bom, advice.labels) == (cut_list(done), bill_of_materials(done), label_list(done))
    assert next(one.csa_mm2 for one in advice.cuts if one.conductor == "W2") == 10.0


def test_sizes_alone_leave_the_fuses_as_they_are() -> None:
    done = sized(circuit(fuses={"F1": Fuse(rating_a=20)}))
    assert done.fuses["F1"].rating_a == 20
    assert done.conductors["W2"].csa_mm2 == 2.5
    assert "fuse-protects-cable" not in _fails(done)


def test_a_plan_of_nothing_has_no_advice() -> None:
    advice = advise(Plan(muster_wiring=1, name="empty"))
    assert (advice.conductors, advice.fuses, advice.cuts, advice.bom, advice.labels, advice.remarks) == (
        [],
        [],
        [],
        [],
        [],
        [],
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_worked_vehicles_pass_as_advised_too(name: str) -> None:
    plan = template(name)
    advice = advise(plan)
    assert all(one.advised_mm2 is not None for one in advice.conductors)
    assert all(one.advised_a is not None for one in advice.fuses)
    assert advice.remarks == []
    assert all(one.verdict == "pass" for one in assess(applied(plan, advice)).judgements)
