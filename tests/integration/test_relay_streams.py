"""A unit's stream through the relay to viewers, over real WebRTC on loopback."""

import asyncio
import itertools

import pytest
from aiortc import RTCSessionDescription

from fleet.media.browser import watch
from fleet.media.errors import AnswerUnusable, OfferUnusable, StreamOver, TooMany
from fleet.media.relay import Relay, RelaySettings
from fleet.media.unit_stream import StreamSettings, UnitStream, Viewer
from fleet.media.vigil import VigilLimits
from tests.support.media_relay_peers import (
    LOOPBACK,
    OPENING,
    SETTINGS,
    Bytes,
    Screen,
    Told,
    answering_unit,
    live_stream,
    screen,
    tapped,
)
from tests.support.media_relay_source import Camera, nal_units, pictures

CAMERA = Camera()
RARE_KEYFRAMES = Camera(gop=250, count=250)


async def test_two_viewers_see_every_picture_and_hear_the_tone() -> None:
    told = Told()
    async with live_stream(CAMERA, microphone=True, told=told) as (stream, _):
        async with screen(stream, "p-one", ("video", "audio")) as one, screen(stream, "p-two") as two:
            for viewer in (one, two):
                numbers = (await viewer.seen(45))[-20:]
                assert numbers == [(numbers[0] + place) % CAMERA.count for place in range(20)]
            assert one.sounds > 0
            assert 12_000 < one.loudest < 20_000
            assert {viewer.person for viewer in stream.viewers} == {"p-one", "p-two"}
        assert stream.viewers == []
    assert {("began", "video"), ("began", "audio"), ("joined", "p-one"), ("joined", "p-two")} <= set(told.lines)
    assert told.lines[-1] == ("ended", "closed")


async def test_a_picture_reaches_the_viewer_as_the_camera_made_it() -> None:
    sent = [nal_units(unit) for unit in pictures(CAMERA)]
    async with live_stream(CAMERA) as (stream, _):
        viewer = Screen()
        received: Bytes | None = None
        offer = await viewer.offer()
        received = tapped(viewer.connection)
        browser = await watch(stream, offer, Viewer("v-1", "p-one", "browser"))
        await viewer.connection.setRemoteDescription(RTCSessionDescription(sdp=browser.answer, type="answer"))
        frames = await received.received(60)
        await browser.close()
        await viewer.connection.close()
    places = [sent.index(nal_units(frame.data)) for frame in frames]
    assert places == [(places[0] + number) % CAMERA.count for number in range(len(places))]
    assert [frame.is_keyframe for frame in frames] == [place % CAMERA.gop == 0 for place in places]
    ticks = [after.pts - before.pts for before, after in itertools.pairwise(frames)]
    assert ticks[-20:] == [3600] * 20


async def test_a_joiner_sees_a_picture_before_the_next_keyframe() -> None:
    async with live_stream(RARE_KEYFRAMES) as (stream, unit), screen(stream, "p-one") as one:
        await one.seen(30)
        asked = len(unit.keyframe_requests)
        async with screen(stream, "p-two") as two:
            numbers = await two.seen(40)
        assert numbers[0] == 0
        assert numbers[:40] == list(range(40))
        assert len(unit.keyframe_requests) == asked
        assert stream.meter.pictures < RARE_KEYFRAMES.gop


async def test_many_requests_for_a_keyframe_are_one_to_the_unit() -> None:
    async with (
        live_stream(RARE_KEYFRAMES) as (stream, unit),
        screen(stream, "p-one") as one,
        screen(stream, "p-two") as two,
    ):
        await one.seen(5)
        await two.seen(5)
        before = len(unit.keyframe_requests)
        for _ in range(20):
            for viewer in (one, two):
                receiver = viewer.connection.getReceivers()[0]
                await receiver._send_rtcp_pli(receiver.getSynchronizationSources()[0].source)
        await one.seen(len(one.numbers) + 45)
        asked = unit.keyframe_requests[before:]
        assert 1 <= len(asked) <= 2


async def test_a_unit_that_vanishes_ends_the_stream_with_a_reason() -> None:
    told = Told()
    settings = StreamSettings(peer=LOOPBACK, vigil=VigilLimits(silence_s=1))
    async with live_stream(CAMERA, settings=settings, told=told) as (stream, unit), screen(stream) as one:
        await one.seen(5)
        await unit.vanish()
        async with asyncio.timeout(15):
            await stream.ended.wait()
        assert stream.reason == "no-packets"
        assert told.lines[-2:] == [("ended", "no-packets"), ("left", "p-one", "stream-ended")]
        with pytest.raises(StreamOver, match="no-packets"):
            stream.join(Viewer("v-2", "p-two", "terminal"))


async def test_a_unit_that_closes_ends_the_stream_at_once() -> None:
    told = Told()
    async with live_stream(CAMERA, told=told) as (stream, unit), screen(stream) as one:
        await one.seen(5)
        await unit.connection.close()
        async with asyncio.timeout(10):
            await stream.ended.wait()
        assert stream.reason == "unit-closed"


async def test_a_viewer_who_closes_the_page_leaves() -> None:
    told = Told()
    async with live_stream(CAMERA, told=told) as (stream, _), screen(stream) as one, screen(stream, "p-two") as two:
        await one.seen(5)
        await one.connection.close()
        assert one.browser is not None
        async with asyncio.timeout(10):
            await one.browser._seat.left.wait()
        assert ("left", "p-one", "viewer-closed") in told.lines
        await two.seen(len(two.numbers) + 10)


