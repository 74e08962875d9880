"""What waits to be read: bounded, in order, with each gap told once in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import LineOverrun
from firmware_bridge.transport.incoming import Incoming


def test_up_to_the_limit_nothing_is_dropped() -> None:
    waiting = Incoming("port", 4)
    waiting.put(b"abcd")
    assert waiting.take() == b"abcd"
    assert waiting.take() == b""


def test_a_gap_is_told_once_between_before_and_after() -> None:
    waiting = Incoming("port", 4)
    waiting.put(b"abcdef")
    waiting.put(b"g")
    assert waiting.take() == b"abcd"
    waiting.put(b"h")
    with pytest.raises(LineOverrun, match="4 bytes were dropped"):
        waiting.take()
    waiting.put(b"i")
    assert waiting.take() == b"i"


def test_discarding_forgets_the_gap_too() -> None:
    waiting = Incoming("port", 1)
    waiting.put(b"ab")
    waiting.clear()
    assert waiting.take() == b""


@given(st.lists(st.one_of(st.binary(max_size=12), st.none())))
def test_what_is_taken_and_what_is_told_is_all_that_came(steps: list[bytes | None]) -> None:
    waiting, came, accounted = Incoming("port", 16), 0, 0
    for step in [*steps, None, None]:
        if step is not None:
            waiting.put(step)
            came += len(step)
            continue
        try:
            taken = waiting.take()
            assert len(taken) <= 16
            accounted += len(taken)
        except LineOverrun as gap:
            accounted += gap.dropped_bytes
    assert accounted == came
