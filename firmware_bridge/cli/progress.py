"""A bar that shows how far a long transfer has come, with its rate and the time that is left."""

import os
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from firmware_bridge.progress import Progress
from protocols.words import duration

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "█"
_CELLS, _FEWEST_CELLS = 30, 4
_COLUMNS = 80
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
        is_first = self._last is None or not self._last.done_bytes  # what a device holds already took no time now
        if self._begun is None or is_first or progress.done_bytes < self._begun[1]:
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
        return progress_line(self._what, progress, rate, columns=self._columns() if self._redraws else None)

    def _columns(self) -> int:
        """Those that the terminal has now; one that does not tell has 80."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def share(progress: Progress) -> float:
    """How much of the whole is done, 0 … 1; 1 of nothing."""
    return min(1.0, progress.done_bytes / progress.total_bytes) if progress.total_bytes else 1.0


def progress_line(what: str, progress: Progress, bytes_per_s: float, *, columns: int | None) -> str:
    """`what`, percent, KiB of KiB, KiB/s and the time left. For a terminal of so many `columns` a bar too where it has
    room, padded for the line before and one column shorter than the terminal, so that it stays in place; `what` is
    shortened for that. None: no terminal."""
    done, total = progress.done_bytes / _KIB, progress.total_bytes / _KIB
    left = (progress.total_bytes - progress.done_bytes) / bytes_per_s if bytes_per_s > 0 else None
    ending = f"{bytes_per_s / _KIB:.1f} KiB/s  {'' if left is None else duration(left) + ' left'}".rstrip()
    text = f"{share(progress):4.0%}  {done:.1f} of {total:.1f} KiB  {ending}"
    if columns is None:
        return f"{what} {text}"
    room = max(0, columns - 1 - len(text))
    if len(what) >= room:
        what = what[: max(0, room - 2)] + "…"
    cells = min(_CELLS, room - len(what) - 2)
    bar = f"{_bar(share(progress), cells)} " if cells >= _FEWEST_CELLS else ""
    return f"{what} {bar}{text}"[: columns - 1].ljust(columns - 1)


def _bar(part: float, cells: int) -> str:
    eighths = round(part * cells * 8)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).ljust(cells)[:cells]
