"""One stream to many lanes: whatever happens, a lane gives what a decoder can decode, and is bounded."""

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from fleet.media.fan_out import FanOut, FanOutLimits, KeyframeRequests, Lane
from fleet.media.frames import EncodedFrame, MediaKind

LIMITS = FanOutLimits(gop_bytes=4000, gop_frames=12, queue_bytes=6000, queue_frames=20, queue_sounds=4)
GOP = 5


def frame(number: int, size: int = 100, kind: MediaKind = "video") -> EncodedFrame:
    return EncodedFrame(kind, bytes([number % 256]) * size, number * 3600, number % GOP == 0 or kind == "audio")


async def waiting(lane: Lane) -> list[EncodedFrame]:
    """The video that waits in `lane`, which is closed then."""
    taken: list[EncodedFrame] = []
    while len(lane._video):
        found = await lane.next_video()
        assert found is not None
        taken.append(found)
    lane.close()
    return taken


async def test_a_joiner_gets_the_last_group_in_haste_and_then_what_comes() -> None:
    fan_out, lane = FanOut(LIMITS), Lane(LIMITS)
    for number in range(8):
        fan_out.publish(frame(number))
    fan_out.join(lane)
    fan_out.publish(frame(8))
    taken = await waiting(lane)
    assert [one.data[0] for one in taken] == [5, 6, 7, 8]
    assert taken[0].is_keyframe
    assert [one.pts for one in taken] == [7 * 3600 - 180, 7 * 3600 - 90, 7 * 3600, 8 * 3600]


async def test_a_lane_that_joins_twice_gets_the_group_once() -> None:
    fan_out, lane = FanOut(LIMITS), Lane(LIMITS)
    fan_out.publish(frame(0))
    fan_out.join(lane)
    fan_out.join(lane)
    assert len(await waiting(lane)) == 1


async def test_nobody_waits_for_a_slow_viewer_who_goes_on_with_a_keyframe() -> None:
    fan_out, slow, quick = FanOut(LIMITS), Lane(LIMITS), Lane(LIMITS)
    fan_out.join(slow)
    fan_out.join(quick)
    seen: list[int] = []
    for number in range(63):
        fan_out.publish(frame(number))
        found = await quick.next_video()
        assert found is not None
        seen.append(found.data[0])
    assert seen == list(range(63))
    taken = await waiting(slow)
    assert taken[0].is_keyframe
    assert slow.lost + len(taken) == 63


async def test_a_gap_holds_everybody_up_to_the_next_keyframe() -> None:
    fan_out, lane, joiner = FanOut(LIMITS), Lane(LIMITS), Lane(LIMITS)
    fan_out.join(lane)
    for number in (0, 1):
        fan_out.publish(frame(number))
    fan_out.gap()
    fan_out.publish(frame(3))
    fan_out.join(joiner)
    assert joiner.needs_keyframe
    for number in (4, 5, 6):
        fan_out.publish(frame(number))
    assert [one.data[0] for one in await waiting(lane)] == [0, 1, 5, 6]
    assert [one.data[0] for one in await waiting(joiner)] == [5, 6]


async def test_old_sounds_make_room_for_new_ones() -> None:
    lane = Lane(LIMITS)
    for number in range(9):
        lane.put(frame(number, kind="audio"))
    taken = [await lane.next_audio() for _ in range(4)]
    assert [one.data[0] for one in taken if one] == [5, 6, 7, 8]


async def test_whoever_waits_is_let_go_when_the_lane_closes() -> None:
    fan_out, lane = FanOut(LIMITS), Lane(LIMITS)
    fan_out.join(lane)
    both = asyncio.gather(lane.next_video(), lane.next_audio())
    await asyncio.sleep(0)
    fan_out.close()
    assert list(await asyncio.wait_for(both, 1)) == [None, None]
    lane.put(frame(0))
    assert await lane.next_video() is None


actions = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.integers(1, 3000)),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.tuples(st.just("gap"), st.just(0)),
        st.tuples(st.just("join"), st.just(0)),
    ),
    max_size=120,
)


@given(actions)
def test_every_lane_is_bounded_and_begins_again_only_with_a_keyframe(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_play(steps))


async def _taken(lane: Lane, amount: int) -> list[int]:
    """The numbers of the next frames, at most `amount`."""
    found = [await lane.next_video() for _ in range(min(amount, len(lane._video)))]
    return [int.from_bytes(one.data[:2], "big") for one in found if one]


async def _play(steps: list[tuple[str, int]]) -> None:
    fan_out, lanes = FanOut(LIMITS), [Lane(LIMITS)]
    fan_out.join(lanes[0])
    given: list[list[int]] = [[]]
    number = 0
    for step, amount in steps:
        if step == "frame":
            fan_out.publish(EncodedFrame("video", number.to_bytes(2, "big") * amount, number * 3600, number % GOP == 0))
            number += 1
        elif step == "gap":
            fan_out.gap()
        elif step == "join" and len(lanes) < 4:
            lanes.append(Lane(LIMITS))
            given.append([])
            fan_out.join(lanes[-1])
        elif step == "take":
            for lane, numbers in zip(lanes, given, strict=True):
                numbers.extend(await _taken(lane, amount))
        assert all(len(lane._video) <= LIMITS.queue_frames for lane in lanes)
        assert all(lane._bytes == sum(len(one.data) for one in lane._video) for lane in lanes)
        assert all(lane._bytes <= LIMITS.queue_bytes for lane in lanes)
    for numbers in given:
        for before, after in zip([-1, *numbers], numbers, strict=False):
            assert after == before + 1 or (after > before and after % GOP == 0)


@given(st.lists(st.tuples(st.floats(0.01, 2), st.sampled_from(["ask", "answered"])), max_size=50))
def test_requests_are_at_least_an_interval_apart_and_none_is_forgotten(steps: list[tuple[float, str]]) -> None:
    requests, now_s, sent = KeyframeRequests(1.0), 0.0, []
    for wait_s, step in steps:
        now_s += wait_s
        if step == "ask":
            requests.ask()
            assert requests.due_in_s(now_s) is not None
        else:
            requests.answered()
            assert requests.due_in_s(now_s) is None
        if requests.due_in_s(now_s) == 0:
            requests.sent(now_s)
            sent.append(now_s)
            assert requests.due_in_s(now_s) is None
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(sent))


async def test_a_lane_of_keyframes_only_goes_on_with_everything_from_the_next_keyframe() -> None:
    lane = Lane(LIMITS)
    for number in range(3):
        lane.put(frame(number))
    lane.keyframes_only = True
    for number in range(3, 12):
        lane.put(frame(number))
    lane.keyframes_only = False
    for number in range(12, 17):
        lane.put(frame(number))
    assert [one.data[0] for one in await waiting(lane)] == [0, 1, 2, 5, 10, 15, 16]
