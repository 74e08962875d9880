"""The media child's talk with the agent."""

import asyncio
import contextlib

import structlog
from aiortc import RTCConfiguration, RTCPeerConnection

from edge_agent.capture.channel import Channel
from edge_agent.capture.child_side import attached
from edge_agent.capture.confinement import Confinement
from edge_agent.errors import CaptureChannelBroken
from edge_agent.logs import configure_logs, record_fault
from edge_agent.media.messages import Begin, Figures, FromChild, MessageUnusable, Ready, Stop, ToChild, encode, to_child
from edge_agent.media.session import Session

_SAID_MAX = 64
_TELLING_LIMIT_S = 1.0

_log = structlog.get_logger("edge_agent.media")


class _Over(Exception):
    """The session has ended by itself while a source was open: the process has to end with it."""


class Saying:
    """What waits to be told to the agent. When it does not listen, figures are left out, and more ends the child."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._queue: asyncio.Queue[FromChild] = asyncio.Queue(_SAID_MAX)

    def say(self, message: FromChild) -> None:
        """From the event loop's thread. Raises asyncio.QueueFull."""
        if isinstance(message, Figures) and self._queue.qsize() > _SAID_MAX // 2:
            return
        self._queue.put_nowait(message)

    async def tell(self, channel: Channel) -> None:
        """Tell until cancelled. Raises CaptureChannelBroken."""
        while True:
            await channel.send(encode(await self._queue.get()))
            self._queue.task_done()

    async def told(self) -> None:
        """Wait until all is told, for a second at the most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), _TELLING_LIMIT_S)


async def attend(confined: Confinement) -> None:
    """Say Ready, then do what the agent says until Stop or the end of the channel."""
    configure_logs()
    asyncio.get_running_loop().set_exception_handler(record_fault)
    await RTCPeerConnection(RTCConfiguration(iceServers=[])).close()  # what aiortc makes only once is made now
    saying = Saying()
    async with attached(confined) as channel:
        saying.say(Ready())
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(saying.tell(channel), name="telling")
                await _hear(channel, saying, group)
                telling.cancel()
        except* (CaptureChannelBroken, MessageUnusable) as errors:
            _log.warning("media-channel-lost", detail="; ".join(str(error) for error in errors.exceptions))
        except* _Over:
            _log.warning("media-session-over")


async def _hear(channel: Channel, saying: Saying, group: asyncio.TaskGroup) -> None:
    """Until Stop or the end. Raises CaptureChannelBroken and MessageUnusable."""
    running: asyncio.Task[None] | None = None
    while not isinstance(message := await _heard(channel), Stop | None):
        if running is None:
            running = group.create_task(_session(message, saying), name="session")
        else:
            _log.warning("media-second-begin", opening=message.opening)
    if running is not None:
        running.cancel()


async def _heard(channel: Channel) -> ToChild | None:
    body = await channel.receive()
    return None if body is None else to_child(body)


async def _session(begin: Begin, saying: Saying) -> None:
    session = Session(begin, saying.say)
    try:
        await session.run()
        if session.sources_open:
            await saying.told()
            raise _Over
    finally:
        await session.close()
