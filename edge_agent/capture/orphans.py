"""Processes that this one has adopted (PR_SET_CHILD_SUBREAPER), found in /proc."""

import os
from collections.abc import Iterator
from typing import NamedTuple


class Offspring(NamedTuple):
    """A process whose parent is this one. `session` is the process id of its session's leader."""

    pid: int
    session: int
    ended: bool


def offspring() -> Iterator[Offspring]:
    """Every process whose parent this one is now, those that ended and wait to be reaped included."""
    own = os.getpid()
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs the supervisor's start-up
        if name.isdigit():
            state, parent, session = _stat_of(int(name))
            if parent == own:
                yield Offspring(int(name), session, ended=state == "Z")


def _stat_of(pid: int) -> tuple[str, int, int]:
    """State, parent and session; parent 0 for a process that is gone meanwhile."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
            text = file.read()
    except OSError:
        return "", 0, 0
    fields = text[text.rindex(b")") + 2 :].split()
    return fields[0].decode("ascii"), int(fields[1]), int(fields[3])
