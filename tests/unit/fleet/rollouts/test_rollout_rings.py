"""Which unit of a rollout is in which ring."""

from datetime import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rollouts.rules.rings import assign, in_turn, places
from protocols.rollouts import Ring, RolloutPlan

ROLLOUT = "RO-0123456789ab"
UNITS = [f"unit-{number:04}" for number in range(100)]


def ring(name: str, percent: float, *units: str) -> Ring:
    return Ring(name=name, share_percent=percent, units=list(units))


def sizes(units: list[str], plan: RolloutPlan) -> list[int]:
    assigned = assign(units, plan, ROLLOUT)
    return [sum(index == each for each in assigned.values()) for index in range(len(plan.rings))]


def test_shares_are_rounded_up_and_the_last_ring_takes_the_rest() -> None:
    plan = RolloutPlan(rings=[ring("bench", 1.5), ring("few", 10), ring("all", 3)])
    assert sizes(UNITS, plan) == [2, 10, 88]
    assert sizes(UNITS[:1], plan) == [1, 0, 0]
    assert sizes([], plan) == [0, 0, 0]
    assert sizes(UNITS, RolloutPlan(rings=[ring("most", 80), ring("more", 80), ring("all", 100)])) == [80, 20, 0]


def test_a_share_is_taken_as_it_is_written() -> None:
    plan = RolloutPlan(rings=[ring("tenth of a percent", 0.1), ring("all", 100)])
    assert sizes([f"unit-{number:04}" for number in range(1000)], plan) == [1, 999]


def test_units_that_are_named_come_first_and_count_towards_the_share() -> None:
    plan = RolloutPlan(rings=[ring("bench", 0, "unit-0007", "unit-0008"), ring("few", 5, "unit-0009"), ring("all", 0)])
    found = places(UNITS, plan, ROLLOUT)
    assert sizes(UNITS, plan) == [2, 5, 93]
    assert {found["unit-0007"].turn, found["unit-0008"].turn} == {0, 1}
    assert found["unit-0009"] == (1, 0)
    assert sizes(UNITS[:3], plan) == [0, 1, 2]


def test_nobody_picks_and_another_rollout_has_another_order() -> None:
    assert in_turn(UNITS, ROLLOUT) == in_turn(reversed(UNITS), ROLLOUT)
    assert in_turn(UNITS, ROLLOUT) != in_turn(UNITS, "RO-0123456789ac") != sorted(UNITS)


@given(
    st.lists(st.sampled_from(UNITS), unique=True),
    st.lists(st.floats(0, 100), min_size=1, max_size=5),
    st.lists(st.sampled_from(UNITS), unique=True, max_size=8),
)
def test_every_unit_is_in_one_ring_with_a_turn_of_its_own(
    units: list[str], shares: list[float], named: list[str]
) -> None:
    rings = [ring(f"ring {index}", percent, *named[index :: len(shares)]) for index, percent in enumerate(shares)]
    plan = RolloutPlan(rings=rings)
    found = places(units, plan, ROLLOUT)
    assert found.keys() == set(units)
    assert len(set(found.values())) == len(units)
    for index, each in enumerate(rings):
        assert all(found[unit].ring == index for unit in each.units if unit in found)
        turns = sorted(place.turn for place in found.values() if place.ring == index)
        assert turns == list(range(len(turns)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"from_time": "22:00:00"}, "come together"),
        ({"from_time": "22:00:00", "until_time": "22:00:00"}, "are the same"),
        ({"from_time": "22:00:00Z", "until_time": "23:00:00Z"}, "no timezone"),
        ({"rings": [{"name": "a", "share_percent": 1}, {"name": "a", "share_percent": 1}]}, "same name"),
        (
            {
                "rings": [
                    {"name": "a", "share_percent": 1, "units": ["unit-0001"]},
                    {"name": "b", "share_percent": 1, "units": ["unit-0001"]},
                ]
            },
            "named twice",
        ),
        ({"rings": []}, "length >= 1"),
        ({"at_once": 0}, ">= 1"),
    ],
)
def test_a_plan_that_contradicts_itself_is_none(changes: dict[str, object], says: str) -> None:
    plan = {"rings": [{"name": "all", "share_percent": 100}], **changes}
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.json.decode(msgspec.json.encode(plan), type=RolloutPlan)


def test_a_plan_is_the_same_again_from_its_text() -> None:
    plan = RolloutPlan(rings=[ring("all", 100)], from_time=time(22), until_time=time(6, 30))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=RolloutPlan) == plan
