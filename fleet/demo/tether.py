"""Programs that stop when the demo that started them dies, however it dies.

A demo that is killed outright can not tidy up: Linux then sends a signal to what it started (prctl PR_SET_PDEATHSIG).
Linux takes the thread that started a program for its parent: it has to live as long as the program.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str], *, end_with: signal.Signals = signal.SIGTERM, user: str = "") -> list[str]:
    """The command that becomes `command` in the same process, to be sent `end_with` when this process dies.

    `user` is the account it runs as, this one's when empty.
    """
    own = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return [*own, str(os.getpid()), str(int(end_with)), user, *command]


def main() -> None:
    """Change the user, set the death signal, then run the command in this process."""
    parent, end_with, user, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if user:
        _become(user)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, end_with, 0, 0, 0)  # a change of user would clear it
    if os.getppid() != parent:  # it died before the signal was set
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - a list, no shell


def _become(user: str) -> None:
    import pwd  # noqa: PLC0415 - only root needs it

    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    main()
