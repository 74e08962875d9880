"""What a capturing child uses in its event loop: the channel to the agent, and obedience to extended deadlines.

confined = confine()
async def main() -> None:
    async with attached(confined) as channel:
        while (message := await channel.receive()) is not None: ...
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_agent.capture.channel import Channel
from edge_agent.capture.confinement import CHANNEL_FD, DEADLINES_FD, Confinement
from edge_agent.errors import NotConfined

_DEADLINE_BYTES = 8
_READ_BYTES = 64 * _DEADLINE_BYTES


@asynccontextmanager
async def attached(confined: Confinement) -> AsyncIterator[Channel]:
    """The channel to the agent; while it is open, the second lock follows the supervisor's extensions.

    Once in a process, by `confined`, what `confine` gave. A loop that hangs does not follow: it is then killed at the
    deadline that it last heard of.
    """
    for fd in (CHANNEL_FD, DEADLINES_FD):
        os.set_inheritable(fd, False)  # noqa: FBT003 - it takes no keywords
    loop = asyncio.get_running_loop()
    channel = Channel(socket.socket(fileno=CHANNEL_FD))
    os.set_blocking(DEADLINES_FD, False)
    loop.add_reader(DEADLINES_FD, _follow, loop, confined)
    try:
        yield channel
    finally:
        loop.remove_reader(DEADLINES_FD)
        await channel.close()


def _follow(loop: asyncio.AbstractEventLoop, confined: Confinement) -> None:
    told = os.read(DEADLINES_FD, _READ_BYTES)
    if not told:  # the supervisor has ended, and Linux is killing this process
        loop.remove_reader(DEADLINES_FD)
        return
    latest = max(
        int.from_bytes(told[at : at + _DEADLINE_BYTES], "little") for at in range(0, len(told), _DEADLINE_BYTES)
    )
    try:
        confined.arm(latest)
    except NotConfined as error:  # the lock stays where it was: the event loop's handler tells, nothing opens longer
        loop.call_exception_handler({"message": "a deadline was not followed", "exception": error})
