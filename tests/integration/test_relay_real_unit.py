"""The unit's own media child, under its supervisor, through the relay to a viewer that decodes, and back."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge_agent.media.messages import Answer, Begin, Figures, Stop
from fleet.media.preview import PreviewDesk, PreviewWish
from fleet.media.unit_stream import UnitStream, Viewer
from fleet.readiness.limits import Limits
from tests.support.media_relay_peers import OPENING, SETTINGS, Told, screen
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import Child, ready_child

SMALL = ("--size", "320x180", "--fps", "15")


async def begun(child: Child, stream: UnitStream, source: str, modalities: tuple[Any, ...]) -> None:
    """The child sends to `stream`."""
    offer = await stream.offer()
    begin = Begin(
        opening=OPENING,
        modalities=modalities,
        video_source=source,
        audio_source=source,
        offer_sdp=offer,
        addresses=("127.0.0.1",),
    )
    await child.tell(begin)
    await stream.answer((await child.until(Answer)).sdp)


@pytest.mark.long
@pytest.mark.parametrize("modalities", [("video", "audio"), ("audio", "video")])
async def test_the_units_camera_is_seen_by_a_browser_and_a_terminal(
    tmp_path: Path, modalities: tuple[Any, ...]
) -> None:
    told = Told()
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with ready_child() as child:
            stream = UnitStream(OPENING, modalities, told, SETTINGS)
            await begun(child, stream, camera.source, modalities)
            async with screen(stream, kinds=("video", "audio")) as viewer:
                desk = PreviewDesk(stream, Limits())
                preview = desk.sit(PreviewWish(width=160), Viewer("v-t", "p-two", "terminal"))
                pictures = [glimpse.picture async for glimpse in _first(preview, 10)]
                await viewer.seen(15)
                assert viewer.sounds > 0
                await preview.close()
            said = await child.until(Figures, lambda said: said.video is not None and said.video.fps > 5)
            await child.tell(Stop())
            await child.capture.ended()
            await stream.ended.wait()
            await stream.close()
    numbers = [picture.number for picture in pictures if picture is not None]
    assert all(one < other for one, other in pairwise(numbers))
    assert said.video is not None
    assert said.video.mode == "pass-through"
    assert stream.reason == "unit-closed"
    assert {("began", "video"), ("began", "audio")} <= set(told.lines)


async def _first(preview: Any, count: int) -> Any:
    """The first glimpses with a picture."""
    async for glimpse in preview:
        if glimpse.picture is not None:
            yield glimpse
            count -= 1
        if not count:
            return
