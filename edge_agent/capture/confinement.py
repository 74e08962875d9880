"""What a capturing child does to itself before it opens anything. Importing this loads only the standard library.

from edge_agent.capture.confinement import confine
confined = confine()   # before any other import of weight
... await main(confined) ...
"""

import os
import signal
import sys

from edge_agent.capture import linux
from edge_agent.capture.control import AHEAD_MAX_NS
from edge_agent.errors import NotConfined

CHANNEL_FD = 3
DEADLINES_FD = 4
DEADLINE_VARIABLE = "MUSTER_CAPTURE_DEADLINE_BOOT_NS"
SUPERVISOR_VARIABLE = "MUSTER_CAPTURE_SUPERVISOR_PID"


class Confinement:
    """A confined process. `memory_unlocked_because` is "" when no page can be swapped out, else why some can."""

    def __init__(self, deadline_boot_ns: int, timer: linux.KillTimer, memory_unlocked_because: str) -> None:
        """Made by `confine` only."""
        self.deadline_boot_ns = deadline_boot_ns
        self.memory_unlocked_because = memory_unlocked_because
        self._timer = timer

    @property
    def memory_locked(self) -> bool:
        """Whether no page can be swapped out. False wherever privileges for it are missing."""
        return not self.memory_unlocked_because

    def arm(self, deadline_boot_ns: int) -> None:
        """Have Linux SIGKILL this process at `deadline_boot_ns` (CLOCK_BOOTTIME) instead of at the deadline before.

        Raises NotConfined, with the earlier deadline still armed, for one that is no later or more than 960 s ahead,
        and when Linux refuses.
        """
        if not self.deadline_boot_ns < deadline_boot_ns <= linux.boot_ns() + AHEAD_MAX_NS:
            raise NotConfined(f"a deadline of {deadline_boot_ns} ns is not later, or too far ahead")
        try:
            self._timer.arm(deadline_boot_ns)
        except OSError as error:
            raise NotConfined(f"the timer can not be armed: {error.strerror}") from error
        self.deadline_boot_ns = deadline_boot_ns


def confine() -> Confinement:
    """Die with the supervisor and at the deadline, leave no dump, gain no rights, keep memory out of swap if allowed.

    Takes deadline and supervisor from the environment. Raises NotConfined where either is missing or Linux refuses;
    ends the process at once where the supervisor is gone.
    """
    deadline_boot_ns, supervisor = _number(DEADLINE_VARIABLE), _number(SUPERVISOR_VARIABLE)
    if deadline_boot_ns - linux.boot_ns() > AHEAD_MAX_NS:
        raise NotConfined(f"{DEADLINE_VARIABLE} is more than {AHEAD_MAX_NS // 1_000_000_000} s ahead")
    try:
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != supervisor:
            sys.exit("capture: the supervisor is gone")
        timer = linux.KillTimer()
        timer.arm(deadline_boot_ns)
        linux.forbid_dumps()
        linux.forbid_new_privileges()
    except OSError as error:
        raise NotConfined(str(error)) from error
    return Confinement(deadline_boot_ns, timer, linux.lock_memory())


def _number(variable: str) -> int:
    text = os.environ.get(variable, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise NotConfined(f"{variable} is missing or no number: only the supervisor starts this program")
    return int(text)
