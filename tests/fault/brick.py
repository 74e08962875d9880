"""`python -m tests.fault.brick [--sample N] [--seed S]`: firmware updates whose power or cable fails everywhere.

A simulated device is updated through the real path: serial line, SMP, the machine of an update. Power is cut at every
message and at every write and erasure of its flash, within them too, and the cable is pulled at every message: while an
image is sent, tried, confirmed, and taken back. Afterwards it is updated again. Images by a wrong key, damaged ones and
older ones are offered, and forced upon it. Every start is judged by the bytes in the flash.
One line of JSON at the end; exit code 1 when anything happened that must not.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_bridge.errors import BridgeError, ImageRefused
from firmware_bridge.simulation.faults import Faults
from tests.bench.lines import say, tell
from tests.fault.brick_bench import BACK_MS, NEW, STUCK_ONE, UNWELL_ONE, Bench, bench
from tests.unit.firmware_bridge.simulation_devices import WRONG_KEY, Sample

CLEAN = Faults(power_back_ms=BACK_MS, cable_back_ms=BACK_MS)
TORN = (0.0, 0.5, 1.0)
AT_ONCE = 6
CASE_LIMIT_S = 60.0
MUST_BE_NONE = ("bricks", "unsigned_boots", "downgraded_boots", "half_images", "not_updated", "wrongly_accepted")

_WRONG_KEY = Sample(8, counter=8, key=WRONG_KEY, size=2000)
_UNSIGNED = Sample(8, counter=8, key=None, size=2000)
_OLDER = Sample(3, counter=3, size=2000)
_OLDER_ONLY_BY_VERSION = Sample(3, counter=4, size=2000)


def _damaged(content: bytes) -> bytes:
    return content[:900] + bytes([content[900] ^ 0x10]) + content[901:]


OFFERS = {
    "wrong-key": _WRONG_KEY.content(),
    "unsigned": _UNSIGNED.content(),
    "damaged": _damaged(Sample(8, counter=8, size=2000).content()),
    "older": _OLDER.content(),
}
ONLY_JUDGED = {"older by version": _OLDER_ONLY_BY_VERSION.content(), **OFFERS}
"""What an update has to refuse by itself. A bootloader lets an older version pass whose counter is not lower."""

UPDATES = {"update": NEW.content(), "unwell": UNWELL_ONE.content(), "stuck": STUCK_ONE.content()}


@dataclass(frozen=True)
class Case:
    """What is done (a name of UPDATES, or of OFFERS to be forced), and what goes wrong meanwhile."""

    what: str
    faults: Faults


async def _do(bench_: Bench, what: str) -> None:
    """What a case does; how it ends is judged by what the device starts, then and afterwards."""
    if what in UPDATES:
        try:
            await bench_.update(UPDATES[what])
        except BridgeError:  # an update may fail: what counts is what is left
            return
    else:
        await bench_.force(OFFERS[what], Sample(8, counter=8, size=2000).digest().hex())


async def _carry_out(case: Case, link: Path) -> Counter[str]:
    """One case: with its fault, then again without; what was counted."""
    async with bench(link) as each:
        counts = each.witness.counts
        each.device.set_faults(replace(case.faults, power_back_ms=BACK_MS, cable_back_ms=BACK_MS))
        await _do(each, case.what)
        await each.settle()
        await each.restart()
        await _update_at_last(each)
        return counts


async def _update_at_last(each: Bench) -> None:
    """The good image has to be brought in now, and to stay."""
    wanted = NEW.version
    try:
        await each.update(NEW.content())
        each.witness.confirmed = max(each.witness.confirmed, wanted)
    except BridgeError as error:
        say(f"  not updated: {error}")
        each.witness.counts["not_updated"] += 1
    for _ in range(2):
        booted = await each.restart()
        each.witness.counts["not_updated"] += booted is None or booted.image.version != wanted


async def _measure(what: str, link: Path) -> tuple[int, int, int]:
    """Messages, bytes and flash operations of doing `what` without a fault, its going back included."""
    async with bench(link) as each:
        before = each.device.mcu.flash.operations
        await _do(each, what)
        messages, passed_bytes = each.device.messages, each.device.port.passed_bytes
        each.device.set_faults(CLEAN)
        await each.restart()
        return messages, passed_bytes, each.device.mcu.flash.operations - before


async def cases(directory: Path) -> list[Case]:
    """Every case of the whole campaign."""
    made: list[Case] = []
    for what in (*UPDATES, *OFFERS):
        messages, passed_bytes, operations = await _measure(what, directory / f"measured-{what}")
        made += [Case(what, replace(CLEAN, power_at_message=at)) for at in range(1, messages + 1)]
        # Two in each message: once in the request or its reply, once in the other.
        step = max(1, passed_bytes // (2 * messages))
        made += [Case(what, replace(CLEAN, cable_after_bytes=at)) for at in range(1, passed_bytes, step)]
        made += [
            Case(what, replace(CLEAN, power_at_write=at, power_done=done))
            for at in range(1, operations + 1)
            for done in TORN
        ]
    return made


async def _refusals(link: Path) -> Counter[str]:
    """What an update must not even begin with."""
    counts: Counter[str] = Counter()
    for content in ONLY_JUDGED.values():
        async with bench(link) as each:
            before = each.device.mcu.flash.operations
            try:
                await each.update(content)
                counts["wrongly_accepted"] += 1
            except ImageRefused:
                counts["refused"] += 1
            counts["wrongly_accepted"] += each.device.mcu.flash.operations != before
            counts += each.witness.counts
    return counts


async def campaign(*, sample: int | None, seed: int) -> dict[str, object]:
    """Carry out all cases, or a `sample` of them drawn by `seed`; the result as it is printed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="brick-") as folder:
        directory = Path(folder)
        every = await cases(directory)
        chosen = every if sample is None else random.Random(seed).sample(every, min(sample, len(every)))
        counts = await _refusals(directory / "refusals")
        counts += await _all(chosen, directory)
    return {
        "cases": len(chosen),
        "of": len(every),
        "power_cuts_at_messages": sum(case.faults.power_at_message is not None for case in chosen),
        "power_cuts_at_writes": sum(case.faults.power_at_write is not None for case in chosen),
        "cables_pulled": sum(case.faults.cable_after_bytes is not None for case in chosen),
        "boots": counts["boots"],
        "offers_refused": counts["refused"],
        **{name: counts[name] for name in MUST_BE_NONE},
        "seed": None if sample is None else seed,
        "took_s": round(time.monotonic() - began),
    }


async def _all(chosen: Sequence[Case], directory: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    waiting = list(enumerate(chosen))[::-1]

    async def work(number: int) -> None:
        while waiting:
            done, case = waiting.pop()
            async with asyncio.timeout(CASE_LIMIT_S):
                counted = await _carry_out(case, directory / f"port-{number}")
            if any(counted[name] for name in MUST_BE_NONE):
                say(f"  {case}: {dict(counted)}")
            counts.update(counted)
            if (done + 1) % 100 == 0:
                say(f"  {done + 1} of {len(chosen)}")

    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(work(number), name=f"bench {number}")
    return counts


def passed(result: dict[str, object]) -> bool:
    """Whether nothing happened that must not."""
    return not any(result[name] for name in MUST_BE_NONE)


def main() -> int:
    """Carry out the campaign, print the result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, default=None, help="only so many cases, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = asyncio.run(campaign(sample=given.sample, seed=given.seed))
    tell(json.dumps(result))
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
