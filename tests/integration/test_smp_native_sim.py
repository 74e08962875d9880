"""Zephyr's own servers on a pty: what we say is what they understand."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from smpclient import SMPClient

from firmware_bridge.errors import DeviceRefused
from firmware_bridge.progress import Progress
from firmware_bridge.smp.device import Limits, Parameters, SmpDevice
from firmware_bridge.smp.framing import Framing
from firmware_bridge.smp.transport import LineTransport
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.serial_line import open_line
from tests.support.lossy_line import LossyLine
from tests.support.smp_servers import native_sim

QUICK = Limits(reply_s=0.3, erase_s=0.5, slowest_bytes_per_s=1_000_000, tries=6)


@asynccontextmanager
async def line_to(config: str, directory: Path) -> AsyncIterator[Line]:
    async with native_sim(config, directory) as pty, await open_line(pty) as line:
        yield line


def some_bytes(count: int) -> bytes:
    return Random(count).randbytes(count)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("serial", Parameters(384, 4)),
        ("serial_buf96", Parameters(96, 4)),
        ("serial_buf2048", Parameters(2048, 4)),
        ("serial_noparams", None),
        ("serial_raw", Parameters(384, 4)),
        ("shell", Parameters(384, 4)),
    ],
)
async def test_a_server_answers_and_tells_its_buffers_and_figures(
    config: str, told: Parameters | None, tmp_path: Path
) -> None:
    framing: Framing = "raw" if config == "serial_raw" else "console"
    async with line_to(config, tmp_path) as line, SmpDevice.on(line, framing) as device:
        assert await device.echo("grüß") == "grüß"
        assert await device.parameters() == told
        assert "smp_svr_stats" in await device.stat_groups()
        assert set(await device.stats("smp_svr_stats")) == {"ticks"}


async def test_what_a_server_does_not_have_is_refused_in_words(tmp_path: Path) -> None:
    async with line_to("serial", tmp_path) as line, SmpDevice.on(line) as device:
        with pytest.raises(DeviceRefused, match="image list: refused: not supported") as refused:
            await device.images()
        assert (refused.value.code, refused.value.group) == (8, None)
        with pytest.raises(DeviceRefused, match=r"root key not found \(code 5 of group 3\)") as refused:
            await device.read_setting("no/such")
        assert (refused.value.code, refused.value.group) == (5, 3)
        with pytest.raises(DeviceRefused, match="invalid stat name"):
            await device.stats("no_such")


@pytest.mark.parametrize("message_bytes", [100, 128, 256, 384, 512, 1024])
async def test_a_file_comes_back_as_it_was_sent(message_bytes: int, tmp_path: Path) -> None:
    content, told = some_bytes(5000), list[Progress]()
    limits = Limits(message_bytes=message_bytes)
    async with line_to("serial_fs", tmp_path) as line:
        async with SmpDevice.on(line, limits=limits) as device:
            await device.write_file("/lfs1/one", content, told.append)
            await device.write_file("/lfs1/none", b"")
        async with SmpDevice.on(line) as device:
            assert await device.read_file("/lfs1/one") == content
            assert await device.read_file("/lfs1/none") == b""
            await device.write_file("/lfs1/one", content[:10])
            assert await device.read_file("/lfs1/one") == content[:10]
    offsets = [progress.done_bytes for progress in told]
    assert offsets == sorted(offsets)
    assert offsets[-1] == 5000
    # Parts fill the messages: beside the data there is the header, the offset and the path.
    assert max(after - before for before, after in itertools.pairwise(offsets)) > message_bytes - 60


async def test_a_file_comes_through_where_every_few_messages_are_lost(tmp_path: Path) -> None:
    content = some_bytes(4000)
    async with line_to("serial_fs", tmp_path) as line:
        lossy = LossyLine(line, lose_writes_every=4, lose_reads_every=5)
        async with SmpDevice.on(lossy, limits=QUICK) as device:
            await device.write_file("/lfs1/one", content)
            assert await device.read_file("/lfs1/one") == content
        assert lossy.lost > 5


async def test_smpclient_itself_works_over_our_transport(tmp_path: Path) -> None:
    content = some_bytes(3000)
    async with line_to("serial_fs", tmp_path) as line, SMPClient(LineTransport(line), line.name) as client:
        offsets = [offset async for offset in client.upload_file(content, "/lfs1/one")]
        assert offsets[-1] == 3000
        assert offsets[0] > 900
        assert await client.download_file("/lfs1/one") == content


async def test_raw_messages_fill_the_server_s_buffer(tmp_path: Path) -> None:
    async with line_to("serial_raw", tmp_path) as line, SmpDevice.on(line, "raw") as device:
        text = "x" * 200
        assert await device.echo(text) == text
        with pytest.raises(DeviceRefused, match="takes messages of 256 bytes"):
            await device.echo("x" * 300)
