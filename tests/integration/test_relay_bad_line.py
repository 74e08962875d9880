"""A unit on a bad line: packets are lost and late, and the session lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fleet.media.unit_stream import StreamSettings, UnitStream
from fleet.media.vigil import VigilLimits
from tests.support.media_relay_lossy import LossyLine
from tests.support.media_relay_peers import LOOPBACK, OPENING, Told, answering_unit, live_stream, screen
from tests.support.media_relay_source import Camera

CAMERA = Camera(kbit_s=300, fps=15, gop=15, count=400)
SETTINGS = StreamSettings(peer=LOOPBACK, vigil=VigilLimits(connect_s=10, silence_s=5))


@asynccontextmanager
async def bad_stream(line: LossyLine, camera: Camera = CAMERA) -> AsyncIterator[UnitStream]:
    stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
    await line.open()
    unit = await answering_unit(line.offer_for_unit(await stream.offer()), camera)
    try:
        await stream.answer(line.answer_for_relay(unit.answer))
        yield stream
    finally:
        await stream.close()
        await unit.connection.close()
        line.close()


async def test_a_line_that_loses_one_packet_in_twenty_is_watched_all_the_same() -> None:
    line = LossyLine(loss=0.05, delay_s=0.05)
    async with bad_stream(line) as stream, screen(stream) as viewer:
        numbers = await viewer.seen(60)
        assert numbers == sorted(set(numbers))
        assert line.lost > 0
        assert stream.figures.loss_percent is not None
        assert stream.figures.rtt_ms is not None
        assert stream.figures.rtt_ms > 90


@pytest.mark.long
async def test_a_slow_line_that_loses_packets_is_watched_all_the_same() -> None:
    line = LossyLine(loss=0.05, delay_s=0.4)
    async with bad_stream(line) as stream, screen(stream) as viewer:
        numbers = await viewer.seen(60)
        assert numbers == sorted(set(numbers))
        assert stream.state == "live"


async def test_a_line_that_breaks_for_a_while_comes_back() -> None:
    line = LossyLine(loss=0, delay_s=0.02)
    async with bad_stream(line) as stream, screen(stream) as viewer:
        await viewer.seen(15)
        line.dead = True
        async with asyncio.timeout(10):
            while line.lost < 60:  # noqa: ASYNC110 - a count rings no event
                await asyncio.sleep(0.05)
        before = len(viewer.numbers)
        line.dead = False
        numbers = await viewer.seen(before + 30)
        assert stream.state == "live"
        assert numbers == sorted(set(numbers))
        assert numbers[before + 29] > numbers[before - 1] + 5


@pytest.mark.long
async def test_a_viewer_on_a_thin_line_gets_keyframes_and_the_others_everything() -> None:
    line = LossyLine(loss=0, delay_s=0)
    async with (
        live_stream(CAMERA) as (stream, _),
        screen(stream, "p-one") as one,
        screen(stream, "p-two", line=line) as two,
    ):
        assert one.browser is not None
        assert two.browser is not None
        await two.seen(5)
        line.loss = 0.5
        async with asyncio.timeout(40):
            while not two.browser.is_thin:  # noqa: ASYNC110 - a report rings no event
                await asyncio.sleep(0.05)
        assert not one.browser.is_thin
        begun = len(one.numbers)
        await one.seen(begun + 10)
        assert one.numbers[begun + 9] == one.numbers[begun] + 9
        assert stream.state == "live"
