"""On a real pty: late answers of a terminal are not taken for keys."""

import os
import pty
import select
import termios
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tui.terminal import FENCE, await_answers


class Line(NamedTuple):
    """A pty: the terminal's side, and the program's."""

    far: int
    near: int


@pytest.fixture
def line() -> Iterator[Line]:
    far, near = pty.openpty()
    yield Line(far, near)
    os.close(near)
    os.close(far)


def answer(far: int, said: bytes) -> threading.Thread:
    def when_asked() -> None:
        asked = b""
        while FENCE not in asked:
            asked += os.read(far, 64)
        os.write(far, said)

    thread = threading.Thread(target=when_asked)
    thread.start()
    return thread


def test_an_answer_that_comes_late_is_dropped_with_the_fence(line: Line) -> None:
    thread = answer(line.far, b"\x1b[?62;4;22c" + b"\x1b[6;20;10t" + b"\x1b[0n")
    assert await_answers(line.near, line.near, 30.0)
    thread.join()
    assert select.select([line.near], [], [], 0)[0] == []


def test_a_terminal_that_never_answers_is_not_waited_for_longer_than_said(line: Line) -> None:
    assert not await_answers(line.near, line.near, 0.05)


def test_the_terminal_s_mode_is_as_before(line: Line) -> None:
    before = termios.tcgetattr(line.near)
    await_answers(line.near, line.near, 0.01)
    assert termios.tcgetattr(line.near) == before
