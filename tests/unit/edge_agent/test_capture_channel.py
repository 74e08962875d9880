"""Messages between agent and child, over a real socket pair."""

import asyncio
import socket

import pytest

from edge_agent.capture.channel import MESSAGE_MAX_BYTES, Channel
from edge_agent.errors import CaptureChannelBroken


def pair() -> tuple[Channel, socket.socket]:
    """A channel, and the bare other end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    return Channel(ours), theirs


async def test_messages_of_every_size_arrive_whole_and_in_order() -> None:
    ours, theirs = socket.socketpair()
    one, other = Channel(ours), Channel(theirs)
    messages = [b"", b"a", bytes(range(256)) * 1024, b"last"]
    assert len(messages[2]) == MESSAGE_MAX_BYTES

    async def send_all() -> None:
        for message in messages:
            await one.send(message)
        await one.close()

    sending = asyncio.create_task(send_all())
    assert [await other.receive() for _ in messages] == messages
    assert await other.receive() is None
    await sending
    await other.close()


async def test_a_message_that_is_too_long_is_not_sent() -> None:
    channel, other = pair()
    with pytest.raises(ValueError, match="at most 262144 bytes"):
        await channel.send(bytes(MESSAGE_MAX_BYTES + 1))
    await channel.send(b"next")
    assert other.recv(100) == b"\0\0\0\4next"
    await channel.close()
    other.close()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xff\xff\xff", "4294967295 bytes is announced"),
        (b"\0\4\0\1", "262145 bytes is announced"),
        (b"\0\0", "middle of a message"),
        (b"\0\0\0\4", "middle of a message"),
        (b"\0\0\0\4abc", "middle of a message"),
    ],
)
async def test_what_is_no_message_breaks_the_channel(data: bytes, why: str) -> None:
    channel, other = pair()
    other.sendall(data)
    other.close()
    with pytest.raises(CaptureChannelBroken, match=why):
        await channel.receive()
    await channel.close()


async def test_sending_to_an_end_that_is_gone_says_so() -> None:
    channel, other = pair()
    other.close()
    with pytest.raises(CaptureChannelBroken):
        await channel.send(b"anybody?")
    await channel.close()


async def test_the_last_words_of_an_end_arrive_though_it_never_read_ours() -> None:
    channel, other = pair()
    await channel.send(b"unread")
    other.sendall(b"\0\0\0\4last")
    other.close()
    assert [await channel.receive(), await channel.receive()] == [b"last", None]
    await channel.close()


async def test_closing_ends_the_waiting_of_whoever_sends_or_receives() -> None:
    channel, other = pair()
    receiving = asyncio.create_task(channel.receive())
    sending = asyncio.create_task(fill(channel))
    await asyncio.wait({receiving, sending}, timeout=0.1)
    assert not receiving.done()
    await channel.close()
    assert await receiving is None
    with pytest.raises(CaptureChannelBroken):
        await sending
    await channel.close()
    with pytest.raises(CaptureChannelBroken):
        await channel.send(b"closed")
    other.close()


async def fill(channel: Channel) -> None:
    while True:
        await channel.send(bytes(MESSAGE_MAX_BYTES))


async def test_after_a_cancelled_send_the_other_end_hears_no_wrong_message() -> None:
    ours, theirs = socket.socketpair()
    channel, other = Channel(ours), Channel(theirs)
    sending = asyncio.create_task(fill(channel))
    await asyncio.wait({sending}, timeout=0.1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    with pytest.raises(CaptureChannelBroken):
        await channel.send(b"more")
    with pytest.raises(CaptureChannelBroken, match="middle of a message"):
        await read_all(other)
    await channel.close()
    await other.close()


async def read_all(channel: Channel) -> None:
    while await channel.receive() is not None:
        pass


async def test_a_cancelled_receive_loses_nothing() -> None:
    channel, other = pair()
    other.sendall(b"\0\0\0\4la")
    receiving = asyncio.create_task(channel.receive())
    await asyncio.wait({receiving}, timeout=0.1)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    other.sendall(b"te")
    assert await channel.receive() == b"late"
    await channel.close()
    other.close()
