"""Cameras and microphones behind one small protocol: each opens as a container that FFmpeg demultiplexes.

The adapters of V4L2, libcamera and ALSA have contract tests and were not run on hardware.
"""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import av

from edge_agent.media.byte_streams import DescriptorStream, connect_to_camera
from edge_agent.media.errors import SourceFault
from edge_agent.media.faults import sentence
from edge_agent.media.messages import FaultReason, Modality
from edge_agent.media.rpicam import RpicamProgram
from edge_agent.media.source_names import SourceName

PROMPT = {"analyzeduration": "0", "probesize": "32", "fpsprobesize": "0"}
"""Of formats that begin with all that is to be known: no look ahead (`nobuffer` would throw away the first picture)."""

_NEAR_S = 0.9
_FAR_S = 1.7
"""Over a network: with the way of the word to the viewer, 2 s in all."""
_WARMING_UP_S = 4.0
_ALSA_STATE = Path("/proc/asound")
_ALSA_CONFIGURATION = "/usr/share/alsa/alsa.conf"
_V4L2_FORMATS = ("h264", "mjpeg", "yuyv422")


class Feed(NamedTuple):
    """An open source. `paced`: it gives all at once, and is to be read by the clock; `stamped`: its times are good."""

    container: Any
    paced: bool = False
    stamped: bool = True


class Source(Protocol):
    """A camera or microphone, not open yet.

    shown: its name for people. limit_s: longest wait for its next picture or sound; first_s: for the first one.
    """

    shown: str
    limit_s: float
    first_s: float

    def begin(self) -> None:
        """From the main thread, before `opened`: start what has to be started there. Raises SourceFault and OSError."""

    def opened(self, modalities: frozenset[Modality]) -> contextlib.AbstractContextManager[Feed]:
        """Open for no more than `modalities`, in a thread: it blocks. Raises SourceFault, OSError, av.FFmpegError."""


class _Simple:
    """What sources have in common that need nothing from the main thread."""

    limit_s = _NEAR_S
    first_s = _NEAR_S

    def __init__(self, name: SourceName) -> None:
        self.name = name
        self.shown = name.shown()

    def begin(self) -> None:
        """Nothing."""


class V4l2Source(_Simple):
    """A camera with a Linux driver: H.264 from itself where it can, else JPEGs or raw pictures. Not run on hardware."""

    first_s = _WARMING_UP_S

    def attempts(self) -> list[dict[str, str]]:
        """The options of FFmpeg's v4l2 demuxer, the best first; a format that the driver has not is refused by it."""
        size, fps = f"{self.name.width}x{self.name.height}", str(self.name.fps)
        return [{"input_format": kind, "video_size": size, "framerate": fps} for kind in _V4L2_FORMATS]

    @contextmanager
    def opened(self, _: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        with self._container() as container:
            yield Feed(container)

    def _container(self) -> Any:
        first, *others = self.attempts()
        for options in (first, *others):
            try:
                return self._open(options)
            except (av.error.ArgumentError, av.error.InvalidDataError):
                if options is others[-1]:
                    raise
        raise AssertionError("the last attempt gives or raises")

    def _open(self, options: dict[str, str]) -> Any:
        return av.open(self.name.target, format="v4l2", options=options, timeout=self.limit_s)


class AlsaSource(_Simple):
    """A microphone. Not run on hardware."""

    first_s = _WARMING_UP_S

    def options(self) -> dict[str, str]:
        """The options of FFmpeg's alsa demuxer."""
        return {"sample_rate": "48000", "channels": "1"}

    @contextmanager
    def opened(self, _: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        os.environ.setdefault("ALSA_CONFIG_PATH", _ALSA_CONFIGURATION)  # the wheel's library looks where it was built
        try:
            container = av.open(self.name.target, format="alsa", options=self.options(), timeout=self.limit_s)
        except OSError as error:  # FFmpeg says EIO to whatever ALSA said
            reason = alsa_reason(_ALSA_STATE) if error.errno == errno.EIO else None
            raise SourceFault(reason, sentence(self.shown, reason)) if reason else error from None
        with container:
            yield Feed(container)


def alsa_reason(state: Path) -> FaultReason:
    """Why no microphone could be opened, from what `state` (/proc/asound) shows."""
    recorders = list(state.glob("card*/pcm*c/sub*/status"))
    if not recorders:
        return "missing"
    return "busy" if any(path.read_text().strip() != "closed" for path in recorders) else "unreadable"


class RtspSource(_Simple):
    """A network camera, over TCP; only the media asked for are set up."""

    limit_s = _FAR_S
    first_s = _WARMING_UP_S

    def options(self, modalities: frozenset[Modality]) -> dict[str, str]:
        """The options of FFmpeg's rtsp demuxer."""
        return {
            "rtsp_transport": "tcp",
            "allowed_media_types": "+".join(sorted(modalities)),
            "timeout": str(int(self.limit_s * 1_000_000)),
            "analyzeduration": "500000",
        }

    @contextmanager
    def opened(self, modalities: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        limits = (self.limit_s, self.limit_s)
        before_s = time.monotonic()
        try:
            container = av.open(self.name.target, format="rtsp", options=self.options(modalities), timeout=limits)
        except av.error.InvalidDataError:  # which FFmpeg also says to a camera that says nothing
            if time.monotonic() - before_s > self.limit_s / 2:
                raise TimeoutError from None
            raise
        with container:
            yield Feed(container)


class FileSource(_Simple):
    """A recording that was made elsewhere, in real time. Its picture or sound may end before the other."""

    limit_s = 60.0

    @contextmanager
    def opened(self, _: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        with av.open(self.name.target, timeout=self.first_s) as container:
            yield Feed(container, paced=True)


class UnixSource(_Simple):
    """A stream (NUT) on a unix socket, as the synthetic camera serves it."""

    @contextmanager
    def opened(self, modalities: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        with connect_to_camera(self.name.target, sorted(modalities), self.shown, self.limit_s) as connection:
            stream = DescriptorStream(connection.fileno(), self.shown, self.limit_s)
            with av.open(stream, format="nut", container_options=PROMPT) as container:
                yield Feed(container)


class LibcameraSource:
    """A camera of a Raspberry Pi: rpicam-vid encodes H.264 and writes it to a pipe. Not run on hardware."""

    limit_s = _NEAR_S
    first_s = _WARMING_UP_S

    def __init__(self, name: SourceName) -> None:
        """Nothing is started yet."""
        self.shown = name.shown()
        self._fps = name.fps
        self._program = RpicamProgram(name)

    def begin(self) -> None:
        """Start rpicam-vid: Linux ties its life to the thread that does."""
        self._program.start()

    @contextmanager
    def opened(self, _: frozenset[Modality]) -> Iterator[Feed]:
        """See Source."""
        options = {**PROMPT, "framerate": str(self._fps)}
        stream = DescriptorStream(self._program.output(), self.shown, self.first_s)
        try:
            with av.open(stream, format="h264", container_options=options) as container:
                yield Feed(container, stamped=False)
            self._program.raise_fault()
        except (OSError, av.FFmpegError):
            self._program.raise_fault()
            raise
        finally:
            self._program.stop()


def source_of(name: SourceName) -> Source:
    """The adapter for `name`, not open yet."""
    match name.scheme:
        case "v4l2":
            return V4l2Source(name)
        case "libcamera":
            return LibcameraSource(name)
        case "alsa":
            return AlsaSource(name)
        case "rtsp":
            return RtspSource(name)
        case "file":
            return FileSource(name)
        case "unix":
            return UnixSource(name)
