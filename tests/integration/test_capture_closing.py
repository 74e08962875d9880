"""Real agents, supervisors and children, stopped, killed and with stepped clocks: the device closes all the same.

The device's far end, a process of its own, says when each handle was closed. Bounds are generous: how late a closing
really is, is measured by `make bench-close`.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random

import pytest

from edge_agent.capture import linux
from tests.bench.close import measure
from tests.bench.close_place import Clock, Told, agent_with, new_opening, probe_at
from tests.support.waiting import until

LATE_MAX_MS = 20_000
FAR_MS = 120_000
_LEASES_MS = (4_000, 12_000, 36_000)


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return tmp_path / "device"


@pytest.fixture
async def probe(device: Path) -> AsyncIterator[Told]:
    async with probe_at(device) as told:
        yield told


@pytest.fixture
async def agent(device: Path, probe: Told) -> AsyncIterator[Told]:
    async with agent_with(device) as told:
        yield told


def boot_ms() -> int:
    return linux.boot_ns() // 1_000_000


def handles(behaviour: str) -> int:
    """How many handles of the device a child with its programs holds."""
    return 2 if behaviour in {"leashed", "escaped"} else 1


async def opened(agent: Told, probe: Told, *behaviours: str, lease_ms: int = 0) -> tuple[dict[str, str], int]:
    """Openings with their behaviours, all of which hold the device, and their deadline.

    Without `lease_ms` the lease is as short as this machine, loaded as it is, allows.
    """
    for tried_ms in [lease_ms] if lease_ms else _LEASES_MS:
        openings = {new_opening(): behaviour for behaviour in behaviours}
        deadline_ms = boot_ms() + tried_ms
        for opening, behaviour in openings.items():
            agent.tell(do="open", opening=opening, deadline_boot_ms=deadline_ms, behaviour=behaviour)
        try:
            await probe.until(partial(all_open, probe, openings), tried_ms * 0.7 / 1000)
        except TimeoutError:
            await asyncio.gather(*(agent.line("ended", opening) for opening in openings))
        else:
            return openings, deadline_ms
    raise AssertionError(f"{behaviours} did not open the device in time")


def all_open(probe: Told, openings: dict[str, str]) -> bool:
    return all(len(probe.lines("opened", opening)) == handles(behaviour) for opening, behaviour in openings.items())


async def closed_at_ms(probe: Told, openings: dict[str, str]) -> list[float]:
    """When the last handle of each was closed."""
    await probe.until(
        lambda: all(len(probe.lines("closed", opening)) == handles(openings[opening]) for opening in openings)
    )
    return [max(line["at_boot_ns"] for line in probe.lines("closed", opening)) / 1e6 for opening in openings]


def assert_closed_at(deadline_ms: int, closed_ms: list[float]) -> None:
    assert [ms for ms in closed_ms if not deadline_ms <= ms < deadline_ms + LATE_MAX_MS] == []


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def gone(*pids: int) -> None:
    async def all_gone() -> bool:
        return not any(exists(pid) for pid in pids)

    await until(all_gone)


def pids(probe: Told, openings: dict[str, str]) -> list[int]:
    return [line["pid"] for opening in openings for line in probe.lines("opened", opening)]


async def test_whatever_a_child_does_it_and_its_programs_are_closed_at_the_deadline(agent: Told, probe: Told) -> None:
    openings, deadline_ms = await opened(agent, probe, "hung", "stopped", "leashed", "escaped")
    assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))
    for opening in openings:
        end = await agent.line("ended", opening)
        assert (end["cause"], end["signal_number"], end["exit_status"]) == ("deadline", signal.SIGKILL, None)
        assert deadline_ms <= end["end_boot_ms"]
    await gone(*pids(probe, openings))


async def test_a_stopped_agent_changes_nothing(device: Path, probe: Told) -> None:
    """The children here have no lock of their own: it is the supervisor that closes."""
    async with agent_with(device, "--unlocked") as agent:
        openings, deadline_ms = await opened(agent, probe, "idle", "hung", "escaped")
        agent.process.send_signal(signal.SIGSTOP)
        assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))
        agent.process.send_signal(signal.SIGCONT)
        for opening in openings:
            assert (await agent.line("ended", opening))["cause"] == "deadline"


async def test_a_stopped_supervisor_leaves_the_childs_own_lock_and_is_replaced(agent: Told, probe: Told) -> None:
    supervisor = agent.latest["up"]["up"]
    openings, deadline_ms = await opened(agent, probe, "idle", "hung", "stopped", "leashed")
    os.kill(supervisor, signal.SIGSTOP)
    assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))
    for opening in openings:
        assert (await agent.line("ended", opening))["cause"] == "supervisor-gone"
    await agent.until(lambda: agent.latest["up"]["up"] != supervisor)
    openings, deadline_ms = await opened(agent, probe, "idle")
    assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))


async def test_agent_and_supervisor_both_stopped_still_leave_the_childs_own_lock(agent: Told, probe: Told) -> None:
    openings, deadline_ms = await opened(agent, probe, "idle", "hung")
    agent.process.send_signal(signal.SIGSTOP)
    os.kill(agent.latest["up"]["up"], signal.SIGSTOP)
    assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))


@pytest.mark.parametrize("stopped_before", [False, True])
async def test_when_the_agent_is_killed_all_is_closed_at_once(device: Path, probe: Told, stopped_before: bool) -> None:
    async with agent_with(device) as agent:
        openings, deadline_ms = await opened(agent, probe, "idle", "hung", "leashed", "escaped", lease_ms=FAR_MS)
        if stopped_before:
            agent.process.send_signal(signal.SIGSTOP)
        agent.process.send_signal(signal.SIGKILL)
        assert max(await closed_at_ms(probe, openings)) < deadline_ms
        await gone(agent.latest["up"]["up"], *pids(probe, openings))


async def test_when_the_supervisor_is_killed_all_is_closed_at_once_and_another_takes_over(
    agent: Told, probe: Told
) -> None:
    supervisor = agent.latest["up"]["up"]
    openings, deadline_ms = await opened(agent, probe, "idle", "hung", "stopped", "leashed", lease_ms=FAR_MS)
    os.kill(supervisor, signal.SIGKILL)
    assert max(await closed_at_ms(probe, openings)) < deadline_ms
    for opening in openings:
        assert (await agent.line("ended", opening))["cause"] == "supervisor-gone"
    await gone(*pids(probe, openings))
    await agent.until(lambda: agent.latest["up"]["up"] != supervisor)
    await opened(agent, probe, "idle", lease_ms=FAR_MS)


async def test_an_extension_moves_both_locks_and_nothing_else_does(agent: Told, probe: Told) -> None:
    openings, deadline_ms = await opened(agent, probe, "idle", "idle", "idle")
    extended, too_far, earlier = openings
    later_ms = deadline_ms + 2_000
    agent.tell(do="extend", opening=extended, deadline_boot_ms=later_ms)
    agent.tell(do="extend", opening=too_far, deadline_boot_ms=boot_ms() + 961_000)
    agent.tell(do="extend", opening=earlier, deadline_boot_ms=deadline_ms - 1)
    assert (await agent.line("refused", too_far))["reason"] == "too-far"
    assert (await agent.line("refused", earlier))["reason"] == "not-later"
    await agent.line("extended", extended)
    assert_closed_at(deadline_ms, await closed_at_ms(probe, {too_far: "idle", earlier: "idle"}))
    assert_closed_at(later_ms, await closed_at_ms(probe, {extended: "idle"}))


async def test_no_child_starts_without_a_deadline_within_the_limit_and_no_fifth_starts(
    agent: Told, probe: Told
) -> None:
    for opening, left_ms, reason in ((new_opening(), 0, "past"), (new_opening(), 961_000, "too-far")):
        agent.tell(do="open", opening=opening, deadline_boot_ms=boot_ms() + left_ms, behaviour="idle")
        assert (await agent.line("refused", opening))["reason"] == reason
    openings, _ = await opened(agent, probe, "idle", "idle", "idle", "idle", lease_ms=FAR_MS)
    first, fifth = next(iter(openings)), new_opening()
    for opening, reason in ((fifth, "too-many"), (first, "known")):
        agent.tell(do="open", opening=opening, deadline_boot_ms=boot_ms() + FAR_MS, behaviour="idle")
        assert (await agent.line("refused", opening))["reason"] == reason
    agent.tell(do="close", opening=first)
    assert (await agent.line("ended", first))["cause"] == "asked"
    await opened(agent, probe, "idle", lease_ms=FAR_MS)
    assert probe.lines("opened", fifth) == []


async def test_a_child_that_ends_by_itself_is_told_with_its_status(agent: Told, probe: Told) -> None:
    openings, _ = await opened(agent, probe, "exits", "idle", lease_ms=FAR_MS)
    exits, killed = openings
    os.kill(probe.lines("opened", killed)[0]["pid"], signal.SIGSEGV)
    ends = [await agent.line("ended", opening) for opening in (exits, killed)]
    assert [(end["cause"], end["exit_status"], end["signal_number"]) for end in ends] == [
        ("died", 3, None),
        ("died", None, signal.SIGSEGV),
    ]


@pytest.mark.parametrize("step", ["+10y", "-10y"])
async def test_a_clock_stepped_by_years_changes_nothing(device: Path, probe: Told, tmp_path: Path, step: str) -> None:
    """The wall clock of agent, supervisor and child; CLOCK_BOOTTIME is one that setting a clock does not move."""
    clock = Clock(tmp_path)
    async with agent_with(device, clock=clock) as agent:
        openings, deadline_ms = await opened(agent, probe, "idle", "idle")
        renewed, left = openings
        clock.step(step)
        assert (await probe.line("stepped", renewed))["years"] == int(step.removesuffix("y"))
        agent.tell(do="extend", opening=renewed, deadline_boot_ms=deadline_ms + 2_000)
        await agent.line("extended", renewed)
        assert_closed_at(deadline_ms, await closed_at_ms(probe, {left: "idle"}))
        assert_closed_at(deadline_ms + 2_000, await closed_at_ms(probe, {renewed: "idle"}))


async def test_it_holds_without_any_privilege(device: Path, probe: Told) -> None:
    async with agent_with(device, privileged=False) as agent:
        openings, deadline_ms = await opened(agent, probe, "idle", "hung", "leashed", "escaped")
        assert_closed_at(deadline_ms, await closed_at_ms(probe, openings))


@pytest.mark.long
async def test_a_sample_of_the_benchmark_leaves_nothing_open(tmp_path: Path) -> None:
    result = await measure(18, Random(7), tmp_path, busy=1, privileged=True)
    assert (result["runs"], result["left_open"], result["asyncio_left_open"]) == (18, 0, 0)
    assert result["p50_ms"] < LATE_MAX_MS
