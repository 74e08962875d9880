"""Batches of openings of the closing benchmark: what is done to agent, supervisor, clock and child meanwhile."""

import asyncio
import os
import signal
from contextlib import suppress
from functools import partial
from random import Random
from typing import NamedTuple

from edge_agent.capture import linux
from tests.bench.close_place import Clock, Told, new_opening

AFFLICTIONS = {"none": 30, "agent-stopped": 30, "agent-hung": 15, "supervisor-stopped": 10, "renewed": 15}
BEHAVIOURS = {"idle": 50, "hung": 25, "leashed": 25}
STEPS = {"+0": 50, "+10y": 25, "-10y": 25}
"""Weights of what is drawn for each batch, each opening, and each batch again."""

LEFT_OPEN_AFTER_S = 15.0
_LEASE_MS = (1500, 2500)
_RENEWAL_MS = 1000
_AFFLICTED_BEFORE_S, _AFFLICTED_AFTER_S = 0.4, 1.5


class Run(NamedTuple):
    """One opening. `overrun_ms`: from its deadline to its last handle's closing, None for one that never opened the
    device, infinite for one that was still open after 15 s; early is negative.
    """

    affliction: str
    behaviour: str
    step: str
    step_seen: bool
    overrun_ms: float | None


class Batch:
    """Openings of one agent with one deadline."""

    def __init__(self, chance: Random, size: int, *, supervised: bool) -> None:
        """Drawn from `chance`. What needs a supervisor is not done to an agent without one."""
        afflictions = (
            AFFLICTIONS if supervised else {name: AFFLICTIONS[name] for name in ("none", "agent-stopped", "agent-hung")}
        )
        self.affliction = _drawn(chance, afflictions)
        self.step = _drawn(chance, STEPS)
        self.behaviours = {new_opening(): _drawn(chance, BEHAVIOURS) for _ in range(size)}
        self.lease_ms = chance.randint(*_LEASE_MS)

    async def run(self, agent: Told, probe: Told, clock: Clock) -> list[Run]:
        """Open, afflict, and wait for every closing."""
        deadline_ms = linux.boot_ns() // 1_000_000 + self.lease_ms
        for opening, behaviour in self.behaviours.items():
            agent.tell(do="open", opening=opening, deadline_boot_ms=deadline_ms, behaviour=behaviour)
        await _until(deadline_ms, -_AFFLICTED_BEFORE_S)
        if self.affliction == "renewed":
            deadline_ms += _RENEWAL_MS
            for opening in self.behaviours:
                agent.tell(do="extend", opening=opening, deadline_boot_ms=deadline_ms)
        supervisor: int | None = agent.latest["up"]["up"]
        self._afflict(agent, supervisor)
        clock.step(self.step)
        await _until(deadline_ms, _AFFLICTED_AFTER_S)
        self._relieve(agent, supervisor)
        runs = [await self._outcome(opening, deadline_ms, probe) for opening in self.behaviours]
        clock.step("+0")
        return runs

    def _afflict(self, agent: Told, supervisor: int | None) -> None:
        if self.affliction == "agent-stopped":
            agent.process.send_signal(signal.SIGSTOP)
        elif self.affliction == "agent-hung":
            agent.tell(do="hang", s=_AFFLICTED_BEFORE_S + _AFFLICTED_AFTER_S)
        elif self.affliction == "supervisor-stopped" and supervisor is not None:
            with suppress(ProcessLookupError):  # it is being replaced
                os.kill(supervisor, signal.SIGSTOP)

    def _relieve(self, agent: Told, supervisor: int | None) -> None:
        if self.affliction == "agent-stopped":
            agent.process.send_signal(signal.SIGCONT)
        elif self.affliction == "supervisor-stopped" and supervisor is not None:
            with suppress(ProcessLookupError):  # the agent has found it stopped, and replaced it
                os.kill(supervisor, signal.SIGCONT)

    async def _outcome(self, opening: str, deadline_ms: int, probe: Told) -> Run:
        opened, closed = partial(probe.lines, "opened", opening), partial(probe.lines, "closed", opening)
        overrun_ms: float | None = None
        if opened():
            try:
                await probe.until(lambda: len(closed()) >= len(opened()), _left_s(deadline_ms, LEFT_OPEN_AFTER_S))
                overrun_ms = max(line["at_boot_ns"] for line in closed()) / 1e6 - deadline_ms
            except TimeoutError:
                overrun_ms = float("inf")
        seen = bool(probe.lines("stepped", opening))
        return Run(self.affliction, self.behaviours[opening], self.step, seen, overrun_ms)


def _drawn(chance: Random, weights: dict[str, int]) -> str:
    return chance.choices([*weights], [*weights.values()])[0]


def _left_s(deadline_ms: int, after_s: float) -> float:
    return max(0.0, (deadline_ms - linux.boot_ns() / 1e6) / 1000 + after_s)


async def _until(deadline_ms: int, after_s: float) -> None:
    await asyncio.sleep(_left_s(deadline_ms, after_s))
