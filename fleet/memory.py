"""The controller's memory holds keys: it is neither dumped nor read by other processes of the same user."""

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4


def keep_private() -> None:
    """No core dump of this process, and nobody but root may trace it or read its memory. Raises OSError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
