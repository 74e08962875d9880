"""Both framings: whatever lies around a message and however it is cut, the message is found; nothing else is."""

from base64 import b64encode
from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smp import packet

from firmware_bridge.smp import framing
from firmware_bridge.smp.framing import ConsoleDecoder, Decoder, Framing, RawDecoder, encode_console, header_of

FRAMINGS: tuple[Framing, ...] = ("console", "raw")
LOG = b"[00:00:01.000,000] <inf> unit: supply 12.4 V\r\n"


def message(body: bytes, op: int = 1) -> bytes:
    return bytes([op | 8, 0, *len(body).to_bytes(2), 0, 1, 7, 0]) + body


def cut(content: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(content) + 1) for place in places} | {len(content)})
    return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def fed(decoder: Decoder, pieces: list[bytes]) -> list[bytes]:
    return [found for piece in pieces for found in decoder.feed(piece)]


bodies = st.binary(max_size=600)
places = st.lists(st.integers(0, 5000), max_size=8)


@pytest.mark.parametrize("wire", FRAMINGS)
@given(sent=st.lists(bodies, max_size=4), places=places)
def test_what_is_encoded_is_decoded_however_it_is_cut(wire: Framing, sent: list[bytes], places: list[int]) -> None:
    messages = [message(body) for body in sent]
    wired = b"".join(map(framing.encoder(wire), messages))
    assert fed(framing.decoder(wire), cut(wired, places)) == messages


@given(body=bodies)
def test_console_lines_are_short_and_smp_reads_them(body: bytes) -> None:
    lines = encode_console(message(body)).splitlines(keepends=True)
    assert all(len(line) <= 127 for line in lines)
    reader = packet.decode()
    next(reader)
    for line in lines[:-1]:
        reader.send(line)
    with pytest.raises(StopIteration) as read:
        reader.send(lines[-1])
    assert read.value.value == message(body)


@given(body=bodies, length=st.sampled_from([8, 64, 127, 128]))
def test_console_lines_of_others_are_read_at_any_length(body: bytes, length: int) -> None:
    wired = b"".join(packet.encode(message(body), line_length=length))
    assert ConsoleDecoder().feed(wired) == [message(body)]


@given(body=bodies, noise=st.binary(max_size=300), places=places)
def test_log_text_and_noise_before_a_message_do_no_harm(body: bytes, noise: bytes, places: list[int]) -> None:
    wired = noise + b"\n" + LOG + b"uart:~$ " + encode_console(message(body))
    assert fed(ConsoleDecoder(), cut(wired, places))[-1:] == [message(body)]


@given(body=st.binary(min_size=200, max_size=600))
def test_log_lines_between_a_message_s_lines_do_no_harm(body: bytes) -> None:
    wired = LOG.join(encode_console(message(body)).splitlines(keepends=True))
    assert ConsoleDecoder().feed(wired.replace(b"\n", b"\r\n")) == [message(body)]


@given(first=st.binary(min_size=200, max_size=600), second=bodies, at=st.integers(1, 1000))
def test_half_a_message_is_passed_over_and_the_next_is_found(first: bytes, second: bytes, at: int) -> None:
    half = encode_console(message(first))[:-1][:at]
    assert ConsoleDecoder().feed(half + encode_console(message(second))) == [message(second)]


@given(body=bodies, where=st.integers(0, 5000), value=st.integers(0, 255))
def test_a_damaged_byte_costs_the_message_or_nothing(body: bytes, where: int, value: int) -> None:
    wired = bytearray(encode_console(message(body)))
    wired[where % len(wired)] = value
    assert ConsoleDecoder().feed(bytes(wired) + b"\n") in ([], [message(body)])


@pytest.mark.parametrize("wire", FRAMINGS)
@given(noise=st.lists(st.binary(max_size=2000), max_size=6), body=st.binary(max_size=64))
def test_any_bytes_are_taken_and_a_message_after_a_reset_is_found(
    wire: Framing, noise: list[bytes], body: bytes
) -> None:
    decoder = framing.decoder(wire, 256)
    for piece in noise:
        assert all(len(found) <= 256 for found in decoder.feed(piece))
    decoder.reset()
    assert decoder.feed(framing.encoder(wire)(message(body))) == [message(body)]


@pytest.mark.parametrize("length", [0, 9, 75, 0xFFFF])
def test_a_length_that_can_not_be_is_not_waited_for(length: int) -> None:
    liar = framing.FIRST + b64encode(length.to_bytes(2) + bytes(62)) + b"\n"
    decoder = ConsoleDecoder(most_bytes=72)
    assert decoder.feed(liar) == []
    assert decoder.feed(encode_console(message(b""))) == [message(b"")]


def test_a_message_of_the_largest_size_passes_and_one_more_byte_does_not() -> None:
    largest, larger = message(bytes(64)), message(bytes(65))
    assert ConsoleDecoder(72).feed(encode_console(largest) + encode_console(larger)) == [largest]
    assert RawDecoder(72).feed(largest) == [largest]
    assert RawDecoder(72).feed(larger) == []


def test_what_is_held_stays_small_however_much_comes() -> None:
    console, raw = ConsoleDecoder(), RawDecoder()
    for decoder in (console, raw):
        for _ in range(200):
            decoder.feed(b"A" * 4096)
    assert len(console._line) <= 1024
    assert len(raw._held) < framing.HEADER_BYTES
    for _ in range(200):
        console.feed(framing.NEXT + b"QUJD" * 30 + b"\n")
    assert console._got == b""


def test_a_wrong_checksum_costs_the_message() -> None:
    whole = message(b"body")
    crc = (crc_hqx(whole, 0) ^ 1).to_bytes(2)
    wired = framing.FIRST + b64encode((len(whole) + 2).to_bytes(2) + whole + crc) + b"\n"
    assert ConsoleDecoder().feed(wired) == []


def test_raw_noise_that_can_be_no_header_is_passed_over() -> None:
    assert RawDecoder().feed(b"\xff\x05boot\x00" + message(b"\xa0")) == [message(b"\xa0")]
    assert RawDecoder().feed(message(b"\xa0", op=2)) == []
    assert RawDecoder(ops=framing.REQUESTS).feed(message(b"\xa0", op=2)) == [message(b"\xa0", op=2)]


def test_a_header_tells_what_it_holds_or_nothing() -> None:
    header = header_of(message(b"abc", op=3))
    assert header == framing.Header(op=3, version=1, length=3, group=1, sequence=7, command=0)
    for wrong in (b"", bytes(7), b"\x04" + bytes(7), b"\x10" + bytes(7), b"\x01\x01" + bytes(6)):
        assert header_of(wrong) is None


def test_console_framing_takes_four_bytes_of_a_buffer() -> None:
    assert framing.largest_message("console", 384) == 380
    assert framing.largest_message("raw", 384) == 384


def test_a_message_too_long_for_a_frame_is_refused() -> None:
    assert encode_console(bytes(65_533))
    with pytest.raises(ValueError, match="65534 bytes"):
        encode_console(bytes(65_534))
