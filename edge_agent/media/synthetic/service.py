"""The socket of the synthetic camera: one client at a time, and a line of JSON for each opening and closing.

Who connects sends one line, `muster-camera/1 video,audio`, with what is to be opened. The camera answers `ok` or `busy`
(one line), and after `ok` writes NUT: H.264 and 16-bit samples, as asked for, until one side closes.

Lines on standard output, each with `boot_ns` (CLOCK_BOOTTIME): `listening` (with `clock0_boot_ns` and `fps`: picture n
is drawn at clock0 + n / fps), `connect` and `disconnect` (with `client`, counted from 1), `refused` (busy).
"""

import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import TextIO

import av

from edge_agent.media.synthetic.camera import Look, Opening, boot_ns
from edge_agent.media.synthetic.picture import TestPicture
from edge_agent.media.synthetic.sound import Tone

GREETING = "muster-camera/1"
OK = b"ok\n"
BUSY = b"busy\n"
MODALITIES = frozenset({"video", "audio"})
_LONGEST_LINE = 64
_ASKING_S = 2.0


class CameraService:
    """Serves a camera on a socket. `die_after_s` ends each opening by itself after that time; 0 is never."""

    def __init__(self, path: Path, look: Look, output: TextIO, *, die_after_s: float = 0.0, busy: bool = False) -> None:
        """Listen on `path`, for this user only; what is there is replaced. Raises OSError."""
        self._look = look
        self._output = output
        self._die_after_s = die_after_s
        self._picture = TestPicture(look.width, look.height, look.fps, look.canary_seed, grain=look.grain)
        self._tone = Tone(look.canary_seed)
        self._taken = threading.Semaphore(0 if busy else 1)
        self._saying = threading.Lock()
        self._clients = 0
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(8)
        self._clock0 = boot_ns()

    def serve(self) -> None:
        """Take clients until the listener is closed; raises OSError then."""
        self._say("listening", clock0_boot_ns=self._clock0, fps=self._look.fps)
        while True:
            connection, _ = self._listener.accept()
            if self._taken.acquire(blocking=False):
                self._clients += 1
                threading.Thread(target=self._serve_one, args=(connection, self._clients), daemon=True).start()
            else:
                threading.Thread(target=self._refuse, args=(connection,), daemon=True).start()

    def _refuse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            _asked_for(connection)
            self._say("refused")
            connection.sendall(BUSY)

    def _serve_one(self, connection: socket.socket, client: int) -> None:
        with connection:
            wanted = _asked_for(connection)
            self._say("connect", client=client, modalities=sorted(wanted))
            opening = Opening(self._look, self._picture, self._tone, self._clock0)
            gone = threading.Thread(target=self._watch, args=(connection, client), daemon=True)
            gone.start()
            if wanted:
                self._write(opening, connection, wanted)
            gone.join()

    def _write(self, opening: Opening, connection: socket.socket, wanted: frozenset[str]) -> None:
        try:
            connection.sendall(OK)
            opening.run(connection, wanted)
        except (OSError, av.FFmpegError):  # the other end, or the timer below, has closed
            _close(connection)

    def _watch(self, connection: socket.socket, client: int) -> None:
        """Say when the other end has closed: nothing else tells it before the next picture."""
        timer = threading.Timer(self._die_after_s, _close, (connection,))
        timer.daemon = True
        if self._die_after_s:
            timer.start()
        with contextlib.suppress(OSError):
            while connection.recv(_LONGEST_LINE):
                pass
        self._taken.release()
        self._say("disconnect", client=client)
        timer.cancel()
        _close(connection)

    def _say(self, event: str, **facts: object) -> None:
        line = json.dumps({"event": event, "boot_ns": boot_ns(), **facts})
        with self._saying:
            self._output.write(line + "\n")
            self._output.flush()


def _asked_for(connection: socket.socket) -> frozenset[str]:
    """The modalities of the request; none for anything that is no request."""
    connection.settimeout(_ASKING_S)
    try:
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            more = connection.recv(1)
            if not more:
                return frozenset()
            line += more
    except OSError:
        return frozenset()
    connection.settimeout(None)
    greeting, _, names = line.decode("ascii", "replace").strip().partition(" ")
    wanted = frozenset(names.split(","))
    return wanted if greeting == GREETING and wanted <= MODALITIES else frozenset()


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
