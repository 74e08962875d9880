"""The six questions that make a harness from a template."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.advising import advise, advised
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.consistency import inconsistencies
from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.questions import (
    Answers,
    GroundAnswer,
    Question,
    Refused,
    answered,
    defaults,
    questions,
    read_answers,
)
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.tables import BLADE_COLOURS
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit

_PLANS = {name: template(name) for name in TEMPLATES}


def _question(name: str, plan: Plan = _PLANS["van-12v"]) -> Question:
    return next(one for one in questions(plan) if one.name == name)


def _not_passed(plan: Plan, policy: WiringPolicy | None = None) -> set[str]:
    return {one.rule for one in assess(plan, policy).judgements if one.verdict != "pass"}


def _texts(answers: Answers) -> dict[str, str]:
    return {name: "" if value is None else f"{value}" for name, value in answers._asdict().items()}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_default_answers_give_a_plan_that_passes_every_rule(name: str) -> None:
    plan = answered(_PLANS[name], defaults(name))
    assert _not_passed(plan) == set()
    assert inconsistencies(plan) == []
    assert read_plan(write_plan(plan)).plan == plan


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_default_answers_are_answers(name: str) -> None:
    assert read_answers(_PLANS[name], _texts(defaults(name))) == defaults(name)


def test_there_are_six_questions_in_the_order_of_the_answers() -> None:
    for plan in _PLANS.values():
        assert tuple(one.name for one in questions(plan)) == Answers._fields


def test_only_what_the_vehicle_has_can_be_chosen() -> None:
    assert _question("source").choices == ("battery", "ignition")
    assert _question("source", _PLANS["car-12v-stop-start"]).choices == ("battery", "auxiliary", "ignition")
    assert _question("source", circuit(sources={})).choices == ("battery",)
    assert _question("source", circuit(vehicle=None, sources={})).choices == ()
    with pytest.raises(KeyError, match="auxiliary"):
        answered(_PLANS["van-12v"], Answers(load_a=1, run_m=1, source="auxiliary"))


@pytest.mark.parametrize(
    ("name", "text", "refusal"),
    [
        ("load_a", "0.1", None),
        ("load_a", "30", None),
        ("load_a", "30.01", "load is a number from 0.1 to 30, in A"),
        ("load_a", "", "load is a number from 0.1 to 30, in A"),
        ("load_a", "2,5", "load is a number from 0.1 to 30, in A"),
        ("load_a", "nan", "load is a number from 0.1 to 30, in A"),
        ("load_a", "1e1", "load is a number from 0.1 to 30, in A"),
        ("load_a", "١", "load is a number from 0.1 to 30, in A"),
        ("run_m", " 4.5 ", None),
        ("run_m", "-1", "run is a number from 0.1 to 30, in m"),
        ("source", "battery", None),
        ("source", "auxiliary", "source is one of battery, ignition"),
        ("fuse_a", "", None),
        ("fuse_a", "7.5", None),
        ("fuse_a", "9", "fuse is one of 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 25, 30, 40"),
        ("ground", "frame", "ground is one of chassis, battery"),
        ("hot_c", "20", None),
        ("hot_c", "100.5", "temperature is a number from 20 to 100, in °C"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_what_would_be(name: str, text: str, refusal: str | None) -> None:
    assert _question(name).refusal(text) == refusal


def test_every_refusal_is_told_at_once() -> None:
    texts = {**_texts(defaults("van-12v")), "load_a": "much", "ground": ""}
    assert read_answers(_PLANS["van-12v"], texts) == [
        Refused("load_a", "load is a number from 0.1 to 30, in A"),
        Refused("ground", "ground is one of chassis, battery"),
    ]


def test_texts_become_answers() -> None:
    texts = {"load_a": "3", "run_m": " 2.5 ", "source": "ignition", "fuse_a": "5", "ground": "battery", "hot_c": "85"}
    assert read_answers(_PLANS["van-12v"], texts) == Answers(3, 2.5, "ignition", 5, "battery", 85)


def test_the_fuse_is_the_smallest_that_carries_the_load_unless_it_is_given() -> None:
    van = _PLANS["van-12v"]
    assert answered(van, Answers(load_a=4.0, run_m=2)).fuses["F1"].rating_a == 7.5
    given_fuse = answered(van, Answers(load_a=4.0, run_m=2, fuse_a=15))
    assert given_fuse.fuses["F1"].rating_a == 15
    assert _not_passed(given_fuse) == set()
    assert _not_passed(answered(van, Answers(load_a=4.0, run_m=2, fuse_a=5))) == {"fuse-carries-load"}


def test_a_return_to_the_battery_is_as_long_as_the_supply_and_runs_with_it() -> None:
    van = _PLANS["van-12v"]
    back = answered(van, Answers(load_a=2, run_m=4, ground="battery")).conductors["W3"]
    assert (back.length_m, back.route) == (4.2, "run")
    chassis = answered(van, Answers(load_a=2, run_m=4, ground="chassis")).conductors["W3"]
    assert (chassis.length_m, chassis.route) == (0.5, "")


def test_kit_on_the_battery_senses_the_ignition_and_kit_on_the_ignition_need_not() -> None:
    van = _PLANS["van-12v"]
    on_battery = answered(van, Answers(load_a=2, run_m=4))
    assert on_battery.loads["kit"].ignition_sense == "terminal-15"
    on_ignition = answered(van, Answers(load_a=2, run_m=4, source="ignition"))
    assert on_ignition.loads["kit"].ignition_sense == "none"
    assert on_ignition.sources["B1"].terminal == "15"
    assert _not_passed(on_ignition) == set()


def test_kit_on_a_battery_that_dips_too_low_restarts_with_the_engine() -> None:
    car = _PLANS["car-12v-stop-start"]
    starter = answered(car, Answers(load_a=2, run_m=4, source="battery"))
    assert not starter.loads["kit"].rides_cranking
    assert _not_passed(starter) == set()


def test_where_no_plan_passes_the_largest_conductors_show_by_how_much() -> None:
    far = answered(_PLANS["van-12v"], Answers(load_a=20, run_m=30, ground="battery"))
    assert far.conductors["W2"].csa_mm2 == 16
    assert "drop-cold" in _not_passed(far)
    assert advise(far).remarks


def test_a_house_with_a_shorter_way_to_the_fuse_gets_one() -> None:
    policy = WiringPolicy(fuse_distance_max_mm=150)
    plan = answered(_PLANS["van-12v"], defaults("van-12v"), policy)
    assert plan.conductors["W1"].length_m == 0.15
    assert _not_passed(plan, policy) == set()


def test_a_vehicle_of_which_little_is_known_leaves_that_unjudged() -> None:
    plan = answered(changed(circuit(), {"vehicle.alternator": None}), Answers(load_a=1, run_m=2))
    assert {one.verdict for one in assess(plan).judgements} <= {"pass", "unjudged"}


_ANSWERS = st.builds(
    Answers,
    load_a=st.floats(0.1, 3.0),
    run_m=st.floats(0.1, 5.0),
    source=st.sampled_from(["battery", "ignition"]),
    fuse_a=st.none(),
    ground=st.sampled_from(get_args(GroundAnswer)),
    hot_c=st.floats(20, 100),
)


@given(name=st.sampled_from(TEMPLATES), answers=_ANSWERS)
def test_any_usual_answers_give_a_plan_that_passes_and_that_advice_would_not_change(
    name: str, answers: Answers
) -> None:
    plan = answered(_PLANS[name], answers)
    assert _not_passed(plan) == set()
    assert advised(plan) == plan


@given(
    name=st.sampled_from(TEMPLATES),
    answers=st.builds(
        Answers,
        load_a=st.floats(0.1, 30),
        run_m=st.floats(0.1, 30),
        source=st.sampled_from(["battery", "ignition"]),
        fuse_a=st.none() | st.sampled_from(list(BLADE_COLOURS)),
        ground=st.sampled_from(get_args(GroundAnswer)),
        hot_c=st.floats(20, 100),
    ),
)
def test_any_answers_give_a_whole_plan(name: str, answers: Answers) -> None:
    plan = answered(_PLANS[name], answers)
    assert inconsistencies(plan) == []
    assert all(one.verdict != "unjudged" for one in assess(plan).judgements)
