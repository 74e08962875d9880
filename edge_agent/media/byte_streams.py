"""Sockets and pipes as the files that FFmpeg reads from, with a limit to every wait."""

import os
import select
import socket

from edge_agent.media.errors import SourceFault
from edge_agent.media.faults import sentence
from edge_agent.media.messages import FaultReason

_GREETING = "muster-camera/1"
_LONGEST_ANSWER = 16


class DescriptorStream:
    """Reads what there is from a descriptor; raises SourceFault (timeout) when nothing comes for `limit_s`."""

    def __init__(self, descriptor: int, shown: str, limit_s: float) -> None:
        """The descriptor stays the caller's."""
        self._descriptor = descriptor
        self._shown = shown
        self._limit_s = limit_s

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none at the end."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(self._limit_s * 1_000):
            raise SourceFault("timeout", sentence(self._shown, "timeout"))
        return os.read(self._descriptor, size)


def connect_to_camera(path: str, modalities: list[str], shown: str, limit_s: float) -> socket.socket:
    """A connection to a camera on the socket `path`, which was asked for no more than `modalities`.

    Raises SourceFault (busy) and OSError. See `edge_agent.media.synthetic.service` for what is said.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(limit_s)
    try:
        connection.connect(path)
        connection.sendall(f"{_GREETING} {','.join(modalities)}\n".encode("ascii"))
        answer = _line(connection)
    except OSError:
        connection.close()
        raise
    if answer != b"ok\n":
        connection.close()
        reason: FaultReason = "busy" if answer == b"busy\n" else "unreadable"
        raise SourceFault(reason, sentence(shown, reason))
    return connection


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_ANSWER:
        more = connection.recv(1)
        if not more:
            break
        line += more
    return line
