"""A camera and a microphone for tests of the relay: H.264 from libx264 and Opus, encoded once and sent again and again.

Each picture has its number drawn in it as 12 black or white squares, so that a viewer can tell which one it sees.
"""

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.packet import Packet

Plane = np.ndarray[Any, np.dtype[np.uint8]]

BITS = 12
_SQUARE = 16
_VIDEO_BASE = Fraction(1, 90_000)
_AUDIO_BASE = Fraction(1, 48_000)
_SOUND_TICKS = 960


@dataclass(frozen=True)
class Camera:
    """What a camera sends: `count` pictures, a keyframe each `gop`, then again from the first."""

    width: int = 320
    height: int = 240
    fps: int = 25
    gop: int = 25
    count: int = 50
    profile: str = "baseline"
    kbit_s: int = 400


def picture(number: int, width: int, height: int) -> Plane:
    """The luma plane of picture `number`: a texture that moves, and the number's bits along the top."""
    x = np.arange(width) + 3 * number
    y = np.arange(height)
    plane: Plane = (
        96 + 24 * np.sin(x / 5)[None, :] + 24 * np.sin(y / 7)[:, None] + ((x[None, :] ^ y[:, None]) & 15)
    ).astype(np.uint8)
    for bit in range(BITS):
        plane[:_SQUARE, bit * _SQUARE : (bit + 1) * _SQUARE] = 235 if number >> bit & 1 else 16
    return plane


def number_in(luma: Plane) -> int:
    """The number drawn in a decoded picture of the size it was sent in."""
    middles = luma[_SQUARE // 2, _SQUARE // 2 : BITS * _SQUARE : _SQUARE]
    return sum(1 << bit for bit, value in enumerate(middles) if value > 125)


def luma_of(frame: av.VideoFrame) -> Plane:
    """The luma plane of a decoded picture."""
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)[:, : frame.width]


@cache
def pictures(camera: Camera) -> list[bytes]:
    """The access units of `camera`."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = camera.width, camera.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, camera.fps), Fraction(camera.fps)
    encoder.bit_rate = camera.kbit_s * 1000
    encoder.gop_size = camera.gop
    encoder.profile = camera.profile
    encoder.thread_count = 1
    cabac = int(camera.profile != "baseline")
    x264 = f"scenecut=0:repeat-headers=1:cabac={cabac}"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": x264}
    units = []
    for number in range(camera.count):
        frame = av.VideoFrame(camera.width, camera.height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        luma = np.full((camera.height, frame.planes[0].line_size), 128, np.uint8)
        luma[:, : camera.width] = picture(number, camera.width, camera.height)
        frame.planes[0].update(luma.tobytes())
        frame.pts = number
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units


@cache
def sounds(count: int = 50) -> list[bytes]:
    """Opus packets of 20 ms of a tone of 440 Hz at half of full scale."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "stereo", 48_000
    encoder.time_base, encoder.bit_rate = _AUDIO_BASE, 32_000
    packets: list[bytes] = []
    for place in range(count):
        ticks = np.arange(place * _SOUND_TICKS, (place + 1) * _SOUND_TICKS)
        tone = (16_384 * np.sin(2 * np.pi * 440 * ticks / 48_000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, place * _SOUND_TICKS, _AUDIO_BASE
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def nal_units(access_unit: bytes) -> list[bytes]:
    """The NAL units of an access unit in Annex B, without start codes and padding."""
    return [part.rstrip(b"\0") for part in access_unit.split(b"\0\0\1") if part.rstrip(b"\0")]


class SentTrack(MediaStreamTrack):
    """Sends `units` in turn, each `ticks` after the one before."""

    def __init__(self, kind: str, units: list[bytes], ticks: int, base: Fraction) -> None:
        super().__init__()
        self.kind = kind
        self.sent = 0
        self._units = units
        self._ticks = ticks
        self._base = base
        self._begun_s: float | None = None

    async def recv(self) -> "Packet[Any]":
        clock = asyncio.get_running_loop().time
        if self._begun_s is None:
            self._begun_s = clock()
        due_s = self._begun_s + float(self.sent * self._ticks * self._base)
        await asyncio.sleep(max(0.0, due_s - clock()))
        if self.readyState != "live":
            raise MediaStreamError
        packet: Packet[Any] = Packet(self._units[self.sent % len(self._units)])
        packet.pts = self.sent * self._ticks
        packet.time_base = self._base
        self.sent += 1
        return packet


def video_track(camera: Camera) -> SentTrack:
    return SentTrack("video", pictures(camera), 90_000 // camera.fps, _VIDEO_BASE)


def audio_track() -> SentTrack:
    return SentTrack("audio", sounds(), _SOUND_TICKS, _AUDIO_BASE)
