"""`python -m tests.bench.close_agent --device PATH [--by keeper|asyncio] [--unlocked]`: an agent that only captures.

Reads JSON lines: {"do": "open", "opening", "deadline_boot_ms", "behaviour"}, "extend" and "close" with what they need,
{"do": "hang", "s"} for a busy loop. Writes what came of it: `up` first (and after each new supervisor), then `opened`,
`extended`, `refused`, `ended`. `--by asyncio` starts the same children with nothing but an asyncio timer to kill each.
"""

import argparse
import asyncio
import json
import socket
import sys
import time
from typing import Any, Protocol

import structlog

from edge_agent.capture.capture import Capture
from edge_agent.capture.channel import Channel
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.capture.leash import leashed
from edge_agent.clock import SystemClock
from edge_agent.errors import CaptureError
from tests.bench.lines import tell

_CHILD = [sys.executable, "-m", "tests.bench.close_child"]


class Captures(Protocol):
    """One way to hold captures to their deadlines."""

    async def open(self, opening: str, deadline_boot_ms: int) -> Channel: ...

    async def extend(self, opening: str, deadline_boot_ms: int) -> None: ...

    async def close(self, opening: str) -> None: ...


class Kept:
    """By the supervisor."""

    def __init__(self, keeper: CaptureKeeper) -> None:
        self._keeper = keeper
        self._captures: dict[str, Capture] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, opening: str, deadline_boot_ms: int) -> Channel:
        capture = await self._keeper.open(opening, deadline_boot_ms)
        self._captures[opening] = capture
        task = asyncio.create_task(self._follow(capture))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return capture.channel

    async def extend(self, opening: str, deadline_boot_ms: int) -> None:
        await self._captures[opening].extend(deadline_boot_ms)

    async def close(self, opening: str) -> None:
        await self._captures[opening].close()

    async def _follow(self, capture: Capture) -> None:
        end = await capture.ended()
        tell(json.dumps({"ended": capture.opening, **end._asdict()}))
        await capture.close()


class Timed:
    """By a timer in this process's event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._channels: dict[str, Channel] = {}

    async def open(self, opening: str, deadline_boot_ms: int) -> Channel:
        ours, theirs = socket.socketpair()
        process = await asyncio.create_subprocess_exec(
            *leashed([*_CHILD, "--unlocked", str(theirs.fileno())]),
            pass_fds=[theirs.fileno()],
            stdout=2,
            start_new_session=True,
        )
        theirs.close()
        left_s = (deadline_boot_ms - SystemClock().mono_ms()) / 1000
        timer = asyncio.get_running_loop().call_later(left_s, process.kill)
        task = asyncio.create_task(self._follow(opening, process, timer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._channels[opening] = Channel(ours)
        return self._channels[opening]

    async def extend(self, opening: str, deadline_boot_ms: int) -> None:
        raise NotImplementedError

    async def close(self, opening: str) -> None:
        raise NotImplementedError

    async def _follow(self, opening: str, process: asyncio.subprocess.Process, timer: asyncio.TimerHandle) -> None:
        await process.wait()
        timer.cancel()
        await self._channels.pop(opening).close()
        tell(json.dumps({"ended": opening, "end_boot_ms": SystemClock().mono_ms()}))


async def _obey(captures: Captures, task: dict[str, Any], device: str) -> None:
    opening = task.get("opening", "")
    try:
        if task["do"] == "open":
            channel = await captures.open(opening, task["deadline_boot_ms"])
            begin = {"device": device, "opening": opening, "behaviour": task["behaviour"]}
            await channel.send(json.dumps(begin).encode())
            tell(json.dumps({"opened": opening}))
        elif task["do"] == "extend":
            await captures.extend(opening, task["deadline_boot_ms"])
            tell(json.dumps({"extended": opening}))
        elif task["do"] == "close":
            await captures.close(opening)
    except CaptureError as error:
        tell(json.dumps({"refused": opening, "reason": getattr(error, "reason", type(error).__name__)}))


def _hang(seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        pass


async def _tell_supervisors(keeper: CaptureKeeper) -> None:
    told = None
    while True:
        if keeper.supervisor_pid not in {None, told}:
            told = keeper.supervisor_pid
            tell(json.dumps({"up": told, "scheduling": keeper.scheduling}))
        await asyncio.sleep(0.05)


async def _serve(captures: Captures, device: str) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = json.loads(line)
        if task["do"] == "hang":
            _hang(task["s"])
            continue
        obeying = asyncio.create_task(_obey(captures, task, device))
        tasks.add(obeying)
        obeying.add_done_callback(tasks.discard)


async def main() -> None:
    """Until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True)
    parser.add_argument("--by", choices=["keeper", "asyncio"], default="keeper")
    parser.add_argument("--unlocked", action="store_true")
    arguments = parser.parse_args()
    if arguments.by == "asyncio":
        tell(json.dumps({"up": None, "scheduling": "usual"}))
        await _serve(Timed(), arguments.device)
        return
    async with CaptureKeeper([*_CHILD, *(["--unlocked"] if arguments.unlocked else [])]) as keeper:
        telling = asyncio.create_task(_tell_supervisors(keeper))
        await _serve(Kept(keeper), arguments.device)
        telling.cancel()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main())
