"""From a camera's packets to those that are sent: when it begins, how it changes its way, and what is never blank."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest

from edge_agent.media.adapting import Plan
from edge_agent.media.decoding import PictureDecoder
from edge_agent.media.group import MAX_UNITS, Unit
from edge_agent.media.picture_path import PicturePath
from edge_agent.media.synthetic.counter import read_counter
from edge_agent.media.tracks import PacketTrack
from tests.support.media_unit_streams import FPS, write_file

LONG = MAX_UNITS + 60
CALM = {"tune": "zerolatency", "profile": "baseline"}


class Camera:
    """A path from the packets of a file; they come one by one when `give` is called."""

    def __init__(self, container: Any, track: PacketTrack) -> None:
        self.path = PicturePath(container.streams.video[0], track)
        self._packets: Iterator[Any] = (packet for packet in container.demux(video=0) if packet.size)
        self._track = track
        self._given = 0
        self._viewer: Any = av.CodecContext.create("h264", "r")

    @property
    def mode(self) -> str:
        return self.path.mode

    def skip(self, count: int) -> None:
        """The connection to the camera begins later."""
        for _ in range(count):
            next(self._packets)

    def give(self, count: int) -> None:
        for _ in range(count):
            self._given += 1
            self.path.take(next(self._packets), self._given / FPS, stamped=True)

    async def sent(self) -> list[Unit]:
        """What waits to be sent."""
        return [await self._track.recv() for _ in range(self._track._unsent)]

    async def seen(self) -> list[int]:
        """The numbers in the pictures of what waits to be sent, to a receiver that has seen all before."""
        frames = [frame for unit in await self.sent() for frame in self._viewer.decode(unit)]
        return [number for number in map(number_in, frames) if number is not None]


@contextmanager
def camera_of(path: Path) -> Iterator[Camera]:
    with av.open(str(path)) as container:
        yield Camera(container, PacketTrack("video"))


@pytest.fixture(scope="module")
def long_group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key picture, no other for longer than is kept, then another."""
    path = tmp_path_factory.mktemp("streams") / "long.nut"
    write_file(path, LONG + 20, preset="ultrafast", g=str(LONG), **CALM)
    return path


def number_in(frame: av.VideoFrame) -> int | None:
    luma = frame.planes[0]
    return read_counter(memoryview(luma), frame.width, frame.height, luma.line_size)


def count_decoding(monkeypatch: pytest.MonkeyPatch) -> list[Unit]:
    """What is decoded from now on."""
    decoded: list[Unit] = []
    decode = PictureDecoder.decode

    def counting(decoder: PictureDecoder, unit: Unit) -> list[Any]:
        decoded.append(unit)
        return decode(decoder, unit)

    monkeypatch.setattr(PictureDecoder, "decode", counting)
    return decoded


async def test_in_the_middle_of_a_group_too_long_to_be_kept_it_is_encoded_again_at_once(long_group: Path) -> None:
    with camera_of(long_group) as camera:
        camera._track.wanted = True
        camera.give(MAX_UNITS + 20)
        assert await camera.seen() == list(range(MAX_UNITS + 20))
        camera.path.plan = Plan("re-encoding", 400_000)
        camera.give(30)
        seen = await camera.seen()
        assert seen[0] == MAX_UNITS + 20
        assert seen == sorted(seen)
        assert len(seen) >= 14, "half of them are left out at the most"


async def test_what_is_wanted_while_a_long_group_is_still_kept_passes_through(long_group: Path) -> None:
    with camera_of(long_group) as camera:
        camera.give(MAX_UNITS - 20)
        camera._track.wanted = True
        camera.give(1)
        assert await camera.seen() == list(range(MAX_UNITS - 19))
        camera.path.plan = Plan("re-encoding", 400_000)
        camera.give(1)
        assert await camera.seen() == [MAX_UNITS - 19]


async def test_what_is_wanted_late_in_a_long_group_begins_at_once_and_passes_through_from_the_next_key(
    long_group: Path,
) -> None:
    with camera_of(long_group) as camera:
        camera.give(MAX_UNITS + 20)
        camera._track.wanted = True
        camera.give(1)
        assert await camera.seen() == [MAX_UNITS + 20]
        assert camera.mode == "re-encoding"
        camera.give(LONG + 10 - MAX_UNITS - 21)
        assert camera.mode == "pass-through"
        assert (await camera.seen())[-10:] == list(range(LONG, LONG + 10))


async def test_a_group_that_is_kept_is_decoded_only_when_it_has_to_be(
    long_group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = count_decoding(monkeypatch)
    with camera_of(long_group) as camera:
        camera._track.wanted = True
        camera.give(MAX_UNITS // 2)
        assert decoded == []
        camera.give(10)
        assert len(decoded) == 20, "little by little, so that no picture waits for long"
        camera.give(MAX_UNITS // 2 - 10)
        assert len(decoded) == MAX_UNITS, "in time for when the group is kept no longer"
        camera.give(LONG - MAX_UNITS + 5)
        assert len(decoded) == LONG, "from the next key picture on the group is kept again"
        assert camera.mode == "pass-through"
        assert await camera.seen() == list(range(LONG + 5))


async def test_a_stream_that_is_joined_before_any_key_picture_waits_and_is_known_to(long_group: Path) -> None:
    with camera_of(long_group) as camera:
        camera._track.wanted = True
        camera.skip(1)
        camera.give(60)
        assert await camera.sent() == []
        assert camera.path.waits_for_key
        assert camera.path.rhythm.gop_s > 2.5
        camera.path.plan = Plan("re-encoding", 400_000)
        camera.give(LONG - 61 + 5)
        seen = await camera.seen()
        assert seen[-1] == LONG + 4
        assert not camera.path.waits_for_key


async def test_a_camera_of_h265_begins_in_the_middle_of_its_group_too(tmp_path: Path) -> None:
    quiet = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"}
    write_file(tmp_path / "other.mkv", 40, "libx265", g="30", **quiet)
    with camera_of(tmp_path / "other.mkv") as camera:
        camera.give(10)
        camera._track.wanted = True
        camera.give(1)
        assert await camera.seen() == [10]
        assert camera.path.rhythm.gop_s > 0.5


async def test_a_picture_that_can_not_be_decoded_is_passed_through_all_the_same(long_group: Path) -> None:
    with camera_of(long_group) as camera:
        camera._track.wanted = True
        camera.give(MAX_UNITS + 5)
        await camera.sent()
        camera.path.take(av.Packet(b"\x00\x00\x00\x01\x41"), 1_000.0, stamped=False)
        assert len(await camera.sent()) == 1
