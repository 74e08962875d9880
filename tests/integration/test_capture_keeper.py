"""What a child finds when it starts, what passes between it and the agent, and what the agent keeps of it."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.capture import linux
from edge_agent.capture.capture import Capture
from edge_agent.capture.channel import MESSAGE_MAX_BYTES
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.errors import CaptureChannelBroken, CaptureRefused, SupervisorAway
from tests.support.waiting import until

FAR_MS = 120_000
_CHILD = """
import json, os, resource, socket, sys
fds = sorted(int(name) for name in os.listdir("/proc/self/fd"))
from edge_agent.capture.confinement import confine
confined = confine()
import asyncio, ctypes
from edge_agent.capture.child_side import attached

def facts():
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
    return {
        "fds": fds,
        "stdin": os.readlink("/proc/self/fd/0"),
        "argv": sys.argv,
        "environ": sorted(name for name in os.environ if name.startswith("MUSTER_")),
        "leads_a_session": os.getsid(0) == os.getpid(),
        "no_new_privileges": int(status["NoNewPrivs"]),
        "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
        "core_limit": resource.getrlimit(resource.RLIMIT_CORE),
        "scheduling": os.sched_getscheduler(0),
        "locked": confined.memory_locked,
        "locked_kb": int(status["VmLck"].split()[0]),
        "pid": os.getpid(),
    }

async def main():
    async with attached(confined) as channel:
        await channel.send(json.dumps(facts()).encode())
        while (message := await channel.receive()) is not None:
            if message == b"break":
                socket.socket(fileno=os.dup(3)).send(b"\\xff" * 4)
            elif message == b"die":
                await channel.send(b"last words")
                os._exit(1)
            else:
                await channel.send(message[::-1])

