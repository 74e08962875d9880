"""The synthetic camera: its picture is readable by people and machines, and it says when it is opened and closed."""

import fractions
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.media.synthetic.counter import read_counter, words_of
from edge_agent.media.synthetic.picture import TestPicture, canary_levels
from edge_agent.media.synthetic.sound import RATE_HZ, TONE_HZ, Tone, canary_notes_hz
from tests.support.media_unit_camera import SyntheticCamera

LARGEST = 2**32 - 1
PICTURE = TestPicture(640, 360, 15)


def frame_of(picture: TestPicture, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(picture.width, picture.height, "yuv420p")
    for plane, body in zip(frame.planes, picture.draw(number), strict=True):
        assert plane.line_size == plane.width
        plane.update(body)
    return frame


def counter_in(frame: Any) -> int | None:
    plane = frame.planes[0]
    return read_counter(memoryview(plane), frame.width, frame.height, plane.line_size)


@given(st.integers(0, LARGEST))
def test_the_number_of_a_picture_can_be_read(number: int) -> None:
    assert read_counter(PICTURE.draw(number).y, 640, 360) == number


@pytest.mark.parametrize("size", [(160, 96), (320, 180), (322, 182), (640, 480), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("number", [0, 1, 0x5555_5555, LARGEST])
def test_every_size_holds_a_whole_picture(size: tuple[int, int], number: int) -> None:
    planes = TestPicture(*size, 25).draw(number)
    assert [len(plane) for plane in planes] == [size[0] * size[1], size[0] * size[1] // 4, size[0] * size[1] // 4]
    assert read_counter(planes.y, *size) == number


def test_the_number_survives_hard_compression_and_scaling_down() -> None:
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = 320, 180, "yuv420p", 40_000
    encoder.time_base = fractions.Fraction(1, 15)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "maxrate": "40000", "bufsize": "40000"}
    decoder: Any = av.CodecContext.create("h264", "r")
    numbers = [0x8123_4567 + step for step in range(45)]
    read = []
    for at, number in enumerate(numbers):
        small = frame_of(PICTURE, number).reformat(width=320, height=180)
        small.pts = at
        read += [counter_in(frame) for packet in encoder.encode(small) for frame in decoder.decode(packet)]
    assert len(read) > 40
    assert read == numbers[: len(read)]


@pytest.mark.parametrize("luma", [bytes(640 * 360), b"\x80" * (640 * 360), b"\xff" * (640 * 360), PICTURE.black().y])
def test_a_picture_without_a_number_has_none(luma: bytes) -> None:
    assert read_counter(luma, 640, 360) is None


def test_a_damaged_number_is_not_read() -> None:
    damaged = bytearray(PICTURE.draw(7).y)
    for line in range(270, 300):
        damaged[line * 640 + 96 : line * 640 + 128] = b"\xeb" * 32
    assert read_counter(damaged, 640, 360) is None


def test_the_layout_is_the_documented_one() -> None:
    assert words_of(0x0001_0203) == (0x0001, 0x0203, 0x6131 ^ 0x5A5A)


@pytest.mark.parametrize("size", [(641, 360), (640, 361), (80, 48)])
def test_a_size_that_can_not_be_drawn_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even"):
        TestPicture(*size, 15)


def test_the_picture_moves() -> None:
    pictures = [PICTURE.draw(number).y[:640] for number in range(15)]
    assert all(one != other for one, other in pairwise(pictures))


def test_a_canary_is_its_seeds_own() -> None:
    one, again, other = (TestPicture(640, 360, 15, seed).draw(0).y for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert canary_levels(1, 40, 12) != canary_levels(2, 40, 12)
    assert canary_notes_hz(1) != canary_notes_hz(2)


def test_the_tone_has_its_pitch_and_level_at_any_place() -> None:
    body = memoryview(Tone().samples(10 * RATE_HZ - 100, RATE_HZ)).cast("h")
    crossings = sum(1 for one, other in pairwise(body) if one < 0 <= other)
    assert abs(crossings - TONE_HZ) <= 1
    assert max(body) == 3277


def opened(path: Path, request: bytes) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(20)
    connection.connect(str(path))
    connection.sendall(request)
    return connection


def test_the_camera_says_when_it_is_opened_and_closed(tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", "--fps", "10") as camera:
        for client in (1, 2):
            with opened(camera.socket, b"muster-camera/1 video\n") as connection:
                assert connection.recv(3) == b"ok\n"
                with opened(camera.socket, b"muster-camera/1 video\n") as second:
                    assert second.recv(5) == b"busy\n"
            camera.until_said("disconnect", client)
        events = [(said["event"], said.get("client")) for said in camera.events]
        assert events == [
            ("listening", None),
            *[("connect", 1), ("refused", None), ("disconnect", 1)],
            *[("connect", 2), ("refused", None), ("disconnect", 2)],
        ]
        assert camera.named("connect")[0]["modalities"] == ["video"]
        assert [said["boot_ns"] for said in camera.events] == sorted(said["boot_ns"] for said in camera.events)


@pytest.mark.parametrize("request_line", [b"\n", b"muster-camera/1\n", b"muster-camera/1 position\n", b"x" * 200])
def test_what_asks_wrongly_gets_nothing_and_shows(tmp_path: Path, request_line: bytes) -> None:
    with SyntheticCamera(tmp_path / "camera") as camera:
        with opened(camera.socket, request_line) as connection:
            camera.until_said("connect")
        camera.until_said("disconnect")
        assert connection.fileno() == -1
        assert camera.named("connect")[0]["modalities"] == []


@pytest.mark.parametrize("options", [("--size", "641x360"), ("--size", "big")])
def test_a_camera_that_can_not_be_is_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "edge_agent.media.synthetic", "--socket", str(tmp_path / "camera"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
