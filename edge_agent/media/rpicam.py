"""The program rpicam-vid of a Raspberry Pi, tied to the life of this process."""

import contextlib
import subprocess
import threading

from edge_agent.capture.leash import leashed
from edge_agent.media.errors import SourceFault
from edge_agent.media.faults import sentence
from edge_agent.media.messages import FaultReason
from edge_agent.media.source_names import SourceName

_GOP_S = 2
_END_LIMIT_S = 2.0
_TOLD_BYTES = 4_096

_TOLD: tuple[tuple[str, FaultReason], ...] = (
    ("leash: ", "missing"),
    ("no cameras available", "missing"),
    ("camera is not available", "missing"),
    ("Permission denied", "denied"),
    ("in use by another process", "busy"),
    ("failed to acquire camera", "busy"),
    ("Device or resource busy", "busy"),
)


def command(name: SourceName) -> list[str]:
    """The command line: H.264 with SPS and PPS before each key frame, one of these each 2 s, to standard output."""
    return [
        "rpicam-vid",
        "--camera",
        name.target,
        "--nopreview",
        "--timeout",
        "0",
        "--width",
        str(name.width),
        "--height",
        str(name.height),
        "--framerate",
        str(name.fps),
        "--codec",
        "h264",
        "--profile",
        "baseline",
        "--level",
        "4.2",
        "--inline",
        "--intra",
        str(_GOP_S * name.fps),
        "--flush",
        "--output",
        "-",
    ]


class RpicamProgram:
    """One run of it."""

    def __init__(self, name: SourceName) -> None:
        """Not started yet."""
        self._name = name
        self._told = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._listening = threading.Thread(target=self._listen, name="rpicam-vid", daemon=True)

    def start(self) -> None:
        """From the main thread only. Raises OSError."""
        argv = leashed(command(self._name))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, bufsize=0)  # noqa: S603 - a list, no shell
        self._listening.start()

    def output(self) -> int:
        """The descriptor on which it writes H.264."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def raise_fault(self) -> None:
        """Raises SourceFault with what it said about why it ended; nothing happens if it said nothing of use."""
        self._listening.join(_END_LIMIT_S / 4)
        told = self._told.decode("utf-8", "replace")
        reason = next((reason for text, reason in _TOLD if text in told), None)
        if reason is not None:
            raise SourceFault(reason, sentence(self._name.shown(), reason))

    def stop(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is None:
            return
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_LIMIT_S)
        self._listening.join(_END_LIMIT_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        """Keep the end of what it says: unread, it would stop when the pipe is full."""
        assert self._process is not None
        assert self._process.stderr is not None
        while said := self._process.stderr.read(_TOLD_BYTES):
            self._told = (self._told + said)[-_TOLD_BYTES:]
