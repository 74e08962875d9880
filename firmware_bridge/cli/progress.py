"""A bar that shows how far a long transfer has come, with its rate and the time that is left."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from firmware_bridge.progress import Progress
from protocols.words import duration

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "█"
_CELLS = 30
_EVERY_S = 0.2
_STEP_PERCENT = 10
_KIB = 1024


class ProgressBar:
    """Shows progress on `stream` (standard error): one line that is drawn anew on a terminal, else a line for every
    tenth. Used as a context; `tell` is what uploads call."""

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._redraws = self._stream.isatty()
        self._begun: tuple[float, int] | None = None
        self._drawn_at = float("-inf")
        self._step = -1
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        """Nothing is shown before the first progress."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the cursor on a line of its own, the last progress shown."""
        if self._redraws and self._last is not None:
            self._write("\r" + self._line(self._last) + "\n")

    def tell(self, progress: Progress) -> None:
        """Show that `progress` was made; at most five times a second."""
        now = time.monotonic()
        if self._begun is None or progress.done_bytes < self._begun[1]:
            self._begun = (now, progress.done_bytes)
        self._last = progress
        if self._redraws:
            if now - self._drawn_at >= _EVERY_S:
                self._drawn_at = now
                self._write("\r" + self._line(progress))
            return
        step = int(share(progress) * 100) // _STEP_PERCENT
        if step != self._step:
            self._step = step
            self._write(self._line(progress) + "\n")

    def _line(self, progress: Progress) -> str:
        since, first = self._begun or (time.monotonic(), 0)
        took_s = time.monotonic() - since
        rate = (progress.done_bytes - first) / took_s if took_s > 0 else 0.0
        return progress_line(self._what, progress, rate, fine=self._redraws)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def share(progress: Progress) -> float:
    """How much of the whole is done, 0 … 1; 1 of nothing."""
    return min(1.0, progress.done_bytes / progress.total_bytes) if progress.total_bytes else 1.0


def progress_line(what: str, progress: Progress, bytes_per_s: float, *, fine: bool) -> str:
    """`what`, a bar where it is drawn `fine`, KiB of KiB, KiB/s and the time left, padded for the line before."""
    done, total = progress.done_bytes / _KIB, progress.total_bytes / _KIB
    left = (progress.total_bytes - progress.done_bytes) / bytes_per_s if bytes_per_s > 0 else None
    ending = f"{bytes_per_s / _KIB:.1f} KiB/s  {'' if left is None else duration(left) + ' left'}".rstrip()
    text = f"{share(progress):4.0%}  {done:.1f} of {total:.1f} KiB  {ending}"
    return f"{what} {_bar(share(progress))} {text}".ljust(100) if fine else f"{what} {text}"


def _bar(part: float) -> str:
    eighths = round(part * _CELLS * 8)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).ljust(_CELLS)[:_CELLS]