asyncio.run(main())
"""


@pytest.fixture
async def keeper(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CaptureKeeper]:
    monkeypatch.setenv("MUSTER_AGENT_VOUCHER", "secret")
    async with CaptureKeeper([sys.executable, "-c", _CHILD, "its", "own"]) as running:
        yield running


def new_opening() -> str:
    return f"open-{uuid.uuid4().hex[:24]}"


def boot_ms(after_ms: int = 0) -> int:
    return linux.boot_ns() // 1_000_000 + after_ms


async def begun(keeper: CaptureKeeper) -> tuple[Capture, dict[str, Any]]:
    """A capture, and what its child found."""
    capture = await keeper.open(new_opening(), boot_ms(FAR_MS))
    message = await capture.channel.receive()
    assert message is not None
    return capture, json.loads(message)


async def test_a_child_finds_what_the_package_promises(keeper: CaptureKeeper) -> None:
    capture, facts = await begun(keeper)
    of_the_listing = 5
    assert facts["fds"] == [0, 1, 2, 3, 4, of_the_listing]
    assert facts["stdin"] == "/dev/null"
    assert facts["argv"] == ["-c", "its", "own"]
    assert "MUSTER_AGENT_VOUCHER" not in facts["environ"]
    assert {"MUSTER_CAPTURE_DEADLINE_BOOT_NS", "MUSTER_CAPTURE_SUPERVISOR_PID"} <= set(facts["environ"])
    assert facts["leads_a_session"]
    assert facts["no_new_privileges"] == 1
    assert facts["dumpable"] == 0
    assert facts["core_limit"] == [0, 0]
    assert facts["scheduling"] == os.SCHED_OTHER
    assert facts["locked"] == (facts["locked_kb"] > 0)
    await capture.close()


async def test_the_largest_message_passes_in_both_directions(keeper: CaptureKeeper) -> None:
    capture, _ = await begun(keeper)
    message = bytes(range(256)) * (MESSAGE_MAX_BYTES // 256)
    await capture.channel.send(message)
    assert await capture.channel.receive() == message[::-1]
    await capture.close()


async def test_a_child_that_breaks_the_channel_is_found_out(keeper: CaptureKeeper) -> None:
    capture, _ = await begun(keeper)
    await capture.channel.send(b"break")
    with pytest.raises(CaptureChannelBroken):
        await capture.channel.receive()
    assert (await capture.close()).cause == "asked"


async def test_the_last_words_of_a_child_are_heard_after_its_end(keeper: CaptureKeeper) -> None:
    capture, _ = await begun(keeper)
    await capture.channel.send(b"die")
    end = await capture.ended()
    assert (end.cause, end.exit_status, end.signal_number) == ("died", 1, None)
    assert [await capture.channel.receive(), await capture.channel.receive()] == [b"last words", None]
    with pytest.raises(CaptureRefused, match="unknown"):
        await capture.extend(boot_ms(FAR_MS) + 1000)
    assert await capture.close() == end
    assert await capture.close() == end


async def test_nothing_of_a_capture_is_left_in_the_agent(keeper: CaptureKeeper) -> None:
    capture, _ = await begun(keeper)
    await capture.close()
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    openings = [capture.opening]
    for _ in range(3):
        capture, _ = await begun(keeper)
        await capture.close()
        with pytest.raises(CaptureRefused, match="too-far"):
            await keeper.open(new_opening(), boot_ms(1_000_000))
        openings.append(capture.opening)
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
    async with await keeper.open(openings[0], boot_ms(FAR_MS)) as again:
        assert again.opening == openings[0]


@pytest.mark.parametrize("lease_ms", [FAR_MS, 1_000_000])
async def test_whoever_gives_up_waiting_for_a_capture_leaves_none_behind(keeper: CaptureKeeper, lease_ms: int) -> None:
    """Whether it would have been opened or refused."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    opening = new_opening()
    giving_up = asyncio.create_task(keeper.open(opening, boot_ms(lease_ms)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    giving_up.cancel()
    await asyncio.gather(giving_up, return_exceptions=True)

    async def can_be_opened() -> bool:
        try:
            capture = await keeper.open(opening, boot_ms(FAR_MS))
        except CaptureRefused as error:
            if error.reason != "known":
                raise
            return False
        await capture.close()
        return True

    await until(can_be_opened)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


async def test_a_program_that_is_not_there_is_a_child_that_died() -> None:
    async with CaptureKeeper(["/nonexistent/program"]) as keeper:
        async with await keeper.open(new_opening(), boot_ms(FAR_MS)) as capture:
            end = await capture.ended()
        assert (end.cause, end.exit_status) == ("died", 127)


async def test_supervisors_that_die_again_and_again_are_replaced(keeper: CaptureKeeper) -> None:
    killed: set[int] = set()
    for _ in range(3):
        capture, facts = await begun(keeper)
        assert keeper.supervisor_pid is not None
        killed.add(keeper.supervisor_pid)
        os.kill(keeper.supervisor_pid, signal.SIGKILL)
        assert (await capture.ended()).cause == "supervisor-gone"
        assert await capture.channel.receive() is None
        with pytest.raises(SupervisorAway):
            await capture.extend(boot_ms(FAR_MS) + 1000)
        assert not exists(facts["pid"])
        await capture.close()
    assert len(killed) == 3


def exists(pid: int) -> bool:
    """Whether it still runs: a process that has ended and waits for init to reap it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_closing_a_capture_under_a_stopped_supervisor_ends_both(keeper: CaptureKeeper) -> None:
    capture, facts = await begun(keeper)
    assert keeper.supervisor_pid is not None
    os.kill(keeper.supervisor_pid, signal.SIGSTOP)
    assert (await capture.close()).cause == "supervisor-gone"
    assert not exists(facts["pid"])


async def test_stopping_the_keeper_closes_what_is_open() -> None:
    keeper = CaptureKeeper([sys.executable, "-c", _CHILD])
    await keeper.start()
    capture, facts = await begun(keeper)
    supervisor = keeper.supervisor_pid
    await keeper.stop()
    assert capture.end is not None
    assert capture.end.cause == "asked"
    assert not exists(facts["pid"])
    assert supervisor is not None
    assert not exists(supervisor)
