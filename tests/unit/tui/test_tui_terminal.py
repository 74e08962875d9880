"""On a real pty: late answers of a terminal are not taken for keys."""

import os
import pty
import select
import sys
import termios
import threading

import pytest

from tui import terminal


@pytest.fixture
def far_end(monkeypatch: pytest.MonkeyPatch) -> int:
    """The terminal's side of a pty that is this program's stdin and stdout."""
    far, near = pty.openpty()
    entrance, exit_ = os.fdopen(near, "rb", buffering=0), os.fdopen(os.dup(near), "wb", buffering=0)
    monkeypatch.setattr("sys.stdin", entrance)
    monkeypatch.setattr("sys.stdout", exit_)
    return far


def answer(far: int, said: bytes) -> threading.Thread:
    def when_asked() -> None:
        asked = b""
        while terminal.FENCE not in asked:
            asked += os.read(far, 64)
        os.write(far, said)

    thread = threading.Thread(target=when_asked)
    thread.start()
    return thread


def waiting_keys() -> bytes:
    entrance = sys.stdin.fileno()
    return os.read(entrance, 64) if select.select([entrance], [], [], 0)[0] else b""


def test_an_answer_that_comes_late_is_dropped_with_the_fence(far_end: int) -> None:
    thread = answer(far_end, b"\x1b[?62;4;22c" + b"\x1b[6;20;10t" + b"\x1b[0n")
    assert terminal.await_answers(30.0)
    thread.join()
    assert waiting_keys() == b""


def test_a_terminal_that_never_answers_is_not_waited_for_longer_than_said(far_end: int) -> None:
    assert not terminal.await_answers(0.05)


def test_the_terminal_s_mode_is_as_before(far_end: int) -> None:
    before = termios.tcgetattr(sys.stdin.fileno())
    terminal.await_answers(0.01)
    assert termios.tcgetattr(sys.stdin.fileno()) == before
