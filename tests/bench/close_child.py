"""`python -m tests.bench.close_child [--unlocked]`: a capturing child that opens the "device", a unix socket.

Its first message says which device, for which opening, and how to behave: `idle` tells its wall clock every 100 ms,
`hung` is a busy loop, `stopped` stops itself, `leashed` and `escaped` have a program of their own open the device too
(the one leashed, the other not, and in a session of its own), `exits` ends with status 3. `--unlocked` leaves out what
the child does to itself, so that only others can end it; the descriptor of its channel may follow.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from edge_agent.capture.channel import Channel
from edge_agent.capture.child_side import attached
from edge_agent.capture.confinement import CHANNEL_FD, confine
from edge_agent.capture.leash import leashed

_BALLAST_BYTES = 48 * 1024 * 1024
"""About what a media child holds: Linux takes memory down before it closes descriptors."""

_TICK_S = 0.1
_EXIT_STATUS = 3
_OWN_PROGRAM = """
import os, signal, socket, sys
if sys.argv[3] == "escaped":
    os.setsid()
device = socket.socket(socket.AF_UNIX)
device.connect(sys.argv[1])
device.sendall(f"{sys.argv[2]} grandchild {os.getpid()}\\n".encode())
while True:
    signal.pause()
"""


@asynccontextmanager
async def _unlocked(channel_fd: int) -> AsyncIterator[Channel]:
    channel = Channel(socket.socket(fileno=channel_fd))
    yield channel
    await channel.close()


async def run(channel: Channel) -> None:
    """Obey the first message, until the channel ends."""
    message = await channel.receive()
    if message is None:
        return
    task = json.loads(message)
    device = socket.socket(socket.AF_UNIX)
    device.connect(task["device"])
    device.sendall(f"{task['opening']} child {os.getpid()}\n".encode())
    own = _behave(task)
    ticking = asyncio.create_task(_tick(device))
    while await channel.receive() is not None:
        pass
    ticking.cancel()
    if own is not None:
        own.kill()


async def _tick(device: socket.socket) -> None:
    while True:
        device.sendall(f"wall {time.time_ns() // 1_000_000}\n".encode())
        await asyncio.sleep(_TICK_S)


def _behave(task: dict[str, Any]) -> "subprocess.Popen[bytes] | None":
    behaviour = task["behaviour"]
    if behaviour in {"leashed", "escaped"}:
        command = [sys.executable, "-I", "-S", "-c", _OWN_PROGRAM, task["device"], task["opening"], behaviour]
        return subprocess.Popen(leashed(command) if behaviour == "leashed" else command)
    if behaviour == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    if behaviour == "exits":
        sys.exit(_EXIT_STATUS)
    while behaviour == "hung":
        pass
    return None


async def _main(channel_context: Any) -> None:
    async with channel_context as channel:
        await run(channel)


if __name__ == "__main__":
    confined = None if "--unlocked" in sys.argv else confine()
    fd = int(sys.argv[2]) if len(sys.argv) > 2 else CHANNEL_FD
    ballast = bytearray(os.urandom(4096)) * (_BALLAST_BYTES // 4096)
    asyncio.run(_main(_unlocked(fd) if confined is None else attached(confined)))
