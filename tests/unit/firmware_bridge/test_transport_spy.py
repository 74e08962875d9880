"""The spy: readable, never a position, never a secret, whatever the bytes are and however they are cut."""

import binascii
import io
import re
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_bridge.transport.masking import masked, shown_text
from firmware_bridge.transport.smp_glance import glance
from firmware_bridge.transport.spy import MAX_LINE_SIGNS, Spy
from firmware_bridge.transport.traffic import Reading

LATITUDE, LONGITUDE = "4852.60123", "12323.60456"
DEGREES = "-48.876687"


def sentence(body: str) -> bytes:
    total = 0
    for octet in body.encode():
        total ^= octet
    return f"${body}*{total:02X}\r\n".encode()


def ubx(kind: int, number: int, payload: bytes) -> bytes:
    body = struct.pack("<BBH", kind, number, len(payload)) + payload
    first = second = 0
    for octet in body:
        first = (first + octet) & 0xFF
        second = (second + first) & 0xFF
    return b"\xb5\x62" + body + bytes((first, second))


def frame(operation: int, group: int, command: int, body: bytes, sequence: int = 7) -> bytes:
    return struct.pack("!BBHHBB", operation, 0, len(body), group, sequence, command) + body


def console(message: bytes) -> bytes:
    packet = message + binascii.crc_hqx(message, 0).to_bytes(2, "big")
    packet = len(packet).to_bytes(2, "big") + packet
    pieces = [packet[at : at + 90] for at in range(0, len(packet), 90)]
    marks = [b"\x06\x09"] + [b"\x04\x14"] * (len(pieces) - 1)
    return b"".join(mark + binascii.b2a_base64(piece) for mark, piece in zip(marks, pieces, strict=True))


GGA = sentence(f"GNGGA,120000.00,{LATITUDE},S,{LONGITUDE},W,1,09,0.92,11.2,M,7.3,M,,")
POSITION = ubx(1, 7, struct.pack("<IHBBBBBBIiBBBBiiii", 1, 2026, 1, 1, 1, 1, 1, 7, 1, 1, 3, 1, 0, 9, 77, 88, 5, 5))
UPLOAD = frame(2, 1, 1, b"\xa4\x63off\x19\x04\x00\x63len\x19\xa0\x00\x64data\x58\x28" + bytes(40) + b"\x65image\x00")
REFUSED = frame(3, 1, 1, b"\xbf\x63err\xbf\x65group\x01\x62rc\x0a\xff\xff")
PIECES = [
    GGA,
    sentence(f"GNRMC,120000.00,A,{LATITUDE},S,{LONGITUDE},W,0.1,,231126,,,A"),
    sentence(f"PUBX,00,120000.00,{LATITUDE},S,{LONGITUDE},W,11.2,G3,1,1,1"),
    f"+CGPSINFO: {LATITUDE},S,{LONGITUDE},W,231126,120000.0,11.2,0.0,\r\nOK\r\n".encode(),
    f"+QGPSLOC: 120000.0,{DEGREES},{DEGREES[1:]},0.9,11.2,3\r\n".encode(),
    f"fix at {DEGREES} 123.39341\r\n".encode(),
    b'AT+CPIN="4852"\r\n',
    b"AT+CSQ\r\n",
    POSITION,
    UPLOAD,
    console(UPLOAD),
    console(REFUSED),
]
HIDDEN = re.compile(r"4852|2323|48\.8|\d{3}\.\d|\d\.\d{3}")


def said(content: bytes, *cuts: int) -> list[str]:
    reading, lines, before = Reading(), [], 0
    for cut in [*sorted(cuts), len(content)]:
        lines += reading.feed(content[before:cut])
        before = cut
    return lines + reading.rest()


