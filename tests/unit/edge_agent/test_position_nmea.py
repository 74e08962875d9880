"""Which sentences are a fix: whole ones, with the right checksum and a quality. Garbage never is, and never raises."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.position.nmea import MAX_SENTENCE_BYTES, Sentences, fix_in
from edge_agent.position.synthetic import burst

KNOWN = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"


def checked(content: str) -> bytes:
    return f"${content}*{reduce(xor, content.encode(), 0):02X}".encode("utf-8", "surrogatepass")


def gga(place: str = "4807.038,N,01131.000,E", quality: str = "1", satellites: str = "08", hdop: str = "0.9") -> bytes:
    return checked(f"GPGGA,123519,{place},{quality},{satellites},{hdop},545.4,M,46.9,M,,")


def test_a_sentence_from_the_textbook_is_a_fix() -> None:
    fix = fix_in(KNOWN)
    assert fix is not None
    assert fix.latitude_deg == pytest.approx(48 + 7.038 / 60)
    assert fix.longitude_deg == pytest.approx(11 + 31 / 60)
    assert (fix.quality, fix.satellites, fix.hdop) == (1, 8, 0.9)


def test_south_and_west_are_negative() -> None:
    fix = fix_in(gga("4852.60000,S,12323.60000,W", quality="8"))
    assert fix is not None
    assert fix.latitude_deg == pytest.approx(-48.876666667)
    assert fix.longitude_deg == pytest.approx(-123.393333333)
    assert fix.quality == 8


@pytest.mark.parametrize(
    "sentence",
    [
        gga(quality="0"),
        gga(quality="9"),
        gga(quality=""),
        gga(hdop="20.1"),
        gga(hdop="0.0"),
        gga(hdop="99.99"),
        gga(hdop="nan"),
        gga(hdop="1e1"),
        gga(hdop=""),
        gga(satellites=""),
        gga(",,,"),
        gga("4860.000,N,01131.000,E"),
        gga("9100.000,N,01131.000,E"),
        gga("9000.001,N,01131.000,E"),
        gga("4807.038,N,18100.000,E"),
        gga("4807.038,X,01131.000,E"),
        gga("4807.038,N,01131.000,N"),
        gga("-807.038,N,01131.000,E"),
        gga("4_07.038,N,01131.000,E"),
        checked("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"),
        checked("GPGGA,123519,4807.038,N,01131.000,E,1"),
        KNOWN.replace(b"*47", b"*46"),
        KNOWN.replace(b"4807", b"4808"),
        KNOWN.replace(b"*47", b""),
        KNOWN + b"\r",
        b" " + KNOWN,
        gga("4807.038,N,01131.000,E", quality="1" + " " * 60),
    ],
)
def test_anything_less_is_none(sentence: bytes) -> None:
    assert fix_in(sentence) is None


@given(st.integers(0, len(KNOWN) - 1), st.integers(1, 255))
def test_one_byte_changed_is_no_fix(position: int, change: int) -> None:
    changed = bytearray(KNOWN)
    changed[position] ^= change
    fix = fix_in(bytes(changed))
    assert fix is None or bytes(changed).upper() == KNOWN


@given(st.binary(max_size=400))
@example(b"$" * 300)
@example(b"\xb5\x62\x01\x07$GPGGA,\n\n$*\n")
def test_garbage_never_raises_and_never_is_a_fix(garbage: bytes) -> None:
    for sentence in Sentences().feed(garbage + b"\n"):
        assert len(sentence) <= MAX_SENTENCE_BYTES
        assert fix_in(sentence) is None
    assert fix_in(garbage) is None


@given(st.from_regex(r"G[PNA]GGA,[0-9.,NSEWM-]{0,90}", fullmatch=True))
@example("GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,")
def test_a_fix_is_only_ever_one_with_a_quality_and_a_place_on_earth(content: str) -> None:
    fix = fix_in(checked(content))
    if fix is not None:
        assert 1 <= fix.quality <= 8
        assert 0 < fix.hdop <= 20
        assert abs(fix.latitude_deg) <= 90
        assert abs(fix.longitude_deg) <= 180
    assert fix_in(checked(content)[:-2] + b"??") is None


@given(st.lists(st.binary(max_size=40).filter(lambda piece: b"$" not in piece), min_size=1, max_size=6), st.data())
def test_a_whole_sentence_is_found_in_any_stream_however_it_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    stream = (KNOWN + b"\r\n").join([*pieces, b""])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    sentences = Sentences()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += sentences.feed(stream[start:end])
    assert found.count(KNOWN) == len(pieces)
    assert found == Sentences().feed(stream)


def test_a_sentence_that_never_ends_takes_no_memory_and_the_next_one_counts() -> None:
    sentences = Sentences()
    for _ in range(10_000):
        assert sentences.feed(b"$GPGGA" + b"1" * 4000) == []
    assert len(sentences._begun) <= MAX_SENTENCE_BYTES
    assert sentences.feed(b"\n" + KNOWN + b"\r\n") == [KNOWN]


def test_the_synthetic_receiver_tells_a_simulated_fix_on_the_open_sea_and_none_while_it_searches() -> None:
    assert [fix_in(sentence) for sentence in Sentences().feed(burst(0, has_fix=False))] == [None, None]
    fix, nothing = (fix_in(sentence) for sentence in Sentences().feed(burst(86_399, has_fix=True)))
    assert nothing is None
    assert fix is not None
    assert (fix.quality, fix.satellites) == (8, 11)
    assert (round(fix.latitude_deg, 3), round(fix.longitude_deg, 3)) == (-48.877, -123.393)
