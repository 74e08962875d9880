"""What holds of advice for any harness: it never makes one worse, and nothing in it could be smaller."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.wiring.rules.advising import advise, advised, applied
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.tables import BLADE_COLOURS, sizes
from protocols.wiring.findings import RuleId
from protocols.wiring.parts import Cavity, Connector, Fuse, Splice
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, circuit, kit, wire

_SIZES = sizes("thin-wall", "iec-60228")
_RATINGS = list(BLADE_COLOURS)


def _fails(plan: Plan) -> set[tuple[RuleId, str]]:
    return {(one.rule, one.subject) for one in assess(plan).of("fail")}


def _not_passed(plan: Plan) -> set[tuple[RuleId, str]]:
    return {(one.rule, one.subject) for one in assess(plan).judgements if one.verdict != "pass"}


@st.composite
def _trees(draw: st.DrawFn, longest_m: float = 15.0) -> Plan:
    """A harness with a main fuse, a splice in feed and return, and up to four loads, some with a fuse or a connector
    of their own, and now and then something that is not known."""
    csa = st.sampled_from(_SIZES)
    length = st.floats(0, longest_m) | st.just(0.1)
    maybe_csa = csa | csa | csa | st.none()
    rating = st.sampled_from(_RATINGS)
    fuses: dict[str, Any] = {"F0": Fuse(rating_a=draw(rating), holder_max_a=draw(st.none() | st.just(30)))}
    loads: dict[str, Any] = {}
    connectors: dict[str, Any] = {}
    conductors: dict[str, Any] = {
        "W0": wire("B1", "F0.in", draw(csa), 0.2),
        "W1": wire("F0.out", "S1", draw(maybe_csa), draw(length)),
        "W2": wire("S2", "G1", draw(maybe_csa), draw(length)),
    }
    for at in range(draw(st.integers(1, 4))):
        name, feed = f"kit{at}", f"{'S1'}"
        running_a = draw(st.floats(0, 12))
        loads[name] = kit(
            draw(st.floats(1, 2)) * running_a,
            draw(st.just(running_a) | st.just(running_a) | st.none()),
            rides_cranking=draw(st.booleans()),
            min_v=draw(st.sampled_from([7.0, 9.0, 9.3, 10.0])),
        )
        if draw(st.booleans()):
            fuses[f"F{name}"] = Fuse(rating_a=draw(rating))
            conductors[f"{name}-b"] = wire(feed, f"F{name}.in", draw(csa), draw(length))
            feed = f"F{name}.out"
        end = f"{name}.+"
        if draw(st.booleans()):
            most = draw(st.sampled_from([None, 1.0, 6.0]))
            least = draw(st.sampled_from([None, 0.75]))
            connectors[f"X{at}"] = Connector(
                cavities={"1": Cavity(joins=end, csa_min_mm2=least, csa_max_mm2=most, rating_a=15)}
            )
            end = f"X{at}.1"
        conductors[f"{name}-p"] = wire(feed, end, draw(maybe_csa), draw(st.none() | length | length))
        conductors[f"{name}-n"] = wire(f"{name}.-", draw(st.sampled_from(["S2", "G1"])), draw(csa), draw(length))
    splices = {"S1": Splice(), "S2": Splice()}
    return circuit(fuses=fuses, loads=loads, connectors=connectors, conductors=conductors, splices=splices)


@st.composite
def _single(draw: st.DrawFn) -> Plan:
    running_a = draw(st.floats(0.1, 8))
    length = st.floats(0.1, 4)
    return changed(
        circuit(),
        {
            "fuses.F1.rating_a": draw(st.sampled_from(_RATINGS)),
            "loads.camera": kit(running_a, running_a, min_v=7.0),
            "conductors.W1.csa_mm2": draw(st.sampled_from(_SIZES)),
            "conductors.W2": wire("F1.out", "camera.+", draw(st.sampled_from(_SIZES)), draw(length)),
            "conductors.W3": wire("camera.-", "G1", draw(st.sampled_from(_SIZES)), draw(length)),
        },
    )


@given(plan=_trees())
@settings(max_examples=80)
def test_advice_never_lets_more_fail_than_failed_or_was_not_judged(plan: Plan) -> None:
    assert len(_not_passed(advised(plan))) <= len(_not_passed(plan))
    known = all(one.verdict != "unjudged" for one in assess(plan).judgements)
    assert not known or len(_fails(advised(plan))) <= len(_fails(plan))


@given(plan=_trees())
def test_advice_asks_for_nothing_more_once_it_is_done(plan: Plan) -> None:
    done = advised(plan)
    again = advise(done)
    assert advised(done) == done
    for one in again.conductors:
        assert one.advised_mm2 in {None, one.csa_mm2}


@given(plan=_trees(longest_m=4.0))
@settings(max_examples=80)
def test_a_size_smaller_than_advised_fails_the_rule_that_is_named(plan: Plan) -> None:
    advice = advise(plan)
    done = applied(plan, advice)
    for one in advice.conductors:
        if one.governed_by is not None and one.advised_mm2 is not None:
            smaller = _SIZES[_SIZES.index(one.advised_mm2) - 1]
            thinner = changed(done, {f"conductors.{one.conductor}.csa_mm2": smaller})
            new = _fails(thinner) - _fails(done)
            assert one.governed_by in {rule for rule, _ in new}


@given(plan=_single())
def test_a_circuit_that_can_be_solved_passes_as_advised(plan: Plan) -> None:
    done = advised(plan)
    assert _fails(done) == set()
    assert all(one.advised_mm2 is not None for one in advise(plan).conductors)


@given(plan=_single())
def test_a_fuse_smaller_than_advised_does_not_carry_its_load(plan: Plan) -> None:
    done = advised(plan)
    rating_a = done.fuses["F1"].rating_a
    if rating_a > _RATINGS[0]:
        smaller = _RATINGS[_RATINGS.index(rating_a) - 1]
        assert ("fuse-carries-load", "fuses.F1") in _fails(changed(done, {"fuses.F1.rating_a": smaller}))
