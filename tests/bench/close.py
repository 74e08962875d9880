"""How late a capture's device is really closed: milliseconds from its deadline to the end of the last handle.

    python -m tests.bench.close --runs 1000

The device is a unix socket; its far end, a process that nothing under test can touch, sees each handle close and
reads CLOCK_BOOTTIME then. Two agents with real supervisors and children open it, six at once, beside an agent that has
nothing but an asyncio timer (`asyncio_…`). Two busy processes for each processor run all the while.

Drawn for each batch, from the seed: nothing, the agent stopped (SIGSTOP) or hung, the supervisor stopped, or a
renewal; and whether the wall clock of agent, supervisor and child is stepped by ±10 years 0.4 s before the deadline
(libfaketime, through a file: the machine's clock is not touched; CLOCK_BOOTTIME is left alone, as setting a clock does
not move it, and the timers are the kernel's own: what is shown is that nothing on the way asks the wall clock).
Drawn for each opening: a child that ticks, hangs, or has a program of its own open the device. There is no network to
cut: the agents have none, and nothing between a deadline and the closing uses one.

One line of JSON on standard output. Fails when a device stayed open, or closed more than a second late. Those that
`closed_early` count as 0: a hung child does not follow a renewal, and a renewal may come too late. `never_opened` are
children too slow to open anything before their deadline, which are in no quantile. `steps_seen_by_children` is at most
the number of stepped children that tell their clock: the hung ones do not.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from edge_agent.capture.leash import leashed
from tests.bench.close_place import Clock, Told, agent_with, probe_at
from tests.bench.close_runs import Batch, Run
from tests.bench.lines import say, tell

TOGETHER = 3
SUPERVISED_AGENTS = 2
COMPARED_SHARE = 5
MAX_MS = 1000.0
_BUSY = "while True: pass"


@asynccontextmanager
async def busy_processors(count: int) -> AsyncIterator[None]:
    """So many busy processes, each in a session of its own: Linux shares processors among sessions (autogroups)."""
    command = leashed([sys.executable, "-I", "-S", "-c", _BUSY])
    busy = [await asyncio.create_subprocess_exec(*command, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        await asyncio.gather(*(process.wait() for process in busy))


async def runs_of(agent: Told, probe: Told, clock: Clock, chance: Random, count: int, *, supervised: bool) -> list[Run]:
    """`count` openings of one agent, in batches."""
    runs: list[Run] = []
    while len(runs) < count:
        runs += await Batch(chance, min(TOGETHER, count - len(runs)), supervised=supervised).run(agent, probe, clock)
        if len(runs) % 30 < TOGETHER:
            say(f"{'supervised' if supervised else 'asyncio'}: {len(runs)} of {count}")
    return runs


async def measure(runs: int, chance: Random, folder: Path, busy: int, *, privileged: bool) -> dict[str, Any]:
    """The whole benchmark; see the module."""
    device = folder / "device"
    clocks = [Clock(folder) for _ in range(SUPERVISED_AGENTS + 1)]
    async with AsyncExitStack() as stack:
        probe = await stack.enter_async_context(probe_at(device))
        agents = [
            await stack.enter_async_context(agent_with(device, clock=clock, privileged=privileged))
            for clock in clocks[1:]
        ]
        timed = await stack.enter_async_context(
            agent_with(device, "--by", "asyncio", clock=clocks[0], privileged=privileged)
        )
        await stack.enter_async_context(busy_processors(busy))
        counts = [runs - runs // 2, runs // 2]
        measured = await asyncio.gather(
            *(
                runs_of(agent, probe, clock, Random(chance.random()), count, supervised=True)
                for agent, clock, count in zip(agents, clocks[1:], counts, strict=True)
            ),
            runs_of(timed, probe, clocks[0], Random(chance.random()), max(1, runs // COMPARED_SHARE), supervised=False),
        )
        scheduling = {"supervisor": agents[0].latest["up"]["scheduling"], "probe": probe.latest["ready"]["scheduling"]}
    *supervised, compared = measured
    own = [run for part in supervised for run in part]
    return {
        **_figures(own),
        **_shares(own),
        "busy_processes": busy,
        "scheduling": scheduling,
        **{f"asyncio_{name}": value for name, value in _figures(compared).items()},
        "asyncio_afflictions": _worst(compared, "affliction"),
    }


def _figures(runs: list[Run]) -> dict[str, Any]:
    overruns_ms = sorted(max(0.0, run.overrun_ms) for run in runs if run.overrun_ms is not None)
    closed_ms = [overrun_ms for overrun_ms in overruns_ms if overrun_ms != float("inf")]
    at = {"p50_ms": 0.5, "p99_ms": 0.99, "p99_9_ms": 0.999, "max_ms": 1.0}
    return {
        "runs": len(runs),
        **{name: _quantile(closed_ms, share) for name, share in at.items()},
        "left_open": len(overruns_ms) - len(closed_ms),
        "closed_early": sum(run.overrun_ms is not None and run.overrun_ms < 0 for run in runs),
        "never_opened": len(runs) - len(overruns_ms),
    }


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


def _shares(runs: list[Run]) -> dict[str, Any]:
    stepped = [run for run in runs if run.step != "+0"]
    return {
        "afflictions": _worst(runs, "affliction"),
        "behaviours": _worst(runs, "behaviour"),
        "steps": dict(Counter(run.step for run in runs)),
        "steps_seen_by_children": sum(run.step_seen for run in stepped),
    }


def _worst(runs: list[Run], field: str) -> dict[str, dict[str, float]]:
    """Number and worst overrun of each kind."""
    kinds: dict[str, list[float]] = {}
    for run in runs:
        kinds.setdefault(getattr(run, field), []).append(max(0.0, run.overrun_ms or 0.0))
    return {name: {"runs": len(values), "max_ms": round(max(values), 1)} for name, values in sorted(kinds.items())}


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--unprivileged", action="store_true", help="take capabilities away from what is under test")
    arguments = parser.parse_args()
    seed = Random().randrange(1 << 32) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="muster-close-") as folder:
        busy = 2 * (os.cpu_count() or 1)
        measuring = measure(arguments.runs, Random(seed), Path(folder), busy, privileged=not arguments.unprivileged)
        result = asyncio.run(measuring)
    tell(json.dumps({**result, "seed": seed}))
    sys.exit(1 if result["left_open"] or (result["max_ms"] or 0) > MAX_MS else 0)


if __name__ == "__main__":
    main()