async def test_a_unit_that_does_not_answer_ends_the_stream() -> None:
    told = Told()
    settings = StreamSettings(peer=LOOPBACK, vigil=VigilLimits(answer_s=0.3))
    stream = UnitStream(OPENING, ["video"], told, settings)
    await stream.offer()
    async with asyncio.timeout(10):
        await stream.ended.wait()
    await stream.close()
    assert told.lines == [("ended", "no-answer")]


async def test_a_unit_that_answers_and_does_not_come_ends_the_stream() -> None:
    settings = StreamSettings(peer=LOOPBACK, vigil=VigilLimits(connect_s=0.5))
    stream = UnitStream(OPENING, ["video"], Told(), settings)
    unit = await answering_unit(await stream.offer(), CAMERA)
    await unit.vanish()
    await stream.answer(unit.answer)
    async with asyncio.timeout(10):
        await stream.ended.wait()
    await stream.close()
    await unit.connection.close()
    assert stream.reason == "not-connected"


async def test_a_unit_with_another_certificate_than_its_answers_is_not_heard() -> None:
    stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
    unit = await answering_unit(await stream.offer(), CAMERA)
    fingerprint = unit.answer.index("a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
    other = "00:11" if unit.answer[fingerprint : fingerprint + 5] != "00:11" else "00:12"
    lines = unit.answer.splitlines(keepends=True)
    forged = "".join(
        line[:22] + other + line[27:] if line.startswith("a=fingerprint:sha-256 ") else line for line in lines
    )
    await stream.answer(forged)
    async with asyncio.timeout(10):
        await stream.ended.wait()
    await stream.close()
    await unit.connection.close()
    assert stream.reason == "not-connected"
    assert stream.meter.pictures == 0


@pytest.mark.parametrize(
    "sdp", ["", "v=0\r\n", "nonsense", "a" * 20_000, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:0\r\n"]
)
async def test_an_answer_that_is_none_is_refused(sdp: str) -> None:
    stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
    await stream.offer()
    with pytest.raises(AnswerUnusable):
        await stream.answer(sdp)
    await stream.close()


@pytest.mark.parametrize("sdp", ["", "nonsense", "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"])
async def test_an_offer_that_is_none_is_refused_and_nobody_has_joined(sdp: str) -> None:
    told = Told()
    async with live_stream(CAMERA, told=told) as (stream, _):
        with pytest.raises(OfferUnusable):
            await watch(stream, sdp, Viewer("v-1", "p-one", "browser"))
    assert not [line for line in told.lines if line[0] == "joined"]


async def test_a_browser_without_h264_is_told_so() -> None:
    async with live_stream(CAMERA) as (stream, _):
        viewer = Screen()
        offer = (await viewer.offer()).replace("H264/90000", "VP9/90000")
        with pytest.raises(OfferUnusable) as refused:
            await watch(stream, offer, Viewer("v-1", "p-one", "browser"))
        await viewer.connection.close()
    assert refused.value.reason == "no-h264"


async def test_a_camera_of_another_profile_is_negotiated_as_what_it_is() -> None:
    async with live_stream(Camera(profile="main")) as (stream, _):
        picture = await stream.first_format(5)
        assert picture is not None
        viewer = Screen()
        offer = _with_main(await viewer.offer())
        browser = await watch(stream, offer, Viewer("v-1", "p-one", "browser"))
        await browser.close()
        await viewer.connection.close()
    video = [line for line in browser.answer.splitlines() if "packetization-mode" in line]
    assert picture.profile_level_id.startswith("4d")
    assert len(video) == 1
    assert video[0].startswith("a=fmtp:99 ")
    assert "profile-level-id=4d001f" in video[0]


async def test_a_browser_that_does_not_play_the_cameras_profile_is_told_so() -> None:
    told = Told()
    async with live_stream(Camera(profile="main"), told=told) as (stream, _):
        viewer = Screen()
        with pytest.raises(OfferUnusable) as refused:
            await watch(stream, await viewer.offer(), Viewer("v-1", "p-one", "browser"))
        await viewer.connection.close()
    assert refused.value.reason == "profile"
    assert ("joined", "p-one") not in told.lines


def _with_main(offer: str) -> str:
    """The offer of aiortc as if its first H.264 payload type, 99, were of the main profile."""
    assert "a=fmtp:99 " in offer
    return offer.replace("profile-level-id=42001f", "profile-level-id=4d001f")


async def test_there_are_only_so_many_streams_and_viewers() -> None:
    relay = Relay(RelaySettings(stream=StreamSettings(peer=LOOPBACK, max_viewers=1), max_streams=1))
    stream = relay.open(OPENING, ["video"], Told())
    with pytest.raises(TooMany, match="1 streams"):
        relay.open("open-another", ["video"], Told())
    stream.join(Viewer("v-1", "p-one", "terminal"))
    with pytest.raises(TooMany, match="1 viewers"):
        stream.join(Viewer("v-2", "p-two", "terminal"))
    await relay.close_stream(OPENING)
    assert relay.stream(OPENING) is None
    assert stream.viewers == []
    relay.open(OPENING, ["video"], Told())
    await relay.close()


async def test_the_offer_asks_for_h264_only_and_is_bound_to_the_addresses_given() -> None:
    stream = UnitStream(OPENING, ["video", "audio"], Told(), SETTINGS)
    offer = await stream.offer()
    await stream.close()
    names = {line.split(" ", 1)[1] for line in offer.splitlines() if line.startswith("a=rtpmap:")}
    assert names == {"H264/90000", "rtx/90000", "opus/48000/2"}
    candidates = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
    assert candidates
    assert all(" 127.0.0.1 " in line for line in candidates)
    assert offer.count("a=recvonly") == 2
