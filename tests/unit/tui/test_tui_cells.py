"""What a terminal is told so that it shows what was painted: never what was painted over."""

import pytest

from tui.cells import Cells

RED, BLUE = "38;2;255;0;0", "38;2;0;0;255"


def painted(row: int, column: int, *pieces: tuple[str, str]) -> str:
    """As Textual paints, its cursor's place at the end."""
    text = "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for style, text in pieces)
    return f"\x1b[{row};{column}H{text}\x1b[1;1H"


def test_what_was_painted_over_is_never_written() -> None:
    cells = Cells()
    for text in ("one", "two", "six"):
        assert cells.take(painted(2, 5, (RED, text)))
    assert cells.changes() == f"\x1b[2;5H\x1b[{RED}msix\x1b[0m"
    assert not cells.is_waiting


def test_only_what_is_other_than_what_is_shown_is_written_and_no_word_is_torn() -> None:
    cells = Cells()
    cells.take(painted(1, 1, (RED, "state: open "), (BLUE, "12 s")))
    cells.changes()
    cells.take(painted(1, 1, (RED, "state: open "), (BLUE, "13 s")))
    assert cells.changes() == f"\x1b[1;13H\x1b[{BLUE}m13 s\x1b[0m"


def test_the_same_text_in_another_style_is_a_change() -> None:
    cells = Cells()
    cells.take(painted(1, 1, (RED, "a")))
    cells.changes()
    cells.take(painted(1, 1, ("", "a")))
    assert cells.changes() == "\x1b[1;1Ha"


def test_rows_that_do_not_fit_wait_and_are_written_later_as_they_are_then() -> None:
    cells = Cells()
    cells.take(painted(1, 1, (RED, "x" * 500)))
    cells.take(painted(2, 1, ("", "echo")))
    assert cells.changes(100) == "\x1b[2;1Hecho"
    assert cells.is_waiting
    cells.take(painted(1, 1, (RED, "y" * 500)))
    assert "x" not in cells.changes()


def test_half_of_a_wide_character_does_not_stay() -> None:
    cells = Cells()
    cells.take(painted(1, 1, ("", "警告")))
    cells.changes()
    cells.take(painted(1, 2, ("", "ab")))
    assert cells.changes() == "\x1b[1;1H ab "


def test_a_mark_stays_with_the_letter_under_it() -> None:
    cells = Cells()
    cells.take(painted(1, 1, ("", "e\u0301a")))
    assert cells.changes() == "\x1b[1;1He\u0301a"


def test_what_is_forgotten_is_written_again_when_it_is_painted_again() -> None:
    cells = Cells()
    cells.take(painted(1, 1, ("", "a")))
    cells.changes()
    cells.forget()
    assert cells.changes() == ""
    cells.take(painted(1, 1, ("", "a")))
    assert cells.changes() == "\x1b[1;1Ha"


@pytest.mark.parametrize(
    "other", ["", "text", "\x1b[?25l", "\x1b[1;1H\x1bPq#0\x1b\\\x1b[1;1H", "\x1b[1;1H\x1b_Gi=1\x1b\\", "\x1b[1;1Ha\tb"]
)
def test_what_is_more_than_places_styles_and_text_is_not_taken(other: str) -> None:
    cells = Cells()
    assert not cells.take(other)
    assert not cells.is_waiting
