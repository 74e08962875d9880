"""Python's own programs as server processes that begin with their imports done: forked from one process that has them.

A broker or a witness spends most of its life in a test on importing. It is the same program with the same arguments in
a process of its own, which can be killed and ended like any other.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

from tests.support.processes import Process, ServerProcess

_PRELOADED = ["fleet.broker.__main__", "fleet.cli.app", "fleet.cli.witness", "fleet.witness.server"]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOADED)


def end_nursery() -> None:
    """End the process that programs are forked from, and its helper; the next program starts them again."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # the library ends it with this process only
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # as above


class ForkedProgram(ServerProcess):
    """The program whose entry point is `package.module:function`, with `arguments`; else as a ServerProcess."""

    def __init__(self, entry: str, arguments: Sequence[str], ports: Sequence[int], log: Path) -> None:
        super().__init__([entry, *arguments], ports, log)

    def _launched(self) -> Process:
        return _Child(self.command, self.log)


class _Child:
    """A forked program, as `subprocess.Popen` shows one."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._process = _context.Process(target=_run, args=(list(command), str(log)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code


def _run(command: list[str], log: str) -> None:
    """In the child: become the program."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    sys.argv = command
    module, _, function = command[0].partition(":")
    sys.exit(getattr(import_module(module), function)())
