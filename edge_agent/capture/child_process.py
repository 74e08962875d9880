"""One child of the supervisor: started with a deadline already armed, killed with its whole process group."""

import fcntl
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress

from edge_agent.capture import linux
from edge_agent.capture.confinement import CHANNEL_FD, DEADLINE_VARIABLE, DEADLINES_FD, SUPERVISOR_VARIABLE
from edge_agent.capture.control import Cause

_NOT_STARTED_STATUS = 127


class ChildProcess:
    """`cause` is why it was killed, None while nobody has; `result` what waitid gave, None until it was reaped."""

    def __init__(self, opening: str, deadline_boot_ns: int, argv: Sequence[str], channel_fd: int) -> None:
        """Start it; `channel_fd` stays the caller's. Raises OSError; nothing is left over then."""
        self.opening = opening
        self.deadline_boot_ns = deadline_boot_ns
        self.cause: Cause | None = None
        self.result: os.waitid_result | None = None
        self.timer_fd = linux.boot_timerfd()
        try:
            linux.arm_timerfd(self.timer_fd, deadline_boot_ns)
            listening_fd, self._telling_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            os.close(self.timer_fd)
            raise
        try:
            self.pid = _fork(argv, deadline_boot_ns, channel_fd, listening_fd)
        except OSError:
            self._forget()
            raise
        finally:
            os.close(listening_fd)
        try:
            self.pid_fd = os.pidfd_open(self.pid)
        except OSError:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._forget()
            raise

    def watched_fds(self) -> list[int]:
        """Descriptors that become readable at its deadline or end; none once it is reaped."""
        if self.result is not None:
            return []
        return [self.pid_fd] if self.cause else [self.pid_fd, self.timer_fd]

    def expired(self, now_boot_ns: int) -> bool:
        """Whether its deadline is reached, by the clock or by the timer, whichever says so."""
        if now_boot_ns >= self.deadline_boot_ns:
            return True
        try:
            return bool(os.read(self.timer_fd, 8))
        except BlockingIOError:
            return False

    def extend(self, deadline_boot_ns: int) -> None:
        """Move both locks. Raises BlockingIOError, with nothing moved, when the child never reads its deadlines."""
        os.write(self._telling_fd, deadline_boot_ns.to_bytes(8, "little"))
        linux.arm_timerfd(self.timer_fd, deadline_boot_ns)
        self.deadline_boot_ns = deadline_boot_ns

    def kill(self, cause: Cause) -> None:
        """SIGKILL it and its group. The first cause stays. Not after it was reaped: its numbers may be another's."""
        self.cause = self.cause or cause
        with suppress(ProcessLookupError):  # it has ended and only waits to be reaped
            signal.pidfd_send_signal(self.pid_fd, signal.SIGKILL)
        with suppress(ProcessLookupError):  # killed before it could lead a group, it has started nothing
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> bool:
        """Whether it has ended; takes the rest of its group with it."""
        if os.waitid(os.P_PIDFD, self.pid_fd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        with suppress(ProcessLookupError):  # it was alone
            os.killpg(self.pid, signal.SIGKILL)
        self.result = os.waitid(os.P_PIDFD, self.pid_fd, os.WEXITED)
        os.close(self.pid_fd)
        self._forget()
        return True

    def _forget(self) -> None:
        os.close(self.timer_fd)
        os.close(self._telling_fd)


def _fork(argv: Sequence[str], deadline_boot_ns: int, channel_fd: int, listening_fd: int) -> int:
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(argv, deadline_boot_ns, supervisor, channel_fd, listening_fd)
        except OSError as error:
            os.write(2, f"capture: {argv[0]} can not be started: {error.strerror}\n".encode())
        finally:
            os._exit(_NOT_STARTED_STATUS)
    return pid


def _become(argv: Sequence[str], deadline_boot_ns: int, supervisor: int, channel_fd: int, listening_fd: int) -> None:
    os.setsid()
    linux.die_with_parent(signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before the signal was set
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    linux.forbid_new_privileges()
    os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would inherit that
        signal.signal(number, signal.SIG_DFL)
    _place(channel_fd, listening_fd)
    variables = {DEADLINE_VARIABLE: str(deadline_boot_ns), SUPERVISOR_VARIABLE: str(supervisor)}
    os.execve(argv[0], list(argv), {**os.environ, **variables})  # noqa: S606 - a list, no shell


def _place(channel_fd: int, listening_fd: int) -> None:
    """Give the descriptors their fixed numbers, by way of others that are free; all but 0 to 4 close at the exec."""
    free_from = max(CHANNEL_FD, DEADLINES_FD) + 1
    channel_copy = fcntl.fcntl(channel_fd, fcntl.F_DUPFD_CLOEXEC, free_from)
    listening_copy = fcntl.fcntl(listening_fd, fcntl.F_DUPFD_CLOEXEC, free_from)
    os.dup2(channel_copy, CHANNEL_FD)
    os.dup2(listening_copy, DEADLINES_FD)
