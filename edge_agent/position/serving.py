"""What the position child does on its channel: one Begin, one answer."""

import asyncio
from contextlib import suppress

from edge_agent.capture.channel import Channel
from edge_agent.clock import Clock
from edge_agent.errors import CaptureChannelBroken, PositionUnavailable
from edge_agent.position.messages import Begin, Fault, Found, FromChild, Ready, decode_to_child, encode
from edge_agent.position.reading import read_fix


async def serve(channel: Channel, clock: Clock) -> None:
    """Say Ready, wait for Begin, read, answer. When the agent hangs up or says more, close the receiver and end.

    Raises InvalidMessage for what is no Begin, CaptureChannelBroken as the channel does.
    """
    await channel.send(encode(Ready()))
    payload = await channel.receive()
    if payload is None:
        return
    begin = decode_to_child(payload)
    looking = asyncio.create_task(_answer(begin, clock), name="position look")
    listening = asyncio.create_task(_more(channel), name="position channel")
    try:
        await asyncio.wait({looking, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (looking, listening):
            task.cancel()
        await asyncio.wait({looking, listening})
    if not looking.cancelled():
        await channel.send(encode(looking.result()))


async def _more(channel: Channel) -> None:
    with suppress(CaptureChannelBroken):  # an end as good as any
        await channel.receive()


async def _answer(begin: Begin, clock: Clock) -> FromChild:
    try:
        return Found(fix=await read_fix(begin.source, begin.limit_s, clock))
    except PositionUnavailable as error:
        return Fault(reason=error.reason)
