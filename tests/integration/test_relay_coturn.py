"""A session through Debian's coturn, with the configuration that is shipped and credentials that live minutes."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.media.ice import turn_server
from fleet.media.unit_stream import UnitStream
from protocols.opening import IceServer
from tests.support.media_relay_coturn import SECRET, coturn
from tests.support.media_relay_peers import OPENING, SETTINGS, Told, answering_unit, screen
from tests.support.media_relay_source import Camera
from tests.support.processes import ServerProcess

CAMERA = Camera()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    process = coturn(tmp_path)
    await process.start()
    try:
        yield process
    finally:
        await process.terminate()


def credentials(server: ServerProcess, secret: str = SECRET, lifetime_s: int = 60, ago_s: int = 0) -> IceServer:
    url = f"turn:127.0.0.1:{server.ports[0]}?transport=udp"
    return turn_server([url], secret, OPENING, int(time.time()) - ago_s, lifetime_s)


async def test_a_unit_that_only_coturn_reaches_is_seen(server: ServerProcess) -> None:
    stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
    unit = await answering_unit(await stream.offer(), CAMERA, servers=[credentials(server)], relay_only=True)
    kinds = [line.split(" typ ")[1].split()[0] for line in unit.answer.splitlines() if line.startswith("a=candidate")]
    await stream.answer(unit.answer)
    async with screen(stream) as viewer:
        numbers = (await viewer.seen(30))[-20:]
    await stream.close()
    await unit.connection.close()
    assert set(kinds) == {"relay"}
    assert numbers == [(numbers[0] + place) % CAMERA.count for place in range(20)]


@pytest.mark.parametrize(("secret", "ago_s"), [("another-secret-of-somebody-who-guesses", 0), (SECRET, 120)])
async def test_wrong_and_expired_credentials_get_no_relay(server: ServerProcess, secret: str, ago_s: int) -> None:
    stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
    refused = credentials(server, secret=secret, ago_s=ago_s)
    unit = await answering_unit(await stream.offer(), CAMERA, servers=[refused], relay_only=True)
    await stream.close()
    await unit.connection.close()
    assert "a=candidate" not in unit.answer


async def test_nobody_but_the_controller_is_reached_through_coturn(tmp_path: Path) -> None:
    process = coturn(tmp_path, peers=("127.0.0.99",))
    await process.start()
    try:
        stream = UnitStream(OPENING, ["video"], Told(), SETTINGS)
        unit = await answering_unit(await stream.offer(), CAMERA, servers=[credentials(process)], relay_only=True)
        await stream.answer(unit.answer)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.ended.wait(), 1.5)
        assert stream.meter.pictures == 0
        await stream.close()
        await unit.connection.close()
    finally:
        await process.terminate()
