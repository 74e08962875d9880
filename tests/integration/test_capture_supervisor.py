"""The supervisor by itself: what it is sent, what it makes of it, and what it costs while nothing happens."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_agent.capture import linux

LIMIT_S = 60.0
SLEEPING_CHILD = [sys.executable, "-I", "-S", "-c", "import time\nwhile True: time.sleep(0.5)"]
SECOND_NS = 1_000_000_000


class Bare:
    """A supervisor, and the bare end of its socket."""

    def __init__(self, argv: list[str]) -> None:
        self.socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(LIMIT_S)
        command = [sys.executable, "-m", "edge_agent.capture", str(os.getpid()), str(its.fileno()), *argv]
        self.process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
        its.close()
        assert self.read()["ready"]

    def read(self) -> dict[str, Any]:
        """The next message."""
        data, fds, _, _ = socket.recv_fds(self.socket, 4096, 4)
        for fd in fds:
            os.close(fd)
        message: dict[str, Any] = json.loads(data)
        return message

    def send(self, message: object, fds: tuple[int, ...] = ()) -> dict[str, Any]:
        """The answer to `message`, which may be bytes."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        socket.send_fds(self.socket, [data], list(fds))
        return self.read()

    def open(self, left_ns: int) -> str:
        """A new opening."""
        opening = f"open-{uuid.uuid4().hex[:24]}"
        ours, theirs = socket.socketpair()
        request = {"do": "open", "opening": opening, "deadline_boot_ns": linux.boot_ns() + left_ns}
        assert self.send(request, (theirs.fileno(),)) == {"done": "open", "opening": opening}
        ours.close()
        theirs.close()
        return opening

    def end(self) -> None:
        self.socket.close()
        self.process.wait(LIMIT_S)


@pytest.fixture
def bare() -> Iterator[Bare]:
    supervisor = Bare(SLEEPING_CHILD)
    yield supervisor
    supervisor.end()


def send_until_it_waits(sending: socket.socket) -> int:
    """How many messages that are no requests went in until there was no more room."""
    for sent in range(100_000):
        try:
            sending.send(b"not a request")
        except TimeoutError:
            return sent
    raise AssertionError("there is always room")


def children_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_is_no_request_is_refused_and_it_goes_on(bare: Bare) -> None:
    chance = Random(3)
    opening = bare.open(120 * SECOND_NS)
    extend = {"do": "extend", "opening": opening, "deadline_boot_ns": linux.boot_ns() + 200 * SECOND_NS}
    read_fd, write_fd = os.pipe()
    for message in [b"", b"\0", b"[]", b"x" * 512, b"x" * 200_000, *(chance.randbytes(40) for _ in range(200))]:
        assert bare.send(message)["refused"] == "malformed"
    for extra in [(read_fd, write_fd), (read_fd,) * 8]:
        assert bare.send(extend, extra)["refused"] == "malformed"
    assert bare.send(extend, (read_fd,)) == {"done": "extend", "opening": opening}
    nobody = f"open-{'0' * 24}"
    for do, deadline in (("extend", {"deadline_boot_ns": linux.boot_ns() + SECOND_NS}), ("kill", {})):
        assert bare.send({"do": do, "opening": nobody, **deadline})["refused"] == "unknown"
    request = {"do": "open", "opening": nobody, "deadline_boot_ns": linux.boot_ns() + SECOND_NS}
    assert bare.send(request)["refused"] == "no-channel"
    os.close(read_fd)
    os.close(write_fd)
    fds = os.listdir(f"/proc/{bare.process.pid}/fd")  # noqa: PTH208 - names are enough
    standard, own, of_the_child = 3, 3, 3
    assert len(fds) == standard + own + of_the_child
    assert bare.send({"do": "kill", "opening": opening}) == {"done": "kill", "opening": opening}
    assert bare.read()["cause"] == "asked"


def test_an_agent_that_does_not_read_is_not_waited_for(bare: Bare) -> None:
    """It fills the socket with requests whose answers it never takes; the child's deadline is kept all the same."""
    opening = bare.open(3 * SECOND_NS)
    (child,) = children_of(bare.process.pid)
    watching = select.poll()
    pid_fd = os.pidfd_open(child)
    watching.register(pid_fd, select.POLLIN)
    bare.socket.settimeout(0.5)
    sent = send_until_it_waits(bare.socket)
    assert watching.poll(LIMIT_S * 1000)
    os.close(pid_fd)
    bare.socket.settimeout(LIMIT_S)
    answers = [bare.read() for _ in range(sent + 1)]
    assert [answer["cause"] for answer in answers if answer.get("ended") == opening] == ["deadline"]
    assert sum(answer.get("refused") == "malformed" for answer in answers) == sent


def test_told_to_end_it_ends_its_children_first() -> None:
    bare = Bare(SLEEPING_CHILD)
    opening = bare.open(120 * SECOND_NS)
    bare.process.send_signal(signal.SIGTERM)
    told = bare.read()
    assert (told["ended"], told["cause"], told["signal"]) == (opening, "agent-gone", signal.SIGKILL)
    assert bare.process.wait(LIMIT_S) == 0
    bare.end()


def test_while_nothing_happens_it_sleeps(bare: Bare) -> None:
    """Wakings are counted from one opening to the end of another, between which seconds pass."""
    opening = bare.open(2 * SECOND_NS)
    before = wakings(bare.process.pid)
    assert bare.read()["ended"] == opening
    assert wakings(bare.process.pid) - before < 30


def wakings(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("voluntary_ctxt_switches"))


def test_a_supervisor_whose_agent_is_gone_at_its_start_ends() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    not_its_parent = "1"
    command = [sys.executable, "-m", "edge_agent.capture", not_its_parent, str(its.fileno()), *SLEEPING_CHILD]
    assert subprocess.run(command, pass_fds=[its.fileno()], timeout=LIMIT_S, check=False).returncode == 1
    ours.close()
    its.close()


def test_a_program_that_its_child_orphans_is_ended_with_the_child(tmp_path: Path) -> None:
    """The child forks twice with a session in between. A pipe's end is told once nobody holds the other one."""
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.open({str(fifo)!r}, os.O_WRONLY)\n"
        "    while True: time.sleep(0.5)\n"
        "while True: time.sleep(0.5)\n"
    )
    bare = Bare([sys.executable, "-I", "-S", "-c", code])
    opening = bare.open(120 * SECOND_NS)
    held = os.open(fifo, os.O_RDONLY)
    assert bare.send({"do": "kill", "opening": opening}) == {"done": "kill", "opening": opening}
    assert bare.read()["ended"] == opening
    assert os.read(held, 1) == b""
    os.close(held)
    assert children_of(bare.process.pid) == []
    bare.end()
