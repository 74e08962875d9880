"""The supervisor: starts children, kills each at its deadline, ends when the agent does. One thread, one poll.

    python -m edge_agent.capture AGENT_PID CONTROL_FD ARGV…

It never waits for the agent: while that does not read, its requests are not read either, and deadlines are kept all the
same. `control` says what crosses the socket.
"""

import os
import select
import signal
import socket
import sys
from collections import deque
from typing import Any

from edge_agent.capture import control, linux
from edge_agent.capture.children import Children, Ended
from edge_agent.errors import CaptureRequestMalformed

_REQUESTS_AT_ONCE = 8
_DESCRIPTORS_READ = 4
_SIGNALS_READ = 64
_LAST_LIMIT_NS = 5_000_000_000
_LAST_POLL_MS = 1000


class Supervisor:
    """Does to `children` what the agent asks for over `control_socket`, SOCK_SEQPACKET and not blocking."""

    def __init__(self, control_socket: socket.socket, children: Children, woken_fd: int) -> None:
        """`woken_fd` gives the number of each signal that came."""
        self._control = control_socket
        self._children = children
        self._woken_fd = woken_fd
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self._leaving = False

    def run(self) -> None:
        """Until the agent is gone or says so by SIGTERM; then until every child is, for 5 s at the most."""
        while not self._leaving:
            self._turn(None)
        self._children.kill_all("agent-gone")
        until_ns = linux.boot_ns() + _LAST_LIMIT_NS
        while self._children and linux.boot_ns() < until_ns:
            self._turn(_LAST_POLL_MS)

    def tell(self, message: dict[str, Any], handed: int | None = None) -> None:
        """Send now, or as soon as the agent reads; with a copy of the descriptor `handed`."""
        self._unsent.append((control.encode(message), [] if handed is None else [os.dup(handed)]))
        self._send()

    def _turn(self, limit_ms: int | None) -> None:
        self._wait(limit_ms)
        self._children.kill_expired()
        for ended in self._children.take_ends(someone_ended=self._take_signals()):
            self.tell(_told(ended))
        if not self._leaving:
            self._send()
            self._obey()

    def _wait(self, limit_ms: int | None) -> None:
        poll = select.poll()
        for fd in (self._woken_fd, *self._children.watched_fds()):
            poll.register(fd, select.POLLIN)
        if not self._leaving:
            # Were requests read while answers wait, nothing would bound the answers.
            poll.register(self._control, select.POLLOUT if self._unsent else select.POLLIN)
        poll.poll(limit_ms)

    def _take_signals(self) -> bool:
        """Whether SIGCHLD is among those that came."""
        try:
            numbers = os.read(self._woken_fd, _SIGNALS_READ)
        except BlockingIOError:
            return False
        self._leaving = self._leaving or signal.SIGTERM in numbers
        return signal.SIGCHLD in numbers

    def _send(self) -> None:
        while self._unsent:
            data, fds = self._unsent[0]
            try:
                socket.send_fds(self._control, [data], fds)
            except BlockingIOError:
                return
            except OSError:  # the agent's end is closed: there is nobody to tell
                self._leaving = True
            self._unsent.popleft()
            for fd in fds:
                os.close(fd)

    def _obey(self) -> None:
        for _ in range(_REQUESTS_AT_ONCE):
            if self._unsent or self._leaving:
                return
            try:
                data, fds, whole = linux.receive(self._control, control.MESSAGE_MAX_BYTES, _DESCRIPTORS_READ)
            except BlockingIOError:
                return
            except OSError:  # the agent's end was closed with our answers unread
                self._leaving = True
                return
            try:
                self._answer(data, fds, whole=whole)
            finally:
                for fd in fds:
                    os.close(fd)

    def _answer(self, data: bytes, fds: list[int], *, whole: bool) -> None:
        if not data and self._hung_up():
            self._leaving = True
            return
        try:
            request = control.request_from(data if whole and len(fds) <= 1 else b"")
        except CaptureRequestMalformed as error:
            self.tell({"refused": "malformed", "do": None, "opening": None, "detail": error.detail})
            return
        refusal = self._do(request, fds[0] if fds else None)
        if refusal is not None:
            self.tell({"refused": refusal, "do": request.do, "opening": request.opening})
            return
        handed = self._children.pid_fd(request.opening) if request.do == "open" else None
        self.tell({"done": request.do, "opening": request.opening}, handed)

    def _do(self, request: control.Request, channel_fd: int | None) -> control.Refusal | None:
        if request.do == "open":
            return self._children.open(request.opening, request.deadline_boot_ns, channel_fd)
        if request.do == "extend":
            return self._children.extend(request.opening, request.deadline_boot_ns)
        return self._children.kill(request.opening)

    def _hung_up(self) -> bool:
        """Tells the end of the socket from an empty message."""
        poll = select.poll()
        poll.register(self._control, select.POLLRDHUP)
        return bool(poll.poll(0))


def _told(ended: Ended) -> dict[str, Any]:
    return {
        "ended": ended.opening,
        "cause": ended.cause,
        "exit_status": ended.exit_status,
        "signal": ended.signal_number,
        "end_boot_ns": ended.end_boot_ns,
    }


def _signals_fd() -> int:
    """A descriptor that gives the number of each SIGTERM and SIGCHLD."""
    woken_fd, waking_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waking_fd, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return woken_fd


def main() -> None:
    """Run until the agent is gone."""
    agent_pid, control_fd, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    os.set_inheritable(control_fd, False)  # noqa: FBT003 - it takes no keywords
    woken_fd = _signals_fd()
    linux.die_with_parent(signal.SIGTERM)
    if os.getppid() != agent_pid:  # it died before the signal was set
        sys.exit(1)
    linux.adopt_orphans()
    control_socket = socket.socket(fileno=control_fd)
    control_socket.settimeout(0)
    supervisor = Supervisor(control_socket, Children(argv), woken_fd)
    supervisor.tell({"ready": True, "scheduling": linux.hurry(), "memory_locked": not linux.lock_memory()})
    supervisor.run()
