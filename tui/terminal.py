"""Waiting until the terminal has answered everything it was asked, before the screen is taken.

textual-image asks the terminal what it can draw, and waits a tenth of a second. Over a poor link the answer comes
later, and would be taken for keys. Terminals answer in order: so one more question is put, and once its answer is
there, every other one is.
"""

import os
import re
import select
import termios
import tty
from time import monotonic

FENCE = b"\x1b[5n"
"""DSR 5, "are you well?" (ECMA-48): asked by nobody else here."""
_ANSWER = re.compile(rb"\x1b\[0n")
LIMIT_S = 2.0
LEAVING_LIMIT_S = 10.0
"""Left amid a picture, the console waits for the end of it: its answers would be taken for commands by the shell."""


def await_answers(entrance: int, exit_: int, limit_s: float = LIMIT_S) -> bool:
    """Read and drop what the terminal still says; whether it answered within `limit_s`.

    `entrance` and `exit_` are the descriptors that it is read from and written to.
    What a person typed meanwhile is dropped too: it was not meant for a screen that they could not see.
    """
    before = termios.tcgetattr(entrance)
    try:
        tty.setcbreak(entrance)
        os.write(exit_, FENCE)
        return _read_to_fence(entrance, monotonic() + limit_s)
    finally:
        termios.tcsetattr(entrance, termios.TCSAFLUSH, before)


def _read_to_fence(entrance: int, until_s: float) -> bool:
    said = b""
    while (left_s := until_s - monotonic()) > 0:
        ready, _, _ = select.select([entrance], [], [], left_s)
        if ready:
            piece = os.read(entrance, 1024)
            said = (said + piece)[-1024:]
            if not piece or _ANSWER.search(said):
                return bool(piece)
    return False
