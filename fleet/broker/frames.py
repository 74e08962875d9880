"""One MQTT packet at a time from a stream, its length judged before it is waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fleet.broker.errors import PeerFault

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 10, 12, 14
_FIXED_FLAGS = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}
_MAX_LENGTH_BYTES = 4

ReadExactly = Callable[[int], Awaitable[bytes]]


class Frame(NamedTuple):
    """One packet: its type, the low four bits of its first byte, and what follows the length."""

    packet_type: int
    flags: int
    body: bytes


def judge_first_byte(first: int) -> tuple[int, int]:
    """Packet type and flags of a first byte; raises PeerFault `malformed` for what no client may send here.

    Packets of quality of service 2 are not part of the contract, so PUBREC, PUBREL and PUBCOMP are refused too.
    """
    packet_type, flags = first >> 4, first & 0x0F
    if packet_type != PUBLISH and _FIXED_FLAGS.get(packet_type) != flags:
        raise PeerFault("malformed", f"packet type {packet_type} with flags {flags:#06b}")
    return packet_type, flags


async def read_frame(read_exactly: ReadExactly, limit_bytes: int) -> Frame | None:
    """The next packet, None when the stream ends between two packets.

    Raises PeerFault: `malformed`, `too-large` (more than `limit_bytes` after the length, found before they are
    read), `cut-short` (the stream ends inside a packet).
    """
    try:
        first = (await read_exactly(1))[0]
    except asyncio.IncompleteReadError:
        return None
    packet_type, flags = judge_first_byte(first)
    try:
        length = await _read_length(read_exactly)
        if length > limit_bytes:
            raise PeerFault("too-large", f"packet of {length} bytes, the limit is {limit_bytes}")
        return Frame(packet_type, flags, await read_exactly(length))
    except asyncio.IncompleteReadError as error:
        raise PeerFault("cut-short", "the stream ended inside a packet") from error


async def _read_length(read_exactly: ReadExactly) -> int:
    length = 0
    for position in range(_MAX_LENGTH_BYTES):
        byte = (await read_exactly(1))[0]
        length |= (byte & 0x7F) << (7 * position)
        if not byte & 0x80:
            return length
    raise PeerFault("malformed", "length of more than four bytes")
