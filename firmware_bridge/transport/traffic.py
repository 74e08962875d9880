"""The bytes of one direction, told apart into lines that a person can read. Pure; in pieces, however they are cut.

Knows SMP on a console and raw, NMEA, UBX, a modem's AT, and text. What is none of these is counted, and only its first
byte is shown: the rest of a damaged fix is a position too. So is the rest of a line that was torn.
"""

import binascii
import re
import struct
from itertools import accumulate
from typing import Literal

from firmware_bridge.transport.masking import is_at, is_gnss, shown_gnss, shown_text
from firmware_bridge.transport.smp_glance import HEADER_BYTES, MAX_BODY_BYTES, glance, read_header

_BEGIN = b"\x06\x09"
_GO_ON = b"\x04\x14"
_UBX = b"\xb5\x62"
_MAX_CONSOLE_LINE = 256
_MAX_TEXT = 512
_MAX_UBX = 2048
_MAX_PACKET = HEADER_BYTES + MAX_BODY_BYTES + 4
_UNKNOWN_AT_ONCE = 64
_TEXT = re.compile(rb"[\t\x20-\x7e]+")
_MODEM_WORDS = re.compile(r"OK|RDY|\+C[A-Z]{2,12}: .*")
_UBX_CLASSES = {1: "NAV", 2: "RXM", 4: "INF", 5: "ACK", 6: "CFG", 10: "MON", 13: "TIM", 39: "SEC"}


Spoken = Literal["NMEA", "UBX", "AT"]
"""What devices speak without being asked."""


