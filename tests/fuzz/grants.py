"""Shows a unit damaged, stolen, late and forged grants, and lives with it at random; counts what opens and must not.

    make fuzz-grants ARGS="--documents 1000000 --steps 100000 --seed 5"

The last line is JSON: documents shown to the unit's judgement, steps of lives through its whole desk, and openings that
nobody allowed, which are none. Grants that are good are shown too and have to open, so that a unit that refuses
everything does not pass. Exit code 1 says that something was found, and standard error what.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from random import Random

import structlog

from tests.fuzz.grants_documents import GrantAttack, Tally, attack
from tests.fuzz.grants_lists import ListAttack
from tests.fuzz.grants_steps import Life

PROCESSES = 2
DOCUMENTS_AT_ONCE = 20_000
STEPS_AT_ONCE = 5_000
STEPS_OF_A_LIFE = 200
SHOWN_MAX = 5
MEMORY = Path("/dev/shm")


def quiet() -> None:
    """The unit tells every refusal in its log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def documents(seed: str, count: int) -> Tally:
    """Show so many."""
    return attack(GrantAttack(seed), ListAttack(seed), count)


def lives(seed: str, steps: int) -> Tally:
    """Live so many steps, in lives of 200; each begins with an empty directory."""
    tally, drawn = Tally(), Random(seed)
    for begun in range(0, steps, STEPS_OF_A_LIFE):
        with tempfile.TemporaryDirectory(prefix="muster-grants-", dir=MEMORY if MEMORY.is_dir() else None) as state_dir:
            life = Life(drawn, Path(state_dir), tally)
            asyncio.run(life.live(min(STEPS_OF_A_LIFE, steps - begun)))
    return tally


def _portions(whole: int, portion: int) -> Iterator[tuple[int, int]]:
    for number, begun in enumerate(range(0, whole, portion)):
        yield number, min(portion, whole - begun)


def _campaign(seed: str, wanted_documents: int, wanted_steps: int) -> tuple[Tally, Tally]:
    """What was found in documents, and in lives."""
    shown, lived, began = Tally(), Tally(), time.monotonic()
    context = get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=quiet) as pool:
        work: dict[Future[Tally], tuple[Tally, int]] = {}
        for number, steps in _portions(wanted_steps, STEPS_AT_ONCE):
            work[pool.submit(lives, f"{seed} lives {number}", steps)] = (lived, steps)
        for number, count in _portions(wanted_documents, DOCUMENTS_AT_ONCE):
            work[pool.submit(documents, f"{seed} documents {number}", count)] = (shown, 0)
        for done in as_completed(work):
            into, steps = work[done]
            result = done.result()
            _show_found(result)
            into.add(result)
            lived.documents += steps
            passed_s = time.monotonic() - began
            _tell(f"{passed_s:6.0f} s: {shown.documents} documents, {lived.documents} steps, "
                  f"{len(shown.illegal) + len(lived.illegal)} openings")  # fmt: skip
    return shown, lived


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _explain(name: str, tally: Tally) -> None:
    _tell(f"{name}: {tally.controls} good ones opened but for {len(tally.unopened)}; "
          f"{tally.rewrapped} opened that differed in wrapping only")  # fmt: skip
    _tell("  refused: " + ", ".join(f"{rule} {count}" for rule, count in sorted(tally.rules.items())))


def _show_found(tally: Tally) -> None:
    for line in tally.illegal[:SHOWN_MAX]:
        _tell(f"  OPENED {line[:6000]}")
    for line in tally.unopened[:SHOWN_MAX]:
        _tell(f"  NOT OPENED {line[:2000]}")


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="fuzz-grants")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", default="1")
    asked = parser.parse_args()
    os.nice(5)
    began = time.monotonic()
    shown, lived = _campaign(asked.seed, asked.documents, asked.steps)
    _explain("documents", shown)
    _explain("steps", lived)
    _tell(f"{time.monotonic() - began:.0f} s in {PROCESSES} processes, seed {asked.seed}")
    openings = len(shown.illegal) + len(lived.illegal)
    result = {"documents": shown.documents, "steps": lived.documents, "openings": openings}
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if openings or shown.unopened or lived.unopened else 0


if __name__ == "__main__":
    sys.exit(main())
