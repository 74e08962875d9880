"""The PIN of a token: read from a file that only its owner can read, never shown."""

import os
import stat
from pathlib import Path

from hardware_keys.errors import PinUnusable

MAX_PIN_BYTES = 256
_OTHERS = 0o077


class Pin:
    """A PIN. Its repr, and so a traceback that shows local values, does not tell it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hold `text`."""
        self._text = text

    def __repr__(self) -> str:
        return "Pin(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pin) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """The PIN itself, for the token and nobody else."""
        return self._text


def read_pin(path: Path) -> Pin:
    """The PIN in the file `path`: one line of UTF-8, at most 256 bytes, its line end left out.

    Raises PinUnusable, also when anyone but the owner may read the file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise PinUnusable(path, f"can not be read ({error.strerror}); write the token's PIN there, mode 600") from error
    try:
        # Judged on the open file, so that it can not be another one by the time it is read.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PinUnusable(path, "is not a file; write the token's PIN into a file, mode 600")
        if status.st_mode & _OTHERS:
            raise PinUnusable(path, "others can read it; run chmod 600 on it, and change the PIN if others saw it")
        content = os.read(descriptor, MAX_PIN_BYTES + 3)
    finally:
        os.close(descriptor)
    try:
        pin = Pin(content.decode().removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        # Not chained: the decoder's error quotes the bytes.
        raise PinUnusable(path, "is not text in UTF-8; write the token's PIN there and nothing else") from None
    if not 0 < len(pin.reveal().encode()) <= MAX_PIN_BYTES or not pin.reveal().isprintable():
        raise PinUnusable(path, f"does not hold one line of 1 to {MAX_PIN_BYTES} bytes; write the token's PIN there")
    return pin
