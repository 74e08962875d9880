"""Processor time of running processes, as Linux counts it."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """A running process and the one that started it."""

    pid: int
    parent: int
    command: tuple[str, ...]


def processes() -> list[Process]:
    """Those that run now."""
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            parent = int(_stat(entry / "stat")[1])
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        found.append(Process(int(entry.name), parent, tuple(command)))
    return found


def below(pid: int) -> list[Process]:
    """What `pid` has started, and those have, and so on."""
    everybody = processes()
    found: list[Process] = []
    parents = {pid}
    while parents:
        children = [one for one in everybody if one.parent in parents]
        found += children
        parents = {one.pid for one in children}
    return found


def _stat(path: Path) -> list[str]:
    """The fields after the name, which may have blanks and brackets in it."""
    return path.read_text().rpartition(")")[2].split()


def _used_s(path: Path) -> float:
    fields = _stat(path)
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def used_s(pid: int) -> float:
    """Seconds of processor time of all its threads so far."""
    return _used_s(_PROC / str(pid) / "stat")


def first_thread_used_s(pid: int) -> float:
    """Seconds of the thread that it began with: of a program of asyncio, its event loop."""
    return _used_s(_PROC / str(pid) / "task" / str(pid) / "stat")


async def shares(pids: Mapping[str, int], window_s: float) -> dict[str, float]:
    """The share of one core that each of them uses from now on; `<name> loop` is that of its first thread."""
    begun_s = time.monotonic()
    before = _used(pids)
    await asyncio.sleep(window_s)
    lasted_s = time.monotonic() - begun_s
    return {name: (used - before[name]) / lasted_s for name, used in _used(pids).items()}


def _used(pids: Mapping[str, int]) -> dict[str, float]:
    return {
        **{name: used_s(pid) for name, pid in pids.items()},
        **{f"{name} loop": first_thread_used_s(pid) for name, pid in pids.items()},
    }
