"""The PIN of a token: where it may be read from, and that nothing shows it."""

import os
import traceback
from pathlib import Path

import pytest

from hardware_keys import PinUnusable
from hardware_keys.pin import MAX_PIN_BYTES, Pin, read_pin

SECRET = "8263-never-shown"


def pin_file(tmp_path: Path, content: bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "pin"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"4321", b"4321\n", b"4321\r\n"])
def test_the_pin_is_the_line(tmp_path: Path, content: bytes) -> None:
    assert read_pin(pin_file(tmp_path, content)).reveal() == "4321"


def test_the_longest_pin_is_read(tmp_path: Path) -> None:
    assert read_pin(pin_file(tmp_path, b"x" * MAX_PIN_BYTES + b"\r\n")).reveal() == "x" * MAX_PIN_BYTES


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"43\n21\n", b"4321\n\n", b"4321\x00", b"\xff\xfe" + SECRET.encode(), b"x" * (MAX_PIN_BYTES + 1)],
)
def test_what_is_no_pin_is_refused_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PinUnusable) as refused:
        read_pin(pin_file(tmp_path, content))
    told = "".join(traceback.format_exception(refused.value))
    assert "write the token's PIN there" in told
    assert SECRET not in told


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_pin_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PinUnusable, match="chmod 600"):
        read_pin(pin_file(tmp_path, b"4321", mode))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(PinUnusable, match="No such file"):
        read_pin(tmp_path / "missing")
    with pytest.raises(PinUnusable, match="is not a file"):
        read_pin(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(PinUnusable, match="is not a file"):
        read_pin(tmp_path / "pipe")


def test_a_pin_is_not_shown() -> None:
    assert SECRET not in repr(Pin(SECRET)) + str(Pin(SECRET)) + f"{Pin(SECRET)!r}"
    assert Pin(SECRET) == Pin(SECRET) != Pin("other")


def test_a_traceback_that_shows_local_values_does_not_show_a_pin() -> None:
    def fail(pin: Pin) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError) as failed:
        fail(Pin(SECRET))
    told = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "Pin(…)" in "".join(told.format())
    assert SECRET not in "".join(told.format())
