"""A terminal that can show less says so on the preview it has: the pictures change, and the viewer is the same."""

import asyncio
from io import BytesIO

import msgspec
import pytest
from PIL import Image
from websockets.asyncio.client import ClientConnection

from fleet.client.preview import Preview
from fleet.client.session import Session
from protocols.api.feed import Hello
from tests.support.check_house import CheckHouse
from tests.support.rude_socket import closed, socket_at


async def until_wide(preview: Preview, width: int) -> None:
    """Take pictures until one is `width` pixels wide."""
    async with asyncio.timeout(60):
        async for item in preview:
            if isinstance(item, bytes) and Image.open(BytesIO(item)).width == width:
                return
    raise AssertionError("the check has ended")


async def test_what_a_terminal_wishes_for_changes_and_the_viewer_stays(house: CheckHouse) -> None:
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    async with house.door.preview(opening, columns=80) as preview:
        await until_wide(preview, 160)
        runner = house.api.services.checks.runner(opening)
        assert runner is not None
        [before] = runner.media._watchers
        entries = await house.entries("")
        await preview.change(40, 1.0)
        await until_wide(preview, 80)
        await preview.change(100, 5.0)
        await until_wide(preview, 200)
        assert list(runner.media._watchers) == [before]
        assert [entry["kind"] for entry in await house.entries("")] == [entry["kind"] for entry in entries]


async def test_a_line_that_is_taken_up_again_has_the_last_wish(house: CheckHouse) -> None:
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    async with house.door.preview(opening, columns=80) as preview:
        await until_wide(preview, 160)
        await preview.change(40, 5.0)
        line = preview._socket
        assert isinstance(line, ClientConnection)
        line.transport.abort()
        await until_wide(preview, 80)


@pytest.mark.parametrize(
    "message", ["nonsense", '{"type":"wish","columns":1,"frames_per_s":1}', '{"type":"wish","columns":80}', "[" * 5000]
)
async def test_what_is_no_wish_ends_a_preview(house: CheckHouse, message: str) -> None:
    await house.mandate(["video"])
    opening = (await house.begin("video")).opening
    session = Session(house.api.settings_of(house.keys["TO-12"]))
    try:
        token = (await session.sign_in()).token
    finally:
        await session.close()
    async with socket_at(house.api, f"/api/checks/{opening}/preview") as socket:
        await socket.send(msgspec.json.encode(Hello(token)).decode())
        await socket.send(message)
        assert await closed(socket) == 4400
