"""How long after a mandate is cancelled the camera is really closed: milliseconds, at the far end of its handle.

    python -m tests.openings.cancel --runs 200

A whole fleet of processes with one unit. Each run signs a mandate, opens the picture, waits until somebody sees it,
cancels, and reads CLOCK_BOOTTIME three times: when the engineer's client begins to ask, when the API has answered, and
when the camera, a process of its own, sees its client go. `closed_…` count from asking to the camera's closing,
`answered_…` from asking to the answer, in the same run.

One line of JSON on standard output; exit code 1 when p99 is over 2 s, or something stayed open.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from tests.bench.lines import say, tell
from tests.support.open_house import OpenHouse, open_house
from tests.support.open_house_papers import authority, begin, mandate, stands, watching

P99_LIMIT_MS = 2_000.0
_CLOSED_LIMIT_S = 30.0


def boot_ns() -> int:
    """CLOCK_BOOTTIME now."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


async def cancel_once(house: OpenHouse, authority_view: Any, number: int) -> tuple[float, float]:
    """Milliseconds from asking to the camera's closing, and to the API's answer."""
    unit = house.unit
    before = unit.camera.count("disconnect")
    named = await mandate(house, unit, authority_view, ["video"])
    opening = (await begin(house, unit, named, "video")).opening
    async with watching(house, opening) as watcher:
        await watcher.sees()
        asked_ns = boot_ns()
        await house.door.cancel_mandate(named, f"run {number}")
        answered_ns = boot_ns()
        closed_ns = int((await unit.camera.says("disconnect", before + 1, _CLOSED_LIMIT_S))["boot_ns"])
    view = await stands(house, opening, "closed")
    if view.reason != "cancelled":
        raise AssertionError(f"{opening} was closed by something else: {view.reason} {view.detail}")
    return (closed_ns - asked_ns) / 1e6, (answered_ns - asked_ns) / 1e6


async def measure(runs: int) -> dict[str, Any]:
    """The whole benchmark."""
    closed_ms, answered_ms = [], []
    async with open_house() as house:
        recorded = await authority(house)
        for number in range(1, runs + 1):
            house.check()
            closed, answered = await cancel_once(house, recorded, number)
            closed_ms.append(closed)
            answered_ms.append(answered)
            if number % 10 == 0:
                say(f"  {number} of {runs}: closed after {closed:.0f} ms, answered after {answered:.0f} ms")
        left_open = sum(unit.camera.is_open for unit in house.units)
    return {
        "runs": runs,
        **_figures("closed", closed_ms),
        **_figures("answered", answered_ms),
        "left_open": left_open,
    }


def _figures(name: str, values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {"p50_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
    return {
        f"{name}_{key}": round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for key, share in at.items()
    }


def main() -> int:
    """Run, print the result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    result = asyncio.run(measure(parser.parse_args().runs))
    tell(json.dumps(result))
    return 1 if result["left_open"] or result["closed_p99_ms"] > P99_LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
