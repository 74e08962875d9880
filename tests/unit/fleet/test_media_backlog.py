"""What waits to be decoded: what goes together, and what is dropped."""

from fleet.media.backlog import Backlog
from fleet.media.decoder.wire import MOST_BYTES, MOST_SOUNDS
from fleet.media.frames import EncodedFrame


def picture(pts: int, *, is_keyframe: bool = False, size: int = 100) -> EncodedFrame:
    return EncodedFrame("video", bytes(size), pts, is_keyframe)


def sound(pts: int) -> EncodedFrame:
    return EncodedFrame("audio", bytes(10), pts, is_keyframe=True)


def taken(backlog: Backlog) -> list[int]:
    """The times of all that waits, in the order it is taken."""
    times: list[int] = []
    while part := backlog.take():
        times += [frame.pts for frame in part]
    return times


def test_a_picture_goes_with_the_sounds_before_it() -> None:
    backlog = Backlog()
    for frame in (sound(1), sound(2), picture(3, is_keyframe=True), sound(4)):
        backlog.put(frame)
    assert [frame.pts for frame in backlog.take()] == [1, 2, 3]
    assert not backlog.is_ready


def test_sounds_without_pictures_go_ten_at_a_time_and_never_more_than_a_task_may_have() -> None:
    backlog = Backlog()
    for number in range(9):
        backlog.put(sound(number))
    ready = [backlog.is_ready]
    for number in range(9, 2 * MOST_SOUNDS):
        backlog.put(sound(number))
    assert [*ready, backlog.is_ready] == [False, True]
    assert len(backlog.take()) == MOST_SOUNDS


def test_what_is_too_much_is_dropped_up_to_the_next_keyframe() -> None:
    backlog = Backlog()
    backlog.put(picture(0, is_keyframe=True))
    for number in range(1, 500):
        backlog.put(picture(number))
    assert backlog.pictures == 300
    backlog.put(picture(500, is_keyframe=True))
    backlog.put(picture(501))
    assert taken(backlog) == [500, 501]


def test_a_keyframe_that_finds_few_waiting_drops_none() -> None:
    backlog = Backlog()
    for number in range(20):
        backlog.put(picture(number, is_keyframe=number % 10 == 0))
    assert taken(backlog) == list(range(20))


def test_bytes_are_bounded_as_well_and_counted_down_again() -> None:
    backlog = Backlog()
    for number in range(20):
        backlog.put(picture(number, size=MOST_BYTES["video"]))
    assert backlog.pictures == 8
    assert len(taken(backlog)) == 8
    backlog.put(picture(20, is_keyframe=True, size=MOST_BYTES["video"]))
    assert taken(backlog) == [20]


def test_a_picture_that_is_too_large_ends_its_group() -> None:
    backlog = Backlog()
    backlog.put(picture(0, is_keyframe=True, size=MOST_BYTES["video"] + 1))
    backlog.put(picture(1))
    backlog.put(sound(2))
    backlog.put(picture(3, is_keyframe=True))
    assert taken(backlog) == [2, 3]


def test_beginning_anew_waits_for_a_keyframe() -> None:
    backlog = Backlog()
    backlog.put(picture(0, is_keyframe=True))
    backlog.begin_anew()
    backlog.put(picture(1))
    assert not backlog.is_ready
    backlog.put(picture(2, is_keyframe=True))
    assert taken(backlog) == [2]
