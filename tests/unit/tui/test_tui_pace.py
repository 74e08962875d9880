"""What a terminal has answered, and what pictures are made of that: by a clock that the test moves."""

import re

import pytest

from tui.check_lines import pace_lines
from tui.pace import ASK_FROM_CHARS, ECHO_CHARS, LOST_AFTER_S, MUTE_AFTER_S, PAINTED_WITHIN_S, Pace
from tui.picture_cost import BEST, FIRST, MODEST, PICTURE_S, PictureCost

QUESTION = re.compile(r"\x1b\[(\d+);(\d+)H\x1b\[6n")
PICTURE = "▀" * ASK_FROM_CHARS


class Terminal:
    """Answers what it was asked when a test lets it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.asked: list[tuple[int, int]] = []
        self.pace = Pace(lambda: self.now_s)
        self.pace.connect(self.write)

    def write(self, text: str) -> None:
        written = self.pace.painted(text)
        self.asked += [(int(row), int(column)) for row, column in QUESTION.findall(written)]

    def answer(self, count: int = 1) -> None:
        for _ in range(count):
            self.pace.answered(*self.asked.pop(0), self.now_s)

    def take_picture(self, on_line_s: float) -> None:
        """A picture is painted, and through the line after `on_line_s`."""
        self.pace.begin(is_fair=True)
        self.answer()
        self.write(PICTURE)
        self.now_s += on_line_s
        self.answer()


@pytest.fixture
def terminal() -> Terminal:
    terminal = Terminal()
    terminal.pace.watch()
    terminal.answer()
    return terminal


def words(pace: Pace) -> str:
    return " ".join("".join(span.text for span in line).strip() for line in pace_lines(pace, 28))


def test_a_terminal_that_has_not_answered_is_asked_only_while_a_check_is_watched() -> None:
    terminal = Terminal()
    terminal.write(PICTURE)
    assert terminal.asked == []
    terminal.pace.watch()
    terminal.pace.leave()
    terminal.write(PICTURE)
    assert len(terminal.asked) == 1


def test_without_a_terminal_everything_is_taken_at_once() -> None:
    pace = Pace()
    pace.watch()
    pace.begin(is_fair=True)
    assert (pace.takes_more(), pace.is_behind, pace.is_slow, pace.quality) == (True, False, False, BEST)


def test_the_next_picture_waits_until_the_last_is_painted_and_through_the_line(terminal: Terminal) -> None:
    terminal.pace.begin(is_fair=True)
    terminal.answer()
    assert not terminal.pace.takes_more(), "it is not painted yet"
    terminal.write(PICTURE)
    assert not terminal.pace.takes_more()
    terminal.write("a key's echo")
    terminal.answer()
    assert terminal.pace.takes_more()


def test_a_picture_that_is_not_painted_is_not_waited_for_longer_than_said(terminal: Terminal) -> None:
    terminal.pace.begin(is_fair=True)
    terminal.answer()
    terminal.now_s += PAINTED_WITHIN_S
    assert terminal.pace.takes_more()


def test_an_answer_speaks_for_those_that_were_lost_before_it(terminal: Terminal) -> None:
    terminal.pace.begin(is_fair=True)
    terminal.write(PICTURE)
    terminal.asked.pop(0)
    terminal.answer()
    assert terminal.pace.takes_more()


@pytest.mark.parametrize(("row", "column"), [(1, 2), (24, 80), (2, 60), (2, 1)])
def test_what_was_not_asked_is_no_answer(terminal: Terminal, row: int, column: int) -> None:
    terminal.write(PICTURE)
    terminal.pace.answered(row, column, terminal.now_s)
    assert terminal.pace.is_behind


def test_only_so_many_questions_are_open(terminal: Terminal) -> None:
    for _ in range(100):
        terminal.write(PICTURE)
    assert len(terminal.asked) == len(set(terminal.asked)) == 8


def test_behind_a_paint_there_is_room_for_an_echo_only_until_it_is_through(terminal: Terminal) -> None:
    assert terminal.pace.room_chars() is None
    terminal.write(PICTURE)
    assert terminal.pace.room_chars() == ECHO_CHARS
    terminal.write("x" * 100)
    assert terminal.pace.room_chars() == ECHO_CHARS - 100
    terminal.answer()
    assert terminal.pace.room_chars() is None


def test_the_question_before_a_picture_does_not_hold_it_back(terminal: Terminal) -> None:
    terminal.pace.begin(is_fair=True)
    assert (terminal.pace.is_behind, terminal.pace.room_chars()) == (True, None)


def test_a_paint_whose_answer_is_lost_holds_back_no_longer_than_said(terminal: Terminal) -> None:
    terminal.write(PICTURE)
    terminal.now_s += LOST_AFTER_S
    assert terminal.pace.room_chars() is None


def test_whether_a_terminal_answers_is_known_from_the_greeting() -> None:
    silent, quick = Terminal(), Terminal()
    for terminal in (silent, quick):
        terminal.pace.greet()
        assert not terminal.pace.is_pacing
    quick.pace.answered(2, 10, quick.now_s)
    for terminal in (silent, quick):
        terminal.now_s += MUTE_AFTER_S
        terminal.pace.watch()
    assert (silent.pace.is_mute, quick.pace.is_mute) == (True, False)
    assert silent.pace.room_chars() is None


def test_a_terminal_that_never_answers_gets_a_modest_rate_until_it_does() -> None:
    terminal = Terminal()
    terminal.pace.watch()
    assert not terminal.pace.takes_more()
    terminal.now_s += MUTE_AFTER_S
    assert terminal.pace.takes_more()
    assert (terminal.pace.is_mute, terminal.pace.quality) == (True, MODEST)
    assert words(terminal.pace) == "the terminal is mute: 1 picture/s, small"
    terminal.pace.begin(is_fair=True)
    terminal.write(PICTURE)
    assert not terminal.pace.takes_more()
    terminal.now_s += 1.0
    assert terminal.pace.takes_more()
    terminal.answer(3)
    assert (terminal.pace.is_mute, terminal.pace.quality, terminal.pace.is_slow) == (False, FIRST, False)


def test_an_answer_that_is_lost_is_given_up(terminal: Terminal) -> None:
    terminal.pace.begin(is_fair=True)
    terminal.write(PICTURE)
    terminal.now_s += LOST_AFTER_S - 0.1
    assert not terminal.pace.takes_more()
    terminal.now_s += 0.1
    assert terminal.pace.takes_more()
    assert not terminal.pace.is_mute
    assert words(terminal.pace) == "slow line: 1 picture in 2 s, small"


def test_a_quick_line_has_all_from_the_second_picture(terminal: Terminal) -> None:
    assert terminal.pace.quality == FIRST
    terminal.take_picture(0.01)
    assert terminal.pace.quality == BEST
    assert words(terminal.pace) == ""


def test_a_line_that_becomes_slow_gets_less_and_one_held_up_picture_changes_nothing(terminal: Terminal) -> None:
    for _ in range(3):
        terminal.take_picture(0.01)
    terminal.take_picture(4.0)
    assert terminal.pace.quality == BEST
    terminal.take_picture(4.0)
    assert terminal.pace.quality.side < BEST.side
    assert words(terminal.pace) == "slow line: 1 picture/s, small"


@pytest.mark.parametrize("whole_s", [0.01, 0.2, 1.0, 3.0, 7.0, 40.0])
def test_the_quality_settles_where_a_picture_is_not_long_on_the_line(whole_s: float) -> None:
    cost = PictureCost()
    settled = []
    for _ in range(20):
        on_line_s = whole_s * cost.quality.side**2
        cost.took(on_line_s, on_line_s)
        settled.append(cost.quality)
    assert len(set(settled[6:])) == 1
    assert whole_s * cost.quality.side**2 <= PICTURE_S


def test_a_line_that_is_only_far_gets_fewer_pictures_and_no_smaller_ones() -> None:
    cost = PictureCost()
    for _ in range(4):
        cost.took(0.01, 1.1)
    assert cost.quality == (1.0, 1.0)
