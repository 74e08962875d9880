"""Cuts a receiver's stream, of NMEA and UBX in any mixture and with any noise between, into whole messages. Pure."""

import re
from collections.abc import Iterator
from itertools import accumulate
from operator import mul
from typing import Literal, NamedTuple

MAX_SENTENCE_BYTES = 120
"""With the `$` and without the line end. NMEA 0183 allows 82; receivers of high precision take some more."""

NAV_STATUS = (0x01, 0x03)
NAV_DOP = (0x01, 0x04)
NAV_SAT = (0x01, 0x35)
MON_HW = (0x0A, 0x09)
MON_RF = (0x0A, 0x38)
UBX_FRAME_BYTES = 8
"""Two signs that begin it, class, id, length of the payload (16 bits, little-endian), two checks at the end."""

_MAX_BLOCKS = 255
_PAYLOADS: dict[tuple[int, int], tuple[int, int]] = {
    # Bytes that are always there, and bytes of each block that may follow; u-blox M8 to F9 say the same of both.
    NAV_STATUS: (16, 0),
    NAV_DOP: (18, 0),
    NAV_SAT: (8, 12),
    MON_RF: (4, 24),
}
_MON_HW_PAYLOADS = (60, 68)
_START = re.compile(rb"\$|\xb5\x62")
_NO_TEXT = re.compile(rb"[^\x20-\x23\x25-\x7e]")


class Piece(NamedTuple):
    """One message, as it came but for its line end. A UBX message is one of those named above, with right checks; what
    a sentence is, and whether its checksum is right, has still to be seen."""

    kind: Literal["nmea", "ubx"]
    content: bytes

    def __repr__(self) -> str:
        """Without the content, which may tell a place."""
        return f"Piece({self.kind!r}, {len(self.content)} bytes)"


class Splitter:
    """Keeps less than one message between two calls. A length that lies costs its own message and no other."""

    def __init__(self) -> None:
        """Begin wherever the stream is."""
        self._kept = b""

    def feed(self, content: bytes) -> list[Piece]:
        """The messages that `content` completes. Never raises."""
        return list(self._cut(self._kept + content))

    def _cut(self, stream: bytes) -> Iterator[Piece]:
        at = 0
        sums: _Sums | None = None
        while (found := _START.search(stream, at)) is not None:
            at = found.start()
            if stream[at] == 0x24:
                end = _sentence_end(stream, at)
            else:
                sums = sums or _Sums(stream)
                end = _message_end(stream, at, sums)
            if end is None:
                self._kept = stream[at:]
                return
            if end < 0:
                at += 1
                continue
            if stream[at] == 0x24:
                yield Piece("nmea", stream[at:end].rstrip(b"\r\n"))
            else:
                yield Piece("ubx", stream[at:end])
            at = end
        self._kept = stream[-1:] if stream.endswith(b"\xb5") else b""


def _sentence_end(stream: bytes, at: int) -> int | None:
    """Where the sentence that begins at `at` ends; None when it is not all there, -1 when it is none."""
    foreign = _NO_TEXT.search(stream, at + 1, at + 1 + MAX_SENTENCE_BYTES)
    if foreign is None:
        return None if len(stream) - at <= MAX_SENTENCE_BYTES else -1
    end = foreign.start()
    if stream[end : end + 1] == b"\r":
        if end + 1 == len(stream):
            return None
        end += 1
    return end + 1 if stream[end : end + 1] == b"\n" else -1


class _Sums:
    """The check bytes of any part of a stream, each at the same small cost: a stream in which every few bytes begin a
    long message that is none would else be added up hundreds of times."""

    def __init__(self, stream: bytes) -> None:
        self._plain = list(accumulate(stream, initial=0))
        self._summed = list(accumulate(self._plain, initial=0))

    def checks(self, start: int, end: int) -> bytes:
        """As `checks` of the stream from `start` to `end`."""
        before = self._plain[start]
        weighted = self._summed[end + 1] - self._summed[start + 1] - (end - start) * before
        return bytes((self._plain[end] - before & 0xFF, weighted & 0xFF))


def _message_end(stream: bytes, at: int, sums: _Sums) -> int | None:
    """As `_sentence_end`, for UBX. A message that nobody wants is none: what is in it is looked through like noise."""
    head = stream[at + 2 : at + 6]
    if len(head) < 4:
        return None
    payload_bytes = head[2] | head[3] << 8
    if not _is_wanted((head[0], head[1]), payload_bytes):
        return -1
    end = at + UBX_FRAME_BYTES + payload_bytes
    if end > len(stream):
        return None
    return end if sums.checks(at + 2, end - 2) == stream[end - 2 : end] else -1


def _is_wanted(name: tuple[int, int], payload_bytes: int) -> bool:
    if name == MON_HW:
        return payload_bytes in _MON_HW_PAYLOADS
    if name not in _PAYLOADS:
        return False
    always, block = _PAYLOADS[name]
    blocks_bytes = payload_bytes - always
    if not block or blocks_bytes <= 0:
        return blocks_bytes == 0
    return blocks_bytes % block == 0 and blocks_bytes // block <= _MAX_BLOCKS


def checks(content: bytes) -> bytes:
    """The two check bytes of UBX over class, id, length and payload (8-bit Fletcher, RFC 1145)."""
    weighted = sum(map(mul, content, range(len(content), 0, -1)))
    return bytes((sum(content) & 0xFF, weighted & 0xFF))