@pytest.mark.parametrize(
    "body", ["GPGGA,,,,,,48.52,23.23,", "GPRMC,,48.52,A", "GPGLL,,,,,,48.52", "PQGGA,1,2,3,4,5,48,23,4.8"]
)
def test_a_place_in_a_field_of_quality_is_not_shown(body: str) -> None:
    assert not re.search("48|23", " ".join(said(sentence(body))))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (GGA, ["NMEA GNGGA quality 1, satellites 09, HDOP 0.92"]),
        (GGA.replace(b"*", b",*"), [f"NMEA damaged, {len(GGA) - 1} signs"]),
        (sentence("GNGSA,A,3,01,02,,,,,,,,,,,1.8,0.9,1.5"), ["NMEA GNGSA fix 3, PDOP 1.8, HDOP 0.9, VDOP 1.5"]),
        (POSITION, [f"UBX NAV 07, {len(POSITION) - 8} bytes"]),
        (UPLOAD, ["SMP write image upload #7: image 0, off 1024, len 40960, data 40 bytes"]),
        (console(UPLOAD), ["SMP write image upload #7: image 0, off 1024, len 40960, data 40 bytes"]),
        (REFUSED, ["SMP write answer image upload #7: error 10 of group 1"]),
        (frame(0, 0, 6, b"\xa0"), ["SMP read os parameters #7"]),
        (frame(3, 64, 1, b"\xa1\x62ms\x19\x03\xe8"), ["SMP write answer unit sensor-power #7: ms 1000"]),
        (console(UPLOAD).replace(b"AAAAA", b"AABAA", 1), ["SMP console frame damaged"]),
        (b"\x06\x09!!!\n", ["SMP console line damaged"]),
        (b"\x04\x14QUFB\n", ["SMP console line without its beginning"]),
        (b"AT+CSQ\r\n+CSQ: 21,99\r\n\r\nOK\r\n", ["AT+CSQ", "+CSQ: 21,99", "OK"]),
        (b'+CEREG: 2,1,"1A2B","01C3D4E5",7\r\n', ["+CEREG: 2,1,—"]),
        (b'AT+CPIN="1234"\r', ["AT+CPIN=—"]),
        (b"AT+CPIN=1234;+CSQ\r", ["AT+CPIN=—"]),
        (b"atd07700900123;\r", ["ATd=—"]),
        (b"AT+CEREG=2\r", ["AT+CEREG=2"]),
        (b"AT+CPIN?\r+CPIN: READY\r\n", ["AT+CPIN?", "+CPIN: READY"]),
        (b"+CME ERROR: 10\r\n", ["+CME ERROR: 10"]),
        (b"490154203237518\r\n", ["—"]),
        (b"watchdog set, 13 ms\r\n", ["watchdog set, 13 ms"]),
        (b"wifi psk = correct horse\r\n", ["wifi psk —"]),
        (b"\xff\xfe\xff", ["3 bytes of no protocol known here, from ff"]),
        (b"half a li", ["9 bytes of no protocol known here"]),
        (b"48\xff.8766 torn\r\nwhole\r\n", ["13 bytes of no protocol known here", "whole"]),
        (
            b"x" * 600 + b" 48.87\r\nwhole\r\n",
            ["512 bytes of no protocol known here", "94 bytes of no protocol known here", "whole"],
        ),
    ],
)
def test_what_is_known_is_told_in_a_line(content: bytes, lines: list[str]) -> None:
    assert said(content) == lines
    assert said(content, *range(len(content))) == lines


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.lists(st.integers(0, 2000), max_size=12))
def test_however_it_is_cut_it_says_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    content = b"".join(pieces)
    assert said(content, *(cut for cut in cuts if cut < len(content))) == said(content)


DAMAGE = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 3000), st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("cut"), st.integers(0, 3000), st.binary(min_size=1, max_size=40)),
)


@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=64)), max_size=8),
    st.lists(DAMAGE, max_size=6),
    st.lists(st.integers(0, 3000), max_size=8),
)
@example([b"\x00\x00", GGA[9:]], [], [])
@example([b"fix at -48.876687 123.1\r\n"], [], [])
@example([GGA[:20] + b"\xff" + GGA[20:]], [], [])
@example([b"OK\r\n", POSITION[:-1]], [], [])
def test_whatever_comes_nothing_is_raised_and_no_place_is_shown(
    pieces: list[bytes], damage: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    content = b"".join(pieces)
    for kind, at, octets in damage:
        where = at % (len(content) + 1)
        content = (
            content[:where] + (octets if kind == "put" else b"") + content[where + len(octets) * (kind == "cut") :]
        )
    seen = io.StringIO()
    spy = Spy(seen, now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    before = 0
    for cut in [*sorted(cuts), len(content)]:
        spy.heard(content[before:cut])
        spy.said(content[before:cut])
        before = max(before, cut)
    spy.flush()
    for line in seen.getvalue().splitlines():
        assert len(line) <= MAX_LINE_SIGNS + len("00:00:00.000 ← ")
        assert re.fullmatch(r"00:00:00\.000 [→←] [^\x00-\x1f\x7f-\x9f]+", line)
        if "SMP" not in line:
            assert HIDDEN.search(line[13:]) is None, line


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=500))
def test_no_text_shows_a_long_number(text: str) -> None:
    assert re.search(r"\d{4}|\d\.\d\d", shown_text(text)) is None
    assert re.search(r"\d{4}|\d\.\d\d", masked(text)) is None


@given(st.binary(max_size=200))
def test_a_glance_never_raises(body: bytes) -> None:
    glance(frame(0, 0, 0, body))


@pytest.mark.parametrize("body", [b"\xbf" * 4000, b"\x9f" * 4000, b"\xa1\x61a" + b"\xc1" * 4000, b"\xbb" + b"\xff" * 8])
def test_bodies_that_nest_or_promise_without_end_are_none(body: bytes) -> None:
    assert glance(frame(0, 0, 0, body)) is None


def test_memory_stays_bounded_when_nothing_ever_ends() -> None:
    for endless in (
        b"\x06\x09" + b"A" * 200,
        b"\xb5\x62\x01\x07\xff\x0f",
        b"a" * 100,
        b"\x02\x00\x1f\xff\x00\x01\x00\x01\xa1",
    ):
        reading = Reading()
        for _ in range(2000):
            reading.feed(endless)
        assert len(reading._waiting) < 16 * 1024
        assert len(reading._unknown) < 1024
        assert len(reading._packet or b"") < 16 * 1024


def test_a_stream_that_fails_stops_the_spy_and_nothing_else() -> None:
    stream = io.StringIO()
    spy = Spy(stream)
    stream.close()
    spy.heard(b"OK\r\n")
    spy.heard(b"OK\r\n")
    assert isinstance(spy.failure, ValueError)
