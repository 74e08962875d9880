"""Keeps many simulated hosts alive from one process."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from edge_agent.errors import InvalidTreeName
from edge_agent.host_simulation.model import SimulatedHost
from edge_agent.host_simulation.render import render
from edge_agent.host_simulation.tree_writer import TreeWriter

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def tree_names(count: int) -> list[str]:
    """`host-001`, `host-002`, … : the names `run_simulation` gives to `count` trees."""
    return [f"host-{number:03d}" for number in range(1, count + 1)]


async def run_simulation(
    directory: Path,
    hosts: int | Sequence[str],
    *,
    stop: asyncio.Event,
    seed: int = 1,
    step_s: float = 2.0,
    trouble: float = 1.0,
    ready: asyncio.Event | None = None,
) -> None:
    """Write `directory/<name>/…` for each host every `step_s` seconds until `stop` is set.

    `hosts` is a count (see `tree_names`) or names of 1 … 40 lower-case letters, digits and dashes. `ready` is set once
    every tree is complete. Trees are left behind at the end and taken over by a later run. Equal `seed`, names,
    `step_s` and `trouble` give equal trees step by step. Raises InvalidTreeName, NotASimulatedTree, TreeNotWritten.
    """
    names = tree_names(hosts) if isinstance(hosts, int) else list(hosts)
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise InvalidTreeName(name)
    trees = [
        (SimulatedHost(name, seed, trouble=trouble), TreeWriter(directory / name)) for name in dict.fromkeys(names)
    ]
    while not stop.is_set():
        await asyncio.to_thread(_step_all, trees, step_s)
        if ready is not None:
            ready.set()
        try:
            await asyncio.wait_for(stop.wait(), step_s)
        except TimeoutError:
            continue


def _step_all(trees: Sequence[tuple[SimulatedHost, TreeWriter]], dt_s: float) -> None:
    for host, writer in trees:
        writer.write(render(host.step(dt_s)))
