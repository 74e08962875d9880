"""One opening of the synthetic camera: pictures and tone by the clock, encoded and written to whoever opened it."""

import fractions
import socket
import time
from typing import Any, NamedTuple

import av

from edge_agent.media.synthetic.picture import TestPicture
from edge_agent.media.synthetic.sound import RATE_HZ, Tone

_VIDEO_BASE = fractions.Fraction(1, 90_000)
_SOUND_BASE = fractions.Fraction(1, RATE_HZ)
_SOUND_SAMPLES = RATE_HZ // 50
_SOUND_NS = 20_000_000
_BITS_PER_PIXEL = 0.12


class Look(NamedTuple):
    """What the camera shows. `kbit_s` 0 chooses by the size; `freeze_after_s` counts from the opening, 0 is never."""

    width: int = 640
    height: int = 360
    fps: int = 25
    gop_s: float = 2.0
    kbit_s: int = 0
    canary_seed: int | None = None
    freeze_after_s: float = 0.0
    black: bool = False
    silent: bool = False
    grain: bool = False

    def bit_rate(self) -> int:
        """Bits a second of the picture."""
        return self.kbit_s * 1_000 or int(self.width * self.height * self.fps * _BITS_PER_PIXEL)


def boot_ns() -> int:
    """CLOCK_BOOTTIME now."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class _Wire:
    """A socket as the file that the muxer writes to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)


class Opening:
    """Writes NUT to one connection until it ends. Pictures are numbered by the clock since `clock0_boot_ns`.

    Number n is drawn at `clock0_boot_ns + n / fps`; when the other end does not keep up, numbers are left out.
    """

    def __init__(self, look: Look, picture: TestPicture, tone: Tone, clock0_boot_ns: int) -> None:
        """Begin at the next picture that is due."""
        self._look = look
        self._picture = picture
        self._tone = tone
        self._clock0 = clock0_boot_ns
        self._period_ns = 1_000_000_000 // look.fps
        self._first = (boot_ns() - clock0_boot_ns) // self._period_ns + 1
        self._start_ns = clock0_boot_ns + self._first * self._period_ns
        self.pictures = 0

    def run(self, connection: socket.socket, modalities: frozenset[str]) -> None:
        """Write until the other end closes; raises OSError then, at the latest at the next picture."""
        container: Any = av.open(_Wire(connection), "w", format="nut", options={"flush_packets": "1"})
        video = self._video_stream(container) if "video" in modalities else None
        sound = self._sound_stream(container) if "audio" in modalities else None
        packet = 0
        number = self._first
        while True:
            due = self._clock0 + number * self._period_ns
            if sound is not None and (video is None or self._start_ns + packet * _SOUND_NS <= due):
                _wait_until(self._start_ns + (packet - 1) * _SOUND_NS)
                self._write_sound(container, sound, packet)
                packet += 1
            else:
                _wait_until(due)
                self._write_picture(container, video, number)
                number = max(number + 1, (boot_ns() - self._clock0) // self._period_ns)

    def _video_stream(self, container: Any) -> Any:
        look = self._look
        stream = container.add_stream("libx264", rate=look.fps, options=_x264(look))
        stream.width, stream.height, stream.pix_fmt = look.width, look.height, "yuv420p"
        stream.bit_rate = look.bit_rate()
        stream.codec_context.time_base = _VIDEO_BASE
        stream.codec_context.thread_count = 1
        return stream

    def _sound_stream(self, container: Any) -> Any:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        stream.codec_context.time_base = _SOUND_BASE
        return stream

    def _write_picture(self, container: Any, stream: Any, number: int) -> None:
        look = self._look
        seen_s = (number - self._first) / look.fps
        frozen = look.freeze_after_s and seen_s >= look.freeze_after_s
        shown = self._first + int(look.freeze_after_s * look.fps) if frozen else number
        planes = self._picture.black() if look.black else self._picture.draw(shown & 0xFFFF_FFFF)
        frame = av.VideoFrame(look.width, look.height, "yuv420p")
        for plane, body in zip(frame.planes, planes, strict=True):
            plane.update(_padded(body, plane.width, plane.line_size))
        frame.pts, frame.time_base = (number - self._first) * 90_000 // look.fps, _VIDEO_BASE
        for packet in stream.encode(frame):
            container.mux(packet)
        self.pictures += 1

    def _write_sound(self, container: Any, stream: Any, number: int) -> None:
        first = (self._start_ns - self._clock0) * RATE_HZ // 1_000_000_000 + number * _SOUND_SAMPLES
        body = bytes(2 * _SOUND_SAMPLES) if self._look.silent else self._tone.samples(first, _SOUND_SAMPLES)
        frame = av.AudioFrame(format="s16", layout="mono", samples=_SOUND_SAMPLES)
        plane = frame.planes[0]
        plane.update(body + bytes(plane.buffer_size - len(body)))
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = number * _SOUND_SAMPLES, _SOUND_BASE
        for packet in stream.encode(frame):
            container.mux(packet)


def _x264(look: Look) -> dict[str, str]:
    group = str(max(1, round(look.gop_s * look.fps)))
    rate = str(look.bit_rate())
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "g": group,
        "keyint_min": group,
        "sc_threshold": "0",
        "maxrate": rate,
        "bufsize": rate,
    }


def _padded(body: bytes, width: int, line_bytes: int) -> bytes:
    """The lines of `body`, `width` bytes each, at the distance that the encoder wants."""
    if width == line_bytes:
        return body
    tail = bytes(line_bytes - width)
    return b"".join(body[at : at + width] + tail for at in range(0, len(body), width))


def _wait_until(at_boot_ns: int) -> None:
    time.sleep(max(0, at_boot_ns - boot_ns()) / 1e9)
