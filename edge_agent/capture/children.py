"""The children of a supervisor: at most four, each with its deadline, followed until nothing of them is left."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from edge_agent.capture import control, linux
from edge_agent.capture.child_process import ChildProcess
from edge_agent.capture.orphans import offspring


class Ended(NamedTuple):
    """A child of which no process is left. `exit_status` or `signal_number` is None; the time is CLOCK_BOOTTIME."""

    opening: str
    cause: control.Cause
    exit_status: int | None
    signal_number: int | None
    end_boot_ns: int


class Children:
    """Opens, extends and kills; what refuses says why in a word."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Every child runs `argv`."""
        self._argv = list(argv)
        self._children: dict[str, ChildProcess] = {}

    def __len__(self) -> int:
        """How many are not yet reported as ended."""
        return len(self._children)

    def watched_fds(self) -> list[int]:
        """Descriptors that become readable when there is something to do here."""
        return [fd for child in self._children.values() for fd in child.watched_fds()]

    def pid_fd(self, opening: str) -> int:
        """The pidfd of a child that has just been opened."""
        return self._children[opening].pid_fd

    def open(self, opening: str, deadline_boot_ns: int, channel_fd: int | None) -> control.Refusal | None:
        """Start a child. `channel_fd`, its end of the channel, stays the caller's."""
        if channel_fd is None:
            return "no-channel"
        if opening in self._children:
            return "known"
        if len(self._children) >= control.CHILDREN_MAX:
            return "too-many"
        refusal = control.deadline_refusal(deadline_boot_ns, linux.boot_ns())
        if refusal is None:
            try:
                self._children[opening] = ChildProcess(opening, deadline_boot_ns, self._argv, channel_fd)
            except OSError:
                return "not-started"
        return refusal

    def extend(self, opening: str, deadline_boot_ns: int) -> control.Refusal | None:
        """Move a child's deadline, later only."""
        child = self._children.get(opening)
        if child is None:
            return "unknown"
        if child.cause is not None or child.result is not None:
            return "ending"
        refusal = control.extension_refusal(deadline_boot_ns, child.deadline_boot_ns, linux.boot_ns())
        if refusal is None:
            try:
                child.extend(deadline_boot_ns)
            except BlockingIOError:
                return "deaf"
            except BrokenPipeError:
                return "ending"
        return refusal

    def kill(self, opening: str) -> control.Refusal | None:
        """End a child now."""
        child = self._children.get(opening)
        if child is None:
            return "unknown"
        if child.result is None:
            child.kill("asked")
        return None

    def kill_expired(self) -> None:
        """End those that have reached their deadline."""
        now_ns = linux.boot_ns()
        for child in self._children.values():
            if child.result is None and child.cause is None and child.expired(now_ns):
                child.kill("deadline")

    def kill_all(self, cause: control.Cause) -> None:
        """End every child now."""
        for child in self._children.values():
            if child.result is None:
                child.kill(cause)

    def take_ends(self, *, someone_ended: bool) -> Iterator[Ended]:
        """Reap; gives each child once, when nothing of it is left. `someone_ended`: SIGCHLD came."""
        reaped = [child for child in self._children.values() if child.result is None and child.reap()]
        if not (someone_ended or reaped):
            return
        if self._end_strays():
            return  # each sends SIGCHLD when it is gone
        now_ns = linux.boot_ns()
        for child in [child for child in self._children.values() if child.result is not None]:
            del self._children[child.opening]
            yield _ended(child, now_ns)

    def _end_strays(self) -> bool:
        """Kill and reap what was adopted and belongs to no living child's session. Whether any still lives."""
        sessions = {child.pid for child in self._children.values() if child.result is None}
        alive = False
        for process in offspring():
            if process.pid in sessions:
                continue
            if process.ended:
                with suppress(ChildProcessError):  # another listing showed it too
                    os.waitpid(process.pid, os.WNOHANG)
            elif process.session not in sessions:
                alive = True
                os.kill(process.pid, signal.SIGKILL)
        return alive


def _ended(child: ChildProcess, now_ns: int) -> Ended:
    assert child.result is not None
    by_itself = child.result.si_code == os.CLD_EXITED
    cause: control.Cause = child.cause or ("deadline" if now_ns >= child.deadline_boot_ns and not by_itself else "died")
    status = child.result.si_status
    return Ended(child.opening, cause, status if by_itself else None, None if by_itself else status, now_ns)
