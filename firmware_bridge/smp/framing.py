"""How SMP's messages lie on a serial line. Pure; every length is bounded before anything waits for it.

A message is an 8-byte header (op and version, flags, length of the body, group, sequence, command) and a CBOR body.
Console framing: length (2 bytes), message, CRC-16/XMODEM, all of it in base64, in lines of at most 127 bytes: 06 09
begins the first, 04 14 each other, a newline ends each. Log text may stand between the lines, and before a line's
first byte. Raw framing: the message as it is, nothing around it and no checksum.
"""

import struct
from binascii import Error, a2b_base64, b2a_base64, crc_hqx
from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

HEADER_BYTES = 8
LINE_BYTES = 127
MESSAGE_BYTES = 8192
FIRST, NEXT = b"\x06\x09", b"\x04\x14"
FRAME_OVERHEAD_BYTES = 4
REQUESTS, REPLIES = frozenset({0, 2}), frozenset({1, 3})
Framing = Literal["console", "raw"]

_HEADER = struct.Struct("!BBHHBB")
_BASE64_A_LINE = (LINE_BYTES - len(FIRST) - 1) // 4 * 4
_RECEIVED_LINE_BYTES = 1024
_CRC_BYTES = 2


class Header(NamedTuple):
    """What a message says of itself; `length` counts the body's bytes."""

    op: int
    version: int
    length: int
    group: int
    sequence: int
    command: int


def header_of(message: bytes) -> Header | None:
    """The header at the start of `message`; None where none can be: too short, or bits set that SMP has no use for."""
    if len(message) < HEADER_BYTES:
        return None
    first, flags, length, group, sequence, command = _HEADER.unpack_from(message)
    op, version = first & 0b111, first >> 3
    if op > 3 or version > 1 or flags:
        return None
    return Header(op, version, length, group, sequence, command)


def encode_console(message: bytes) -> bytes:
    """The lines that carry `message`, at most 65,533 bytes (ValueError)."""
    if len(message) + _CRC_BYTES > 0xFFFF:
        raise ValueError(f"a message of {len(message)} bytes does not fit into a frame")
    length = (len(message) + _CRC_BYTES).to_bytes(2)
    text = b2a_base64(length + message + crc_hqx(message, 0).to_bytes(2), newline=False)
    lines = [text[at : at + _BASE64_A_LINE] for at in range(0, len(text), _BASE64_A_LINE)]
    return FIRST + (b"\n" + NEXT).join(lines) + b"\n"


def encode_raw(message: bytes) -> bytes:
    """`message` as it is."""
    return message


class Decoder(Protocol):
    """Finds messages in whatever a line brings."""

    def feed(self, content: bytes) -> list[bytes]:
        """The messages that `content` completes, in order; everything else is passed over."""
        ...

    def reset(self) -> None:
        """Forget what has come of an unfinished message."""
        ...


class ConsoleDecoder:
    """Messages of at most `most_bytes` in console framing: a damaged or interrupted one is passed over as a whole."""

    def __init__(self, most_bytes: int = MESSAGE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._line = b""
        self._wanted = 0
        self._got = bytearray()

    def feed(self, content: bytes) -> list[bytes]:
        """The messages that `content` completes."""
        *lines, rest = (self._line + content).split(b"\n")
        # The last byte may be the first half of a delimiter.
        self._line = rest if len(rest) <= _RECEIVED_LINE_BYTES else rest[-1:]
        return [message for line in lines if (message := self._after(line)) is not None]

    def reset(self) -> None:
        """Forget what has come."""
        self._line = b""
        self._drop()

    def _drop(self) -> None:
        self._wanted = 0
        self._got.clear()

    def _after(self, line: bytes) -> bytes | None:
        """The message that `line` completes. base64 holds neither delimiter, so the last one in a line is meant."""
        first, following = line.rfind(FIRST), line.rfind(NEXT)
        at = max(first, following)
        if at < 0:
            return None
        try:
            part = a2b_base64(line[at + 2 :].rstrip(b"\r"), strict_mode=True)
        except Error:
            self._drop()
            return None
        if first == at:
            part = self._begun(part)
        if not self._wanted:
            return None
        self._got += part
        return self._finished()

    def _begun(self, part: bytes) -> bytes:
        self._drop()
        length = int.from_bytes(part[:2])
        if HEADER_BYTES + _CRC_BYTES <= length <= self._most_bytes + _CRC_BYTES:
            self._wanted = length
        return part[2:]

    def _finished(self) -> bytes | None:
        if len(self._got) < self._wanted:
            return None
        whole, fits = bytes(self._got), len(self._got) == self._wanted
        self._drop()
        # A message followed by its own CRC has the CRC 0.
        return whole[:-_CRC_BYTES] if fits and crc_hqx(whole, 0) == 0 else None


class RawDecoder:
    """Messages of at most `most_bytes` without framing, whose op is one of `ops`.

    A header that can be none is passed over byte by byte. One that is noise but could be a header makes the decoder
    wait for what it claims, `most_bytes` at the most: who waits for a reply resets after his limit.
    """

    def __init__(self, most_bytes: int = MESSAGE_BYTES, ops: frozenset[int] = REPLIES) -> None:
        self._most_bytes = most_bytes
        self._ops = ops
        self._held = b""

    def feed(self, content: bytes) -> list[bytes]:
        """The messages that `content` completes."""
        held, at = self._held + content, 0
        messages: list[bytes] = []
        while len(held) - at >= HEADER_BYTES:
            end = at + self._claimed(held[at : at + HEADER_BYTES])
            if end == at:
                at += 1
            elif end <= len(held):
                messages.append(held[at:end])
                at = end
            else:
                break
        self._held = held[at:]
        return messages

    def reset(self) -> None:
        """Forget what has come."""
        self._held = b""

    def _claimed(self, start: bytes) -> int:
        """How long the message that begins so says it is, header included; 0 where none begins so."""
        header = header_of(start)
        if header is None or header.op not in self._ops or HEADER_BYTES + header.length > self._most_bytes:
            return 0
        return HEADER_BYTES + header.length


def encoder(framing: Framing) -> Callable[[bytes], bytes]:
    """What frames a message."""
    return encode_console if framing == "console" else encode_raw


def decoder(framing: Framing, most_bytes: int = MESSAGE_BYTES, ops: frozenset[int] = REPLIES) -> Decoder:
    """What finds messages of `framing`; `ops` counts for raw framing only."""
    return ConsoleDecoder(most_bytes) if framing == "console" else RawDecoder(most_bytes, ops)


def largest_message(framing: Framing, buffer_bytes: int) -> int:
    """The largest message a device with buffers of `buffer_bytes` takes: console framing's length and CRC lie in them
    as well."""
    return buffer_bytes - FRAME_OVERHEAD_BYTES if framing == "console" else buffer_bytes
