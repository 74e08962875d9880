"""Shows damaged frames to every parser of the serial side; counts what it should not have raised, took too long over,
or kept in memory.

    make fuzz-frames ARGS="--frames 1000000 --seed 5 --parser mcuboot"

The last line is JSON. Every fiftieth frame is a good one, which has to be taken, so that a parser that refuses
everything does not pass. Exit code 1 says that something was found, and standard error what.
"""

import argparse
import faulthandler
import gc
import json
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tests.fuzz.frames_parsers import Parser, parsers

PROCESSES = 2
GOOD_EVERY = 50
PORTION = 20_000
WARM_UP = 0.2
"""Share of the frames after which memory is looked at for the first time."""

SLOWEST_S = 1.0
MOST_GROWTH_KIB = 4096
MOST_BLOCKS_A_FRAME = 0.02
HANG_S = 120.0
SHOWN = 5
_PAGE_KIB = 4


@dataclass
class Found:
    """What became of one parser. `raised` are frames over which it raised what it should not have, `missed` good ones
    that it did not take; `blocks` is the growth of allocated blocks since the warm-up."""

    parser: str
    frames: int = 0
    taken: int = 0
    raised: int = 0
    missed: int = 0
    slowest_ms: float = 0.0
    growth_kib: int = 0
    blocks: int = 0
    shown: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        grew = self.growth_kib > MOST_GROWTH_KIB or self.blocks > 2000 + MOST_BLOCKS_A_FRAME * self.frames
        return not (self.raised or self.missed or grew) and self.slowest_ms <= SLOWEST_S * 1000


def attack(name: str, count: int, seed: int, tell: Callable[[str], None]) -> Found:
    """Show `count` frames to the parser `name`."""
    parser, drawn, found = parsers()[name](), Random(f"{seed} {name}"), Found(name)
    for content in parser.good:
        _show(parser, content, Found(name))  # which loads what is loaded when it is first needed
    began, before = time.monotonic(), (0, 0)
    for number in range(count):
        if number % PORTION == 0:
            tell(f"{name}: {number} of {count} frames, {time.monotonic() - began:.0f} s")
        if number == int(count * WARM_UP):
            before = _memory()
        is_good = number % GOOD_EVERY == 0
        if is_good:
            parser.afresh()
        taken = _show(parser, drawn.choice(parser.good) if is_good else parser.frame(drawn), found)
        found.missed += is_good and not taken
    after = _memory()
    found.growth_kib, found.blocks = after[0] - before[0], after[1] - before[1]
    return found


def _watched(name: str, count: int, seed: int) -> Found:
    """As `attack`; a parser that hangs is shown where, and ended."""
    faulthandler.dump_traceback_later(HANG_S, exit=True)

    def tell(text: str) -> None:
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        _tell(text)

    try:
        return attack(name, count, seed, tell)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _show(parser: Parser, content: bytes, found: Found) -> bool:
    """Whether the parser took it."""
    found.frames += 1
    began = time.perf_counter()
    try:
        taken = parser.take(content)
    except Exception as error:  # noqa: BLE001 - what it should not raise is what is sought
        found.raised += 1
        _note(found, f"{error!r}\n{''.join(traceback.format_tb(error.__traceback__)[-2:])}", content)
        taken = False
    took_ms = (time.perf_counter() - began) * 1000
    found.slowest_ms = round(max(found.slowest_ms, took_ms), 3)
    found.taken += taken
    if took_ms > SLOWEST_S * 1000:
        _note(found, f"took {took_ms:.0f} ms", content)
    return taken


def _note(found: Found, what: str, content: bytes) -> None:
    if len(found.shown) < SHOWN:
        found.shown.append(f"{found.parser}, frame {found.frames}: {what} {content.hex()}")


def _memory() -> tuple[int, int]:
    """KiB that are resident, and blocks that are allocated."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE_KIB, sys.getallocatedblocks()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> int:
    """Run the campaign; the exit code."""
    words = argparse.ArgumentParser(description="Damaged frames before every parser of the serial side.")
    words.add_argument("--frames", type=int, default=1_000_000, help="for each parser")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--parser", choices=sorted(parsers()), help="only this one")
    wanted = words.parse_args()
    names = [wanted.parser] if wanted.parser else list(parsers())
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        work = [pool.submit(_watched, name, wanted.frames, wanted.seed) for name in names]
        results = [each.result() for each in work]
    for found in results:
        for shown in found.shown:
            _tell(shown)
    told = {each.parser: {k: v for k, v in asdict(each).items() if k not in {"parser", "shown"}} for each in results}
    sound = all(each.is_sound for each in results)
    sys.stdout.write(json.dumps({"seed": wanted.seed, "sound": sound, "parsers": told}) + "\n")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
