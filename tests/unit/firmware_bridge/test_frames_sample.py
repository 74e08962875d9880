"""A sample of `make fuzz-frames`: what damaged frames do to the parsers of the serial side, which is nothing."""

import pytest

from tests.fuzz.frames import attack
from tests.fuzz.frames_parsers import parsers


@pytest.mark.parametrize("name", list(parsers()))
def test_damaged_frames_are_taken_or_passed_over(name: str) -> None:
    found = attack(name, 2000, 9, lambda _text: None)
    assert (found.raised, found.missed, found.shown) == (0, 0, [])
    assert found.taken > 100
    assert found.blocks < 2000


def test_a_parser_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_content: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tests.fuzz.frames_parsers.read_image", fail)
    found = attack("mcuboot", 20, 9, lambda _text: None)
    assert (found.raised, found.missed, found.is_sound) == (20, 1, False)
    assert "ZeroDivisionError" in found.shown[0]
