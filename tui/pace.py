"""Painting no faster than the terminal takes it, whatever lies between.

A terminal answers in the order in which it is written to. So a question goes before a picture and one behind it: the
second answer says that the picture is through the line, and only then more is written. What becomes old meanwhile is
never written.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from tui.picture_cost import BEST, MODEST, PictureCost, Quality

ASK_FROM_CHARS = 256
"""What is shorter, as the echo of a key, is not asked after."""
MUTE_AFTER_S = 3.0
LOST_AFTER_S = 20.0
PAINTED_WITHIN_S = 2.0
ECHO_CHARS = 600
"""So much is written at once even while an answer is waited for: a key's echo, a line of news."""
_ROW, _FIRST_COLUMN, _AT_ONCE = 2, 2, 8
GREETING = f"\x1b7\x1b[{_ROW};{_FIRST_COLUMN + _AT_ONCE}H\x1b[6n\x1b8"
"""Whether the terminal answers at all is known before anything depends on it."""
_LOOK_AGAIN_S = 0.25
_EARLY = 0.8
"""Pictures come from the controller at the same rate: a little early is on time."""


class Pace:
    """What one terminal was asked and has answered; times are seconds of `clock`.

    A terminal that has never answered is mute after MUTE_AFTER_S, and gets pictures of the quality MODEST. An answer of
    any other terminal is lost after LOST_AFTER_S. Until it is connected to a terminal, it takes everything at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.is_mute = False
        self._clock = clock
        self._cost = PictureCost()
        self._write: Callable[[str], None] | None = None
        self._watching = 0
        self._asked = 0
        self._answered = 0
        self._last_paint = 0
        self._echo_left = 0
        self._behind_since_s = 0.0
        self._greeted_s: float | None = None
        self._has_answered = False
        self._begun_s: float | None = None
        self._painted_s = 0.0
        self._due_s = 0.0
        self._before = 0
        self._before_s = 0.0
        self._is_unpainted = False
        self._is_fair = True
        self._heard = asyncio.Event()

    def connect(self, write: Callable[[str], None]) -> None:
        """From now on there is a terminal: `write` writes to it."""
        self._write = write

    def greet(self) -> None:
        """Ask for the first time, before anything is painted."""
        if self._write is not None:
            self._greeted_s = self._clock()
            self._write(GREETING)

    @property
    def quality(self) -> Quality:
        """What the next picture should be like."""
        return BEST if self._write is None else MODEST if self.is_mute else self._cost.quality

    @property
    def is_slow(self) -> bool:
        """Whether the terminal is known to bear less than BEST."""
        return self._write is not None and (self.is_mute or (self._cost.is_known and self._cost.quality != BEST))

    @property
    def is_behind(self) -> bool:
        """Whether an answer is still to come."""
        return self._answered < self._asked

    @property
    def is_pacing(self) -> bool:
        """Whether it can be known how much is written: pictures are shown, or the terminal has answered."""
        return self._write is not None and (self._watching > 0 or self._has_answered)

    def room_chars(self) -> int | None:
        """How much may be written now, by one call of `painted` that tells how much was; None is without limit."""
        if self._answered >= self._last_paint:
            return None
        if self._is_overdue:
            self._give_up()
        return None if self.is_mute or self._answered >= self._last_paint else max(0, self._echo_left)

    def watch(self) -> None:
        """Pictures are shown from now on, until `leave`: ask after whatever is painted."""
        self._watching += 1
        if not self._has_answered and self._greeted_s is not None:
            self.is_mute = self._clock() - self._greeted_s >= MUTE_AFTER_S
        self._ask()

    def leave(self) -> None:
        """No more pictures."""
        self._watching -= 1

    def begin(self, *, is_fair: bool) -> None:
        """The next thing painted is a picture; to be called when `free` has come back. It tells what pictures cost if
        it `is_fair`: if nothing is painted around it that another one would not need."""
        now_s = self._clock()
        self._due_s = now_s + _EARLY / self.quality.frames_per_s
        if self._write is not None:
            self._begun_s = now_s
            self._is_unpainted = True
            self._is_fair = is_fair
            self._before = self._asked + 1
            self._ask()

    def painted(self, text: str) -> str:
        """What to write in place of `text`: itself, and a question where one has to follow."""
        if not self.is_pacing:
            return text
        self._echo_left = self._echo_left - len(text) if self._answered < self._last_paint else ECHO_CHARS
        if len(text) < ASK_FROM_CHARS:
            return text
        if self._is_unpainted:
            self._is_unpainted = False
            self._painted_s = self._clock()
        question = self._question()
        self._last_paint = self._asked
        return text + question

    def answered(self, row: int, column: int, at_s: float) -> None:
        """The terminal told at `at_s` where its cursor was, counted from 1."""
        if row != _ROW:
            return
        self._has_answered, self.is_mute = True, False
        waiting = range(self._answered + 1, self._asked + 1)
        number = next((number for number in waiting if _column(number) == column), None)
        if number is None:
            return
        if self._answered < self._before <= number:
            self._before_s = at_s
        self._answered, self._behind_since_s = number, at_s
        if self._begun_s is not None and not self._is_unpainted and not self.is_behind:
            self._begun_s = None
            if self._is_fair:
                self._cost.took(at_s - max(self._before_s, self._painted_s), at_s - self._painted_s)
        self._heard.set()

    def takes_more(self) -> bool:
        """Whether all that was painted is through the line; an answer that is due for too long is given up."""
        if self._is_unpainted and self._begun_s is not None and self._clock() - self._begun_s < PAINTED_WITHIN_S:
            return False
        self._is_unpainted = False
        if self.is_behind and not self._is_overdue:
            return False
        if self.is_behind:
            self._give_up()
        return True

    async def free(self) -> None:
        """Wait until the terminal has taken what was painted, and the next picture is due."""
        while not self.takes_more():
            self._heard.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._heard.wait()
        if self._write is not None:
            await asyncio.sleep(max(0.0, self._due_s - self._clock()))

    @property
    def _is_overdue(self) -> bool:
        return self.is_behind and self._clock() - self._behind_since_s >= self._limit_s

    @property
    def _limit_s(self) -> float:
        if self._has_answered:
            return LOST_AFTER_S
        return 1 / MODEST.frames_per_s if self.is_mute else MUTE_AFTER_S

    def _give_up(self) -> None:
        self._answered = self._asked
        self._begun_s = None
        if self._has_answered:
            self._cost.took(LOST_AFTER_S, LOST_AFTER_S)
        else:
            self.is_mute = True

    def _ask(self) -> None:
        if self._write is not None:
            self._write(self._question())

    def _question(self) -> str:
        """Where is the cursor? It is put where only this question puts it (DECSC, CUP, CPR, DECRC)."""
        if self._asked - self._answered >= _AT_ONCE:
            return ""
        if not self.is_behind:
            self._behind_since_s = self._clock()
        self._asked += 1
        return f"\x1b7\x1b[{_ROW};{_column(self._asked)}H\x1b[6n\x1b8"


def _column(number: int) -> int:
    return _FIRST_COLUMN + number % _AT_ONCE
