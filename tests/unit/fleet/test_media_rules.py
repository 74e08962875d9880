"""The relay's pure rules: when a stream ends, what its figures are, what a thin line may carry, TURN credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.media.figures import Meter, Received
from fleet.media.frames import EncodedFrame
from fleet.media.h264 import PictureFormat
from fleet.media.ice import turn_server
from fleet.media.peers import read_description, without_names
from fleet.media.profiles import KNOWN, Payload, chosen, shown_to_aiortc, shown_to_browser
from fleet.media.strain import Strain
from fleet.media.thrift import MAX_QUALITY, MIN_QUALITY, Thrift
from fleet.media.vigil import Seen, Vigil, VigilLimits

LIMITS = VigilLimits(answer_s=30, connect_s=15, silence_s=5, give_up_s=2)
SECRET = "0123456789abcdef0123456789abcdef"


def test_a_stream_ends_when_it_waits_too_long_in_any_state() -> None:
    vigil = Vigil(LIMITS, 0)
    vigil.look(Seen(answered=False, live=False), 29)
    assert vigil.end_reason(30) is None
    assert vigil.end_reason(30.1) == "no-answer"
    vigil.look(Seen(answered=True, live=False), 31)
    assert vigil.end_reason(46) is None
    assert vigil.end_reason(46.1) == "not-connected"
    vigil.look(Seen(answered=True, live=True, packets=1), 50)
    assert vigil.end_reason(55) is None
    assert vigil.end_reason(55.1) == "no-packets"
    vigil.look(Seen(answered=True, live=True, packets=2), 56)
    assert vigil.end_reason(60) is None


def test_lost_packets_are_given_up_when_they_have_held_up_the_picture_too_long() -> None:
    vigil = Vigil(LIMITS, 0)
    vigil.look(Seen(answered=True, live=True, packets=8, pictures=3), 10)
    told = []
    for tick in range(1, 26):
        vigil.look(Seen(answered=True, live=True, packets=8 + tick, pictures=3, missing=2), 10 + tick / 10)
        told.append(vigil.gives_up(10 + tick / 10))
    assert told.count(True) == 1
    assert told.index(True) == 20
    vigil.look(Seen(answered=True, live=True, packets=40, pictures=4, missing=2), 13)
    assert not vigil.gives_up(14.9)


@given(st.lists(st.tuples(st.floats(0.01, 10), st.booleans()), max_size=40))
def test_a_stream_ends_for_silence_if_and_only_if_it_was_silent(steps: list[tuple[float, bool]]) -> None:
    vigil, now_s, packets, heard_s = Vigil(LIMITS, 0), 0.0, 1, 0.0
    vigil.look(Seen(answered=True, live=True, packets=packets), now_s)
    for wait_s, packet in steps:
        now_s += wait_s
        if packet:
            packets, heard_s = packets + 1, now_s
        vigil.look(Seen(answered=True, live=True, packets=packets), now_s)
        assert (vigil.end_reason(now_s) == "no-packets") == (now_s - heard_s > LIMITS.silence_s)


def test_figures_are_those_of_the_last_two_seconds() -> None:
    meter = Meter()
    for second in range(6):
        figures = meter.figures(
            second,
            {"video": Received(packets=second * 95, expected=second * 100, jitter_ticks=900)},
            PictureFormat("42c01f", 640, 480),
        )
        for _ in range(25):
            meter.frame(EncodedFrame("video", bytes(1000), pts=0, is_keyframe=True))
    meter.pinged(80.0)
    meter.pinged(None)
    assert (figures.fps, figures.kbit_s, figures.loss_percent, figures.jitter_ms) == (25, 200, 5, 10)
    assert (figures.width, figures.height) == (640, 480)
    assert meter.figures(6, {}, None).rtt_ms == 80


def test_nothing_counted_is_nothing_known() -> None:
    figures = Meter().figures(0, {}, None)
    assert (figures.fps, figures.loss_percent, figures.rtt_ms, figures.width) == (None, None, None, None)


@given(
    st.floats(0.2, 10),
    st.floats(4, 500),
    st.lists(st.tuples(st.floats(0, 1), st.integers(300, 60_000)), min_size=1, max_size=80),
)
def test_a_thin_line_carries_no_more_than_its_budget_and_one_picture(
    rate: float, kbit_s: float, steps: list[tuple[float, int]]
) -> None:
    thrift, now_s, spent = Thrift(rate, kbit_s), 0.0, []
    for wait_s, size in steps:
        now_s += wait_s
        if thrift.is_due(now_s):
            thrift.spent(size, now_s)
            spent.append((now_s, size))
        assert MIN_QUALITY <= thrift.quality <= MAX_QUALITY
    assert sum(size for _, size in spent[:-1]) * 8 <= kbit_s * 1000 * (now_s - spent[0][0]) + 1
    assert len(spent) <= now_s * rate + 1.001


def test_quality_falls_on_a_thin_line_and_comes_back() -> None:
    thrift, now_s = Thrift(2, 32), 0.0
    qualities = []
    for size in [6000] * 6 + [500] * 20:
        now_s += 10
        thrift.spent(size, now_s)
        qualities.append(thrift.quality)
    assert qualities[5] == MIN_QUALITY
    assert qualities[-1] == MAX_QUALITY


def test_turn_credentials_are_those_of_the_turn_rest_api() -> None:
    server = turn_server(
        ["turn:turn.example:3478?transport=udp"], SECRET, "open-1", now_s=1_700_000_000, lifetime_s=600
    )
    assert server.username == "1700000600:open-1"
    # printf %s 1700000600:open-1 | openssl dgst -sha1 -hmac "$SECRET" -binary | base64
    assert server.credential == "rRFy3U4xaWOvgpmNRAtUogElC0Y="
    assert server.urls == ["turn:turn.example:3478?transport=udp"]


@pytest.mark.parametrize(
    ("secret", "name", "lifetime_s"), [("short", "a", 60), (SECRET, "a:b", 60), (SECRET, "", 60), (SECRET, "a", 0)]
)
def test_credentials_that_would_not_do_are_not_made(secret: str, name: str, lifetime_s: int) -> None:
    with pytest.raises(ValueError, match=r"secret|credentials"):
        turn_server(["turn:x"], secret, name, 0, lifetime_s)


@given(st.text(max_size=400))
def test_a_text_that_is_no_description_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        read_description(text)


def test_names_are_taken_out_of_a_description_and_addresses_stay() -> None:
    name = "a=candidate:1 1 udp 2113937151 0f9d1c2e-aaaa-bbbb-cccc-0123456789ab.local 50000 typ host generation 0\r\n"
    address = "a=candidate:2 1 udp 1677729535 192.0.2.7 50001 typ srflx raddr 0.0.0.0 rport 0\r\n"
    text = "v=0\r\n" + name + address + "a=end-of-candidates\r\n"
    assert without_names(text) == "v=0\r\n" + address


@pytest.mark.parametrize(
    ("stream", "offered", "best"),
    [
        ("42c01f", ["42001f", "42e01f", "64001f"], "42e01f"),
        ("42c028", ["4d001f"], "4d001f"),
        ("42001f", ["42e01f", "4d001f"], None),
        ("4d4028", ["42e01f", "640c1f", "64001f"], "64001f"),
        ("640028", ["42e01f", "4d001f", "64001f"], "64001f"),
        ("640c28", ["640c1f"], "640c1f"),
        ("f40028", ["64001f"], None),
        ("zzzzzz", ["42e01f"], None),
    ],
)
def test_a_stream_is_sent_as_the_best_profile_that_plays_it(stream: str, offered: list[str], best: str | None) -> None:
    payload = chosen([Payload(100 + place, name) for place, name in enumerate(offered)], stream)
    assert (None if payload is None else payload.profile_level_id) == best


def test_the_browser_reads_its_own_profile_again_and_aiortc_one_that_it_knows() -> None:
    lines = [
        f"a=fmtp:{number} packetization-mode={mode};profile-level-id={name}\r\n" for number, mode, name in _OFFERED
    ]
    shown = shown_to_aiortc("v=0\r\n" + "".join(lines), Payload(104, "64001f"))
    assert shown.count("packetization-mode=1") == 1
    assert f"a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={KNOWN}\r\n" in shown
    assert "a=fmtp:102 packetization-mode=0;profile-level-id=42e01f" in shown
    assert shown_to_browser(f"x profile-level-id={KNOWN}", Payload(104, "64001f")) == "x profile-level-id=64001f"


_OFFERED = [(102, 1, "42e01f"), (103, 0, "42e01f"), (104, 1, "64001f")]


def test_a_line_that_loses_much_is_thin_for_longer_each_time() -> None:
    strain, now_s, thin = Strain(), 0.0, []
    while now_s < 120:
        now_s += 1
        strain.report(0.01 if strain.is_thin else 0.3, now_s)
        thin.append(strain.is_thin)
    runs = "".join("x" if one else "." for one in thin).split(".")
    assert [len(run) for run in runs if run][:3] == [10, 20, 40]


@given(st.lists(st.floats(0, 0.14), max_size=50))
def test_a_line_that_loses_little_is_never_thin(shares: list[float]) -> None:
    strain = Strain()
    for second, share in enumerate(shares):
        strain.report(share, second)
        assert not strain.is_thin
