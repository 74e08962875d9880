"""Streams of the test picture in other wrappings: files, a stand-in for rpicam-vid, a small RTSP camera."""

import asyncio
import contextlib
import fractions
import stat
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
from aiortc.codecs.h264 import H264Encoder

from edge_agent.media.synthetic.picture import TestPicture
from edge_agent.media.synthetic.sound import Tone

WIDTH, HEIGHT, FPS = 320, 180, 15
_FORMATS = {"mjpeg": "yuvj420p", "rawvideo": "yuyv422"}
_BASE = fractions.Fraction(1, 90_000)


def pictures(count: int) -> list[av.VideoFrame]:
    """The test pictures 0 … count - 1."""
    drawing = TestPicture(WIDTH, HEIGHT, FPS)
    made = []
    for number in range(count):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, body in zip(frame.planes, drawing.draw(number), strict=True):
            plane.update(body)
        frame.pts, frame.time_base = number * 90_000 // FPS, _BASE
        made.append(frame)
    return made


def write_file(path: Path, count: int, codec: str = "libx264", **options: str) -> None:
    """A file of `count` pictures; its format follows from its name."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=FPS, options={"g": "15", **options})
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = _FORMATS.get(codec, "yuv420p")
        stream.codec_context.time_base = _BASE
        for frame in pictures(count):
            shown = frame.reformat(format=stream.pix_fmt) if codec == "rawvideo" else frame
            shown.pts, shown.time_base = frame.pts, frame.time_base
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))


def write_sound(path: Path, seconds: int) -> None:
    """A file of the tone, in AAC, two channels, 44.1 kHz."""
    tone = Tone()
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=44_100, frame_size=1_024)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=44_100, layout="stereo")
        for at in range(seconds * 50):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            body = tone.samples(at * 960, 960)
            frame.planes[0].update(body + bytes(frame.planes[0].buffer_size - len(body)))
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at * 960, fractions.Fraction(1, 48_000)
            for small in resampler.resample(frame):
                container.mux(stream.encode(small))
        container.mux(stream.encode(None))


def encoded(count: int) -> list[bytes]:
    """H.264 in Annex B form, SPS and PPS before each of the key pictures, one of these a second."""
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = WIDTH, HEIGHT, "yuv420p", _BASE
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": str(FPS)}
    return [bytes(packet) for frame in pictures(count) for packet in context.encode(frame)]


_RPICAM = """#!{python}
import sys, time
from pathlib import Path
Path({told!r}).write_text(" ".join(sys.argv[1:]))
if {words!r}:
    sys.stderr.write({words!r}); sys.exit(255)
units = Path({stream!r}).read_bytes().split(b"--unit--")
for at in range(2000):
    sys.stdout.buffer.write(units[at % len(units)]); sys.stdout.buffer.flush()
    sys.stderr.write(f"#{{at}} (15.00 fps) exp 33239.00 ag 8.00 dg 1.00\\n")
    time.sleep(1 / {fps})
"""


def install_rpicam(folder: Path, words: str = "") -> Path:
    """Put a program rpicam-vid into `folder`: it streams test pictures, or says `words` and fails.

    Gives the file to which it writes its arguments.
    """
    told, stream = folder / "arguments", folder / "stream"
    stream.write_bytes(b"--unit--".join(encoded(300)))
    program = folder / "rpicam-vid"
    filled = _RPICAM.format(python=sys.executable, told=str(told), words=words, stream=str(stream), fps=FPS)
    program.write_text(filled)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return told


class RtspCamera:
    """A network camera that streams H.264 over TCP; it may want a password, not have the stream, or say nothing."""

    def __init__(self, status: str = "200 OK", *, mute: bool = False) -> None:
        self.status = status
        self.mute = mute
        self.set_up: list[str] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["RtspCamera"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not self.mute:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, url = head.split()[:2]
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                writer.write(self._answer(method, url, fields["CSeq"]))
                if method == "PLAY":
                    playing = asyncio.create_task(_play(writer), name="rtsp stream")
            await reader.read()
        if playing is not None:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        writer.close()

    def _answer(self, method: str, url: str, number: str) -> bytes:
        status = self.status if method == "DESCRIBE" else "200 OK"
        lines = [f"RTSP/1.0 {status}", f"CSeq: {number}", "Session: 1"]
        body = ""
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        elif method == "SETUP":
            self.set_up.append(url.rpartition("/")[2])
            lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        elif method == "DESCRIBE" and status == "200 OK":
            body = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
                "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
                "a=control:video\r\n"
                "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:audio\r\n"
            )
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif status.startswith("401"):
            lines.append('WWW-Authenticate: Basic realm="camera"')
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def _play(writer: asyncio.StreamWriter) -> None:
    number = 0
    for at, body in enumerate(encoded(300)):
        packet: Any = av.Packet(body)
        packet.pts, packet.time_base = at * 90_000 // FPS, _BASE
        payloads, stamp = H264Encoder().pack(packet)
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            packed = struct.pack("!BBHII", 0x80, 96 | marker, number & 0xFFFF, stamp, 7) + payload
            writer.write(struct.pack("!cBH", b"$", 0, len(packed)) + packed)
            number += 1
        await writer.drain()
        await asyncio.sleep(1 / FPS)
