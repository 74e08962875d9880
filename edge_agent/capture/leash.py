"""Programs that a capturing child starts (rpicam-vid) and that end when it ends, however it ends.

Linux takes the thread that started a program for its parent: start them from the main thread only.
Nothing outside the standard library is imported: the leash is run by its path, without site packages, to be quick.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def leashed(argv: Sequence[str]) -> list[str]:
    """The command that becomes `argv` in the same process, to be SIGKILLed when this process dies.

    `argv[0]` is looked for on the path. It must not be a set-user-id program: Linux would take the leash off.
    """
    return [sys.executable, "-I", "-S", os.path.realpath(__file__), str(os.getpid()), *argv]


def main() -> None:
    """Set the death signal, then become the program."""
    parent, argv = int(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit("leash: Linux does not grant a death signal")
    if os.getppid() != parent:  # it died before the signal was set
        sys.exit(1)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - a list, no shell
    except OSError as error:
        sys.exit(f"leash: {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
