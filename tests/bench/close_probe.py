"""`python -m tests.bench.close_probe PATH`: the far end of the "device", a unix socket; nobody under test can touch it.

Writes a JSON line for each handle that opens and closes, with CLOCK_BOOTTIME as this process sees it, and for the first
wall clock of a handle that is years off this process's own. Ends when standard input does.
"""

import json
import os
import select
import socket
import sys
import time
from typing import Any

from edge_agent.capture import linux
from tests.bench.lines import tell

_YEAR_MS = 365 * 86_400_000
_READ_BYTES = 65_536


class _Handle:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.unread = b""
        self.who: dict[str, Any] = {}
        self.stepped = False

    def take(self, data: bytes) -> None:
        *lines, self.unread = (self.unread + data).split(b"\n")
        for line in lines:
            words = line.decode().split()
            if words[0] == "wall":
                self._judge(int(words[1]))
            else:
                self.who = {"opening": words[0], "who": words[1], "pid": int(words[2])}
                tell(json.dumps({"opened": words[0], "at_boot_ns": linux.boot_ns(), **self.who}))

    def _judge(self, wall_ms: int) -> None:
        years = round((wall_ms - time.time_ns() / 1_000_000) / _YEAR_MS)
        if years and not self.stepped:
            self.stepped = True
            tell(json.dumps({"stepped": self.who["opening"], "years": years}))


def main() -> None:
    """Serve."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(sys.argv[1])
    listening.listen(64)
    scheduling = linux.hurry()
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(listening, select.POLLIN)
    handles: dict[int, _Handle] = {}
    tell(json.dumps({"ready": True, "scheduling": scheduling}))
    while True:
        for fd, _ in poll.poll():
            if fd == 0 and not os.read(0, 1):
                return
            if fd == listening.fileno():
                connection, _address = listening.accept()
                handles[connection.fileno()] = _Handle(connection)
                poll.register(connection, select.POLLIN)
            elif fd in handles:
                _read(poll, handles, fd)


def _read(poll: select.poll, handles: dict[int, _Handle], fd: int) -> None:
    at_ns = linux.boot_ns()
    try:
        data = handles[fd].connection.recv(_READ_BYTES)
    except ConnectionResetError:
        data = b""
    if data:
        handles[fd].take(data)
        return
    handle = handles.pop(fd)
    poll.unregister(fd)
    handle.connection.close()
    tell(json.dumps({"closed": handle.who.get("opening"), "at_boot_ns": at_ns, **handle.who}))


if __name__ == "__main__":
    main()
