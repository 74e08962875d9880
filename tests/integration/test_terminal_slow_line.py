"""A check watched over a thin line, on a real pty: the picture is never old, and keys never wait behind many."""

from collections.abc import Iterator

import pytest

from tests.support.slow_line import NUMBERS, SlowLine, console_on_a_line

SLOW_BYTES_PER_S = 4000
TWO_PAINTS_BYTES = 20_000
"""What is on the line when a key is pressed, and what shows its effect: of each at most a screen."""
_MEANWHILE = 2
"""Pictures that the console may have been handed, and not yet looked at, when an answer comes."""


@pytest.fixture
def line() -> Iterator[SlowLine]:
    with console_on_a_line() as line:
        yield line


def how_old(line: SlowLine) -> list[int]:
    """Of each picture but the first: how many had been made after it when the one before it had arrived."""
    half = NUMBERS // 2
    return [(seen.made_before - seen.number + half) % NUMBERS - half for seen in line.seen[1:]]


def test_on_a_slow_line_each_picture_is_the_newest_and_small(line: SlowLine) -> None:
    line.bytes_per_s = SLOW_BYTES_PER_S
    line.press("y")
    line.until(lambda: line.shows("slow line:"))
    line.until(lambda: len(line.seen) >= 8)
    assert max(how_old(line)) <= _MEANWHILE
    assert line.made > 2 * len(line.seen), "what is not shown is dropped"
    assert max(seen.byte_count for seen in line.seen[2:]) <= 2 * SLOW_BYTES_PER_S
    assert any(told.startswith("wished") for told in line.told), "what is not shown need not be sent"


def test_a_key_is_answered_behind_at_most_one_picture(line: SlowLine) -> None:
    line.bytes_per_s = SLOW_BYTES_PER_S
    line.press("y")
    line.until(lambda: len(line.seen) >= 4)
    line.answers = False
    shown = len(line.seen)
    made = line.made
    line.until(lambda: line.made > made + 10)
    line.press("z")
    line.until(lambda: line.shows("times are in UTC"))
    assert len(line.seen) <= shown + 1


def test_a_check_is_closed_within_one_picture(line: SlowLine) -> None:
    line.bytes_per_s = SLOW_BYTES_PER_S
    line.press("y")
    line.until(lambda: len(line.seen) >= 4)
    shown = len(line.seen)
    line.press("\x1b")
    line.until(lambda: any(told.startswith("closed") for told in line.told))
    line.until(lambda: line.shows("ACCESS"))
    assert len(line.seen) <= shown + 1


def test_a_quick_terminal_gets_all(line: SlowLine) -> None:
    line.press("y")
    line.until(lambda: "wished 50 5.0" in line.told)
    line.until(lambda: len(line.seen) >= 12)
    assert max(how_old(line)) <= _MEANWHILE
    assert not line.shows("slow line:")
    line.press("\x1b")
    line.until(lambda: any(told.startswith("closed") for told in line.told))


def test_a_terminal_that_never_answers_gets_few_and_small_ones_and_no_traceback() -> None:
    with console_on_a_line(answers=False) as line:
        assert not line.has_fault
        line.press("y")
        line.until(lambda: line.shows("terminal is mute"))
        begun, made = len(line.seen), line.made
        line.until(lambda: len(line.seen) >= begun + 3)
        assert line.made >= made + 2 * (len(line.seen) - begun)
        line.answers = True
        line.until(lambda: "wished 50 5.0" in line.told)


def test_the_effect_of_a_key_waits_behind_at_most_a_screen(line: SlowLine) -> None:
    line.bytes_per_s = SLOW_BYTES_PER_S
    behind = {"begin": line.press_until("y", "viewers")}
    line.until(lambda: len(line.seen) >= 4)
    behind["keys"] = line.press_until("?", "joining queue")
    line.press("\x1b")
    shown = len(line.seen)
    line.until(lambda: len(line.seen) >= shown + 3)
    behind["fail"] = line.press_until("f", "What is wrong")
    line.press("\x1b")
    shown = len(line.seen)
    line.until(lambda: len(line.seen) >= shown + 3)
    behind["pass"] = line.press_until("\r", "CLOSED")
    assert any(told.startswith("closed") for told in line.told)
    behind["leave"] = line.press_until("\x1b", "ACCESS")
    assert max(behind.values()) <= TWO_PAINTS_BYTES, behind