class Reading:
    """One direction of a line."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._packet: bytearray | None = None
        self._unknown = bytearray()
        self._torn = False
        self._spoke_gnss = False

    def feed(self, content: bytes) -> list[str]:
        """What `content` completes, a line each."""
        self._waiting += content
        said: list[str] = []
        at = 0
        while at < len(self._waiting):
            found = self._next(at)
            if found is None:
                break
            count, line = found
            self._torn = line is None or (self._torn and not line)
            if line is None:
                self._unknown += self._waiting[at : at + count]
                if len(self._unknown) >= _UNKNOWN_AT_ONCE:
                    said += self._unknown_line()
            elif line:
                said += [*self._unknown_line(), line]
            at += count
        del self._waiting[:at]
        return said

    def spoken(self, content: bytes) -> list[Spoken]:
        """What is spoken in what `content` completes; whole and undamaged, each as often as it comes."""
        return [kind for line in self.feed(content) if (kind := _spoken(line)) is not None]

    def rest(self) -> list[str]:
        """What is left when nothing more comes."""
        self._unknown += self._waiting.rstrip(b"\r\n")  # a line's end may begin a frame, so it waits
        self._waiting.clear()
        return self._unknown_line()

    def _next(self, at: int) -> tuple[int, str | None] | None:
        """How many bytes from `at` belong together and what they say: nothing for an empty line, None for what is not
        known. None when more has to come."""
        start = bytes(self._waiting[at : at + 2])
        if start in {_BEGIN, _GO_ON}:
            return self._console(at)
        if start == _UBX:
            return self._ubx(at)
        if len(start) == 1 and start in {_BEGIN[:1], _GO_ON[:1], _UBX[:1]}:
            return None
        if start[0] & ~0b1011 == 0:
            return self._raw(at)
        return self._text(at)

    def _console(self, at: int) -> tuple[int, str | None] | None:
        end = self._waiting.find(b"\n", at, at + _MAX_CONSOLE_LINE)
        if end < 0:
            return None if len(self._waiting) - at < _MAX_CONSOLE_LINE else (2, None)
        self._torn = False
        begins = self._waiting[at : at + 2] == _BEGIN
        try:
            content = binascii.a2b_base64(bytes(self._waiting[at + 2 : end]).strip(), strict_mode=True)
        except binascii.Error:
            content = b""
        return end + 1 - at, self._gathered(content, begins=begins)

    def _gathered(self, content: bytes, *, begins: bool) -> str:
        if begins:
            self._packet = bytearray()
        if self._packet is None or not content:
            self._packet = None
            return "SMP console line damaged" if not content else "SMP console line without its beginning"
        self._packet += content
        length = int.from_bytes(self._packet[:2], "big") + 2
        if length > _MAX_PACKET or len(self._packet) > length:
            self._packet = None
            return "SMP console frame damaged"
        if len(self._packet) < length or length < 2 + HEADER_BYTES + 2:
            return ""
        packet, self._packet = bytes(self._packet), None
        line = glance(packet[2:-2]) if binascii.crc_hqx(packet[2:], 0) == 0 else None
        return line or "SMP console frame damaged"

    def _ubx(self, at: int) -> tuple[int, str | None] | None:
        if len(self._waiting) - at < 6:
            return None
        kind, number, length = struct.unpack_from("<BBH", self._waiting, at + 2)
        if length > _MAX_UBX:
            return 1, None
        whole = 8 + length
        if len(self._waiting) - at < whole:
            return None
        body = bytes(self._waiting[at + 2 : at + whole - 2])
        sums = bytes((sum(body) & 0xFF, sum(accumulate(body)) & 0xFF))
        if self._waiting[at + whole - 2 : at + whole] != sums:
            return 1, None
        self._spoke_gnss = True
        return whole, f"UBX {_UBX_CLASSES.get(kind, f'{kind:02X}')} {number:02X}, {length} bytes"

    def _raw(self, at: int) -> tuple[int, str | None] | None:
        """A frame without a console around it; its first byte may also be a line's end or a tab."""
        head = bytes(self._waiting[at : at + HEADER_BYTES + 1])
        if not _may_be_header(head):
            return self._text(at)
        header = read_header(head)
        if header is None or len(self._waiting) - at < HEADER_BYTES + header.length:
            return None
        line = glance(bytes(self._waiting[at : at + HEADER_BYTES + header.length]))
        if line is None:
            return self._text(at)
        return HEADER_BYTES + header.length, line

    def _text(self, at: int) -> tuple[int, str | None] | None:
        if self._waiting[at] in b"\r\n":
            self._torn = False
            return 1, ""
        found = _TEXT.match(self._waiting, at, at + _MAX_TEXT)
        if found is None:
            return 1, None
        end = found.end()
        if end - at == _MAX_TEXT:
            return _MAX_TEXT, None
        if end == len(self._waiting):
            return None
        if self._torn or self._waiting[end] not in b"\r\n":
            return end - at, None
        return end - at, self._shown(found[0].decode("ascii"))

    def _shown(self, text: str) -> str:
        if is_at(text):
            return shown_text(text)
        if is_gnss(text) or self._spoke_gnss:
            self._spoke_gnss = True
            return shown_gnss(text)
        return shown_text(text)

    def _unknown_line(self) -> list[str]:
        if not self._unknown:
            return []
        count, first = len(self._unknown), self._unknown[0]
        self._unknown.clear()
        line = f"{count} {'byte' if count == 1 else 'bytes'} of no protocol known here"
        return [line if 0x20 <= first <= 0x7E else f"{line}, from {first:02x}"]


def _spoken(line: str) -> Spoken | None:
    if line.startswith("UBX "):
        return "UBX"
    if line.startswith("NMEA ") and not line.startswith("NMEA damaged"):
        return "NMEA"
    return "AT" if _MODEM_WORDS.fullmatch(line) else None


def _may_be_header(head: bytes) -> bool:
    """Whether `head`, of up to 9 bytes, can begin a frame whose body is a map."""
    if len(head) < 2:
        return True
    if head[1] or (len(head) >= 3 and head[2] > MAX_BODY_BYTES >> 8) or (len(head) >= 5 and head[4]):
        return False
    if len(head) < HEADER_BYTES:
        return True
    header = read_header(head)
    if header is None or header.length == 0:
        return False
    return len(head) == HEADER_BYTES or head[8] >> 5 == 5
