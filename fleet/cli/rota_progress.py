"""How far a search is, in one line at a terminal; and ending it from there."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_at_ctrl_c() -> Iterator[asyncio.Event]:
    """What the first Ctrl-C sets; the second interrupts."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def first() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, first)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def show_progress(seconds: float, best: float | None, bound: float | None) -> None:
    """Say it in the place of what was said before; nothing where standard error is no terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{progress_words(seconds, best, bound)}\x1b[K")
        sys.stderr.flush()


def end_progress() -> None:
    """Leave the line empty for what comes next."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def progress_words(seconds: float, best: float | None, bound: float | None) -> str:
    """Seconds, what the best so far costs, below what nothing can cost, and by how much they differ."""
    if best is None:
        return f"{seconds:.0f} s, looking for a first one; Ctrl-C stops"
    if bound is None:
        return f"{seconds:.0f} s, best {best:g}; Ctrl-C keeps it"
    gap = 100 * max(0.0, best - bound) / best if best > 0 else 0.0
    return f"{seconds:.0f} s, best {best:g}, bound {bound:g}, gap {gap:.1f} %; Ctrl-C keeps the best"
