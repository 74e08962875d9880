"""When a camera's stream is passed through and when it is encoded again: the rule alone, and the rule on a link."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.media.adapting import FLOOR_BIT_S, Plan, Seen, Shape, next_plan, shape_for

SOURCE = 500_000.0


def seen(at_s: float, **more: object) -> Seen:
    facts = {"source_bit_s": SOURCE, "least_bit_s": SOURCE * 0.9, "sent_bit_s": SOURCE, **more}
    return Seen(at_s=at_s, **facts)  # type: ignore[arg-type] # the fields of Seen by name


def run(plan: Plan, seconds: int, start_s: int = 0, **more: object) -> Plan:
    for second in range(start_s, start_s + seconds):
        plan = next_plan(plan, seen(float(second), **more))
    return plan


def test_a_good_link_is_passed_through() -> None:
    assert run(Plan(), 100, estimate_bit_s=SOURCE * 1.4, loss=0.01).mode == "pass-through"


def test_nothing_told_is_passed_through() -> None:
    assert run(Plan(), 100).mode == "pass-through"


def test_a_low_estimate_has_the_picture_encoded_again_within_it() -> None:
    plan = run(Plan(), 2, estimate_bit_s=200_000.0)
    assert plan.mode == "re-encoding"
    assert plan.target_bit_s <= 200_000


def test_one_bad_second_changes_nothing() -> None:
    plan = run(Plan(), 1, estimate_bit_s=200_000.0)
    plan = run(plan, 1, 1, estimate_bit_s=SOURCE)
    assert run(plan, 1, 2, estimate_bit_s=200_000.0).mode == "pass-through"


def test_an_estimate_that_only_shows_a_quiet_second_changes_nothing() -> None:
    assert run(Plan(), 10, estimate_bit_s=150_000.0, least_bit_s=120_000.0).mode == "pass-through"


def test_loss_has_the_picture_encoded_again_below_the_sources_rate() -> None:
    plan = run(Plan(), 2, loss=0.2)
    assert plan.mode == "re-encoding"
    assert plan.target_bit_s == pytest.approx(SOURCE * 0.9)
    assert run(plan, 5, 2, loss=0.2).target_bit_s < SOURCE * 0.6


def test_light_loss_is_passed_through() -> None:
    assert run(Plan(), 100, loss=0.05).mode == "pass-through"


@pytest.mark.parametrize(("gop_s", "mode"), [(0.0, "pass-through"), (2.2, "pass-through"), (4.0, "re-encoding")])
def test_a_key_frame_is_waited_for_unless_it_is_far(gop_s: float, mode: str) -> None:
    assert run(Plan(), 1, keyframe_asked=True, gop_s=gop_s).mode == mode


def test_a_source_that_can_not_pass_is_encoded_at_once_and_for_ever() -> None:
    assert run(Plan(), 1, passable=False, source_bit_s=0.0).mode == "re-encoding"
    assert run(Plan(), 300, passable=False, estimate_bit_s=SOURCE * 2, loss=0.0).mode == "re-encoding"


def test_the_stream_passes_again_after_ten_good_seconds() -> None:
    plan = run(Plan(), 2, estimate_bit_s=200_000.0)
    assert run(plan, 9, 2, estimate_bit_s=SOURCE * 1.5, loss=0.0).mode == "re-encoding"
    assert run(plan, 30, 2, estimate_bit_s=SOURCE * 1.5, loss=0.0).mode == "pass-through"


def test_a_picture_that_stands_still_does_not_stay_encoded() -> None:
    plan = run(Plan(), 2, estimate_bit_s=200_000.0)
    assert run(plan, 11, 2, estimate_bit_s=200_000.0, sent_bit_s=50_000.0, loss=0.0).mode == "pass-through"


def test_returns_that_fail_become_rare() -> None:
    plan, passed = Plan(), []
    for second in range(1_000):
        bad = plan.mode == "pass-through"
        estimate = 200_000.0 if bad else SOURCE * 1.5
        after = next_plan(plan, seen(float(second), estimate_bit_s=estimate, loss=0.0))
        if plan.mode != after.mode == "pass-through":
            passed.append(second)
        plan = after
    gaps = [other - one for one, other in pairwise(passed)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 120


rates = st.floats(10_000, 5_000_000)


@given(
    st.lists(
        st.tuples(rates, st.none() | rates, st.none() | st.floats(0, 1), st.booleans(), st.booleans()), max_size=60
    )
)
def test_the_target_stays_in_its_bounds(seconds: list[tuple[float, float | None, float | None, bool, bool]]) -> None:
    plan = Plan()
    for second, (source, estimate, loss, asked, passable) in enumerate(seconds):
        plan = next_plan(
            plan,
            Seen(
                at_s=float(second),
                source_bit_s=source,
                least_bit_s=source / 2,
                estimate_bit_s=estimate,
                loss=loss,
                keyframe_asked=asked,
                passable=passable,
            ),
        )
        if plan.mode == "re-encoding":
            assert FLOOR_BIT_S <= plan.target_bit_s <= max(FLOOR_BIT_S, source)
            assert passable or plan.mode == "re-encoding"


@pytest.mark.parametrize("capacity", [60_000.0, 150_000.0, 300_000.0])
def test_on_a_narrow_link_the_rate_finds_the_links(capacity: float) -> None:
    """A link that carries `capacity`: what is sent beyond is lost, and the estimate is 0.85 of what arrives."""
    plan, sent = Plan(), SOURCE
    for second in range(60):
        arrived = min(sent, capacity)
        estimate = 0.85 * arrived if sent > capacity else 1.4 * arrived
        plan = next_plan(plan, seen(float(second), estimate_bit_s=estimate, loss=1 - arrived / sent, sent_bit_s=sent))
        sent = SOURCE if plan.mode == "pass-through" else plan.target_bit_s
        if second > 5:
            assert plan.mode == "re-encoding"
            assert sent <= capacity * 1.4
    assert sent >= capacity * 0.5


def test_the_shape_shrinks_with_the_rate_and_grows_back_with_room_to_spare() -> None:
    shape = shape_for(2_000_000, 1280, 720, 25, Shape())
    assert shape == Shape()
    shape = shape_for(400_000, 1280, 720, 25, shape)
    assert shape == Shape(1, 2)
    shape = shape_for(100_000, 1280, 720, 25, shape)
    assert shape == Shape(2, 2)
    assert shape_for(360_000, 1280, 720, 25, shape) == shape
    assert shape_for(600_000, 1280, 720, 25, shape) == Shape(1, 2)


@given(st.floats(1_000, 5_000_000), st.integers(320, 1920), st.integers(5, 60))
def test_no_shape_is_narrower_than_can_be_read(target: float, width: int, fps: int) -> None:
    shape = shape_for(target, width, width * 9 // 16, fps, Shape())
    assert width // shape.scale >= 320
    assert fps / shape.every >= 5
