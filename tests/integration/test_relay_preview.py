"""What a terminal sees of a stream: small pictures, levels and figures, made from a real one."""

import asyncio
from io import BytesIO

from PIL import Image

from fleet.media.preview import Preview, PreviewDesk, PreviewWish
from fleet.media.relay import Relay, RelaySettings
from fleet.media.unit_stream import UnitStream, Viewer
from fleet.readiness.judging import judge
from fleet.readiness.limits import Limits
from protocols.api.checks import StreamFigures
from tests.support.media_relay_peers import OPENING, SETTINGS, Told, live_stream
from tests.support.media_relay_source import Camera

CAMERA = Camera()
ONE = Viewer("v-one", "p-one", "terminal")
TWO = Viewer("v-two", "p-two", "terminal")


async def shown(preview: Preview, count: int) -> list[tuple[int, tuple[int, int], int]]:
    """Number, size and bytes of the next pictures."""
    seen: list[tuple[int, tuple[int, int], int]] = []
    async with asyncio.timeout(25):
        async for glimpse in preview:
            if glimpse.picture is not None:
                image = Image.open(BytesIO(glimpse.picture.jpeg))
                assert image.format == "JPEG"
                assert image.size == (glimpse.picture.width, glimpse.picture.height)
                seen.append((glimpse.picture.number, image.size, len(glimpse.picture.jpeg)))
            if len(seen) == count:
                break
    return seen


async def measured(desk: PreviewDesk, preview: Preview) -> StreamFigures:
    """The figures, once there are those of line, picture and sound."""
    async with asyncio.timeout(25):
        async for glimpse in preview:
            if None not in (desk.observed.median_fps, glimpse.figures.focus, glimpse.figures.level_dbfs):
                return glimpse.figures
    raise AssertionError("the stream ended")


async def test_terminals_see_pictures_as_wide_as_they_asked_for_from_one_decoder() -> None:
    async with live_stream(CAMERA) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        wide, narrow = desk.sit(PreviewWish(width=240), ONE), desk.sit(PreviewWish(width=160, frames_per_s=2), TWO)
        pictures = await asyncio.gather(shown(wide, 8), shown(narrow, 3))
        assert {size for _, size, _ in pictures[0]} == {(240, 180)}
        assert {size for _, size, _ in pictures[1]} == {(160, 120)}
        numbers = [number for number, _, _ in pictures[0]]
        assert numbers == sorted(set(numbers))
        assert max(size for _, _, size in pictures[0]) < 32_000
        await wide.close()
        decoding = [desk.is_decoding]
        await narrow.close()
        decoding.append(desk.is_decoding)
        assert decoding == [True, False]
        assert stream.viewers == []


async def test_levels_and_measures_come_with_the_pictures() -> None:
    async with live_stream(CAMERA, microphone=True) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        preview = desk.sit(PreviewWish(), ONE)
        figures = await measured(desk, preview)
        await preview.close()
        await desk.close()
    assert figures.level_dbfs is not None
    assert figures.peak_dbfs is not None
    assert -11 < figures.level_dbfs < -7
    assert -8 < figures.peak_dbfs < -4
    assert (figures.is_silent, figures.is_clipping, figures.is_black) == (False, False, False)
    assert (figures.width, figures.height) == (320, 240)
    results = {measure.name: measure.result for measure in judge(desk.observed, Limits(min_samples=1))}
    assert {results[name] for name in ("frame-rate", "black", "silence", "clipping", "loss")} == {"pass"}


async def test_the_first_picture_comes_before_the_next_keyframe() -> None:
    async with live_stream(Camera(gop=250, count=250)) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        first = desk.sit(PreviewWish(), ONE)
        await shown(first, 4)
        await first.close()
        again = desk.sit(PreviewWish(), ONE)
        await shown(again, 2)
        assert stream.meter.pictures < 250
        await again.close()


async def test_a_thin_line_is_not_overrun() -> None:
    async with live_stream(Camera(width=640, height=480, kbit_s=1500)) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        preview = desk.sit(PreviewWish(width=160, frames_per_s=5, kbit_s=32), ONE)
        begun_s = asyncio.get_running_loop().time()
        pictures = await shown(preview, 4)
        took_s = asyncio.get_running_loop().time() - begun_s
        await preview.close()
    assert sum(size for _, _, size in pictures[:-1]) * 8 <= 32_000 * took_s


async def test_a_preview_ends_with_its_stream() -> None:
    told = Told()
    async with live_stream(CAMERA, told=told) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        preview = desk.sit(PreviewWish(), ONE)
        await shown(preview, 1)
        await stream.close()
        async with asyncio.timeout(10):
            rest = [glimpse async for glimpse in preview]
        assert rest == []
        await preview.close()
        await desk.close()
        assert not desk.is_decoding
    assert told.lines[-2:] == [("ended", "closed"), ("left", "p-one", "stream-ended")]


async def test_a_check_that_only_browsers_watch_is_measured_all_the_same() -> None:
    async with live_stream(CAMERA) as (stream, _):
        desk = PreviewDesk(stream, Limits())
        desk.begin_measuring()
        async with asyncio.timeout(25):
            while desk.observed.pictures < 3:  # noqa: ASYNC110 - a count rings no event
                await asyncio.sleep(0.05)
        assert stream.viewers == []
        await desk.close()


async def test_the_relay_ends_previews_with_their_stream() -> None:
    relay = Relay(RelaySettings(stream=SETTINGS))
    stream: UnitStream = relay.open(OPENING, ["video"], Told())
    desk = relay.desk(OPENING)
    assert desk is not None
    preview = desk.sit(PreviewWish(), ONE)
    await relay.close()
    assert [glimpse async for glimpse in preview] == []
    assert stream.state == "ended"
    assert relay.desk(OPENING) is None
