"""A receiver's stream as health figures: what is read, what is passed over, and what never gets through."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import DeviceSilent, LineOverrun
from firmware_bridge.gnss import splitting
from firmware_bridge.gnss.blanking import blank_message, blank_sentence
from firmware_bridge.gnss.figures import GnssFigures, Look
from firmware_bridge.gnss.looking import look
from firmware_bridge.gnss.splitting import MAX_SENTENCE_BYTES, Piece, Splitter
from tests.unit.firmware_bridge.gnss_streams import (
    LATITUDE,
    LONGITUDE,
    gga,
    mon_hw,
    mon_rf,
    nav_dop,
    nav_pvt,
    nav_sat,
    nav_status,
    rmc,
    sentence,
    ubx,
)

GOOD = [
    gga(),
    rmc(),
    sentence("GNGSA,A,3,01,02,03,,,,,,,,,,1.5,0.9,1.2,1"),
    sentence("GPGSV,2,1,07,03,80,040,40,04,10,220,30,05,11,111,31,06,12,112,32,1"),
    sentence("GNTXT,01,01,02,ANTSTATUS=OK"),
    nav_status(3, 0b1),
    nav_dop(90),
    nav_sat(7, 9),
    mon_rf(2, 4),
    mon_hw(3),
    nav_pvt(),
]
HAYSTACKS = st.lists(st.sampled_from(GOOD) | st.binary(max_size=40), max_size=12).map(b"".join)


def seen(*messages: bytes) -> GnssFigures:
    whole = Look()
    for piece in Splitter().feed(b"".join(messages)):
        whole.take(piece)
    return whole.figures()


@pytest.mark.parametrize(
    ("messages", "figures"),
    [
        ([gga()], GnssFigures(1, 0.9, 11)),
        ([gga(quality=0, satellites="00", hdop="99.99")], GnssFigures(0, None, 0)),
        ([gga(hdop="20.0")], GnssFigures(1, 20.0, 11)),
        ([gga(hdop="20.1")], GnssFigures(0, None, 11)),
        ([gga(satellites="", hdop="")], GnssFigures(1)),
        ([gga(quality=9)], GnssFigures()),
        ([rmc()], GnssFigures()),
        ([sentence("GNGSA,A,1,,,,,,,,,,,,,99.9,99.9,99.9,1")], GnssFigures(0)),
        ([sentence("GNGSA,A,3,01,,,,,,,,,,,,1.5,1.1,1.2,1")], GnssFigures(1, 1.1)),
        ([GOOD[3], sentence("GAGSV,1,1,04,1,1,1,1,7"), gga()], GnssFigures(1, 0.9, 11, in_view=11)),
        ([nav_status(3, 0b1), nav_dop(123)], GnssFigures(1, 1.23)),
        ([nav_status(3, 0b11)], GnssFigures(2)),
        ([nav_status(1, 0b1)], GnssFigures(6)),
        ([nav_status(3, 0), nav_dop(123)], GnssFigures(0)),
        ([nav_status(5, 0b1)], GnssFigures(0)),
        ([nav_sat(7, 9), gga()], GnssFigures(1, 0.9, 7, in_view=9)),
        ([nav_sat(0, 0)], GnssFigures(satellites=0, in_view=0)),
        ([mon_rf(2, 2)], GnssFigures(antenna="ok")),
        ([mon_rf(2, 4)], GnssFigures(antenna="open")),
        ([mon_rf(3, 4)], GnssFigures(antenna="short")),
        ([mon_rf(0)], GnssFigures(antenna="unknown")),
        ([mon_rf()], GnssFigures()),
        ([mon_hw(3)], GnssFigures(antenna="short")),
        ([mon_hw(1)], GnssFigures(antenna="unknown")),
        ([sentence("GNTXT,01,01,02,ANTSTATUS=OPEN")], GnssFigures(antenna="open")),
        ([sentence("GPTXT,01,01,02,ANTENNA SHORT")], GnssFigures(antenna="short")),
        ([sentence(f"GNTXT,01,01,02,{LATITUDE}S{LONGITUDE}W")], GnssFigures()),
        ([nav_pvt()], GnssFigures()),
        ([ubx((0x01, 0x02), bytes(28))], GnssFigures()),
        ([gga()[:-4] + b"00\r\n"], GnssFigures()),
    ],
)
def test_a_stream_becomes_figures(messages: list[bytes], figures: GnssFigures) -> None:
    assert seen(*messages) == figures


def test_figures_have_the_names_of_a_health_report_and_unknown_ones_are_left_out() -> None:
    assert GnssFigures(1, 0.9, 7, "ok", 12).health() == {
        "gnss_fix_quality": 1,
        "gnss_hdop": 0.9,
        "gnss_satellites": 7,
        "gnss_antenna": "ok",
    }
    assert GnssFigures(0).health() == {"gnss_fix_quality": 0}


def test_a_fix_is_blanked_to_what_a_figure_needs() -> None:
    assert blank_sentence(gga().rstrip()) == sentence("GNGGA,,,,,,1,11,0.9,,,,,,").rstrip()
    assert blank_sentence(rmc().rstrip()) is None
    assert blank_sentence(GOOD[3].rstrip()) == sentence("GPGSV,2,1,07,,,,,,,,,,,,,,,,,").rstrip()


def test_directions_of_satellites_are_zeroed_and_the_message_stays_whole() -> None:
    blanked = blank_message(nav_sat(1, 2))
    assert blanked[6 + 8 + 3 : 6 + 8 + 6] == bytes(3)
    assert [piece.content for piece in Splitter().feed(blanked)] == [blanked]


@given(HAYSTACKS)
def test_no_parser_is_shown_a_place(stream: bytes) -> None:
    shown: list[bytes] = []

    class Noting:
        @staticmethod
        def parse(message: bytes) -> None:
            shown.append(message)

    with pytest.MonkeyPatch.context() as patched:
        for reader in ("NMEAReader", "UBXReader"):
            patched.setattr(f"firmware_bridge.gnss.figures.{reader}", Noting)
        seen(stream)
    assert not any(part in message for message in shown for part in (b"4852", b"12323", b"RMC", b"\x01\x07"))


@given(HAYSTACKS, st.lists(st.integers(1, 60), max_size=40))
def test_however_a_stream_is_cut_the_same_messages_come_out(stream: bytes, cuts: list[int]) -> None:
    splitter = Splitter()
    at = 0
    pieces: list[Piece] = []
    for size in cuts:
        pieces += splitter.feed(stream[at : at + size])
        at += size
    pieces += splitter.feed(stream[at:])
    assert pieces == Splitter().feed(stream)


@given(st.binary(max_size=4000))
def test_any_bytes_give_figures_in_their_ranges_or_none(stream: bytes) -> None:
    figures = seen(stream)
    assert figures.hdop is None or 0 < figures.hdop <= 20
    assert figures.fix_quality is None or 0 <= figures.fix_quality <= 8


@given(st.sampled_from(GOOD), st.integers(0, 200), st.integers(0, 255))
def test_a_message_that_is_damaged_takes_no_other_with_it(message: bytes, place: int, value: int) -> None:
    damaged = bytearray(message)
    damaged[place % len(message)] = value
    # A length that lies may swallow what follows until as much has come; nothing that was swallowed is lost.
    stream = bytes(damaged) + bytes(4000) + gga()
    assert gga().rstrip() in [piece.content for piece in Splitter().feed(stream)]


def test_messages_that_announce_more_than_comes_are_held_no_longer_than_they_can_be() -> None:
    splitter = Splitter()
    liar = b"\xb5\x62\x01\x35" + (8 + 12 * 255).to_bytes(2, "little")
    splitter.feed(liar * 2000)
    assert len(splitter._kept) <= 8 + 8 + 12 * 255
    assert [piece.kind for piece in splitter.feed(bytes(4000) + gga())] == ["nmea"]


def test_a_line_that_does_not_end_is_let_go() -> None:
    splitter = Splitter()
    splitter.feed(b"$" + b"A" * (MAX_SENTENCE_BYTES + 1))
    assert splitter._kept == b""


def test_a_message_is_not_shown() -> None:
    assert repr(Piece("nmea", gga())) == f"Piece('nmea', {len(gga())} bytes)"


class Script:
    """Gives one piece after another, then nothing for ever."""

    name = "receiver"

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = list(pieces)

    async def read(self) -> bytes:
        if not self._pieces:
            await asyncio.Event().wait()
        piece = self._pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


async def test_a_look_ends_when_a_whole_turn_was_heard() -> None:
    turn = sentence("GAGSV,1,1,04,1,1,1,1,7") * 2 + gga()
    assert await look(Script(turn, turn), 30.0) == GnssFigures(1, 0.9, 11, in_view=4)


async def test_a_look_says_what_it_heard_when_its_time_is_over() -> None:
    assert await look(Script(gga()), 0.05) == GnssFigures(1, 0.9, 11)


async def test_a_look_goes_on_after_bytes_were_dropped() -> None:
    heard = await look(Script(gga()[:20], LineOverrun("receiver", 5), gga()[20:], gga(), gga()), 30.0)
    assert heard == GnssFigures(1, 0.9, 11)


async def test_noise_alone_is_silence_and_the_error_shows_none_of_it() -> None:
    with pytest.raises(DeviceSilent) as silent:
        await look(Script(b"\xff" * 40 + rmc() + nav_pvt()), 0.05)
    assert LATITUDE not in str(silent.value)
    assert LONGITUDE not in str(silent.value)


def test_a_stream_of_beginnings_is_not_added_up_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[int] = []

    def noted(content: bytes) -> bytes:
        added.append(len(content))
        return bytes(2)

    monkeypatch.setattr(splitting, "checks", noted)
    beginnings = b"\xb5\x62\x01\x35\xfc\x0b" * 4000
    assert Splitter().feed(beginnings) == []
    assert sum(added) <= 2 * len(beginnings)
