"""The controller's end of a solver's process: what it needs of the processor and memory is not the controller's, and
whatever it does, the controller's loop goes on."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from fleet.rota.solver.errors import SolverLost, SolverRefused
from protocols.rota.book import RotaBook
from protocols.rota.solving import MAX_WALL_S, Progress, Solved, SolveFailed, SolveLimits, SolverMessage, SolveTask

PROGRAM = (sys.executable, "-I", str(Path(__file__).with_name("child.py")))
STOP_S = 8.0
"""How long a solver that is stopped may take to give its best so far; then it is killed."""

_GRACE_S = 60.0
_MAX_LINE_BYTES = 4 * 1024 * 1024
_END_S = 5.0
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}

_log = structlog.get_logger(__name__)
_messages: msgspec.json.Decoder[SolverMessage] = msgspec.json.Decoder(SolverMessage)


class SolvingProcess:
    """One book being solved. `start` it, iterate over its progress until it ends, then take `solved`; always `stop` it
    at the end, whatever happened.

    Another task may `stop` it while one iterates, which then goes on to what was found until then.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._pid_fd = -1
        self._until = 0.0
        self._solved: Solved | None = None

    @property
    def solved(self) -> Solved:
        """What was found, once the iteration has ended; raises SolverLost where that is nothing."""
        if self._solved is None:
            raise SolverLost("it has ended before it found anything: begin again")
        return self._solved

    @property
    def pid(self) -> int | None:
        """Its number, once it was started."""
        return None if self._process is None else self._process.pid

    def let_go(self) -> None:
        """Close its input, by which it ends at once, as when this process ends."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def start(self, book: RotaBook, limits: SolveLimits) -> None:
        """Start it; raises SolverLost. It ends by itself at its limits, and is killed a minute after."""
        wall_s = MAX_WALL_S if limits.wall_limit_s is None else limits.wall_limit_s
        limits = msgspec.structs.replace(limits, wall_limit_s=wall_s)
        self._until = time.monotonic() + wall_s + _GRACE_S
        try:
            self._process = await asyncio.create_subprocess_exec(
                *PROGRAM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                limit=_MAX_LINE_BYTES,
            )
        except OSError as error:
            raise SolverLost(f"it can not be started: {error.strerror}") from error
        with suppress(ProcessLookupError):  # it has ended already, which reading will tell
            self._pid_fd = os.pidfd_open(self._process.pid)
        assert self._process.stdin is not None
        with suppress(ConnectionError):  # as above
            self._process.stdin.write(msgspec.json.encode(SolveTask(book=book, limits=limits)) + b"\n")
            await self._process.stdin.drain()

    async def __aiter__(self) -> AsyncIterator[Progress]:
        """How far it is, as it says so. Raises SolverLost, or SolverRefused where the book can not be solved."""
        while self._solved is None:
            message = await self._message()
            if isinstance(message, Progress):
                yield message
            elif isinstance(message, SolveFailed):
                raise SolverRefused(message.detail)
            else:
                self._solved = message

    async def _message(self) -> SolverMessage:
        assert self._process is not None, "it was started"
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise SolverLost("it has not ended at its limit: ask for less") from None
        except ValueError as error:
            raise SolverLost("it says more than it may") from error
        if not line.endswith(b"\n"):
            raise SolverLost("it has ended before it was done: begin again, for a shorter period if that is of no use")
        try:
            return _messages.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise SolverLost("it says what nobody understands") from error

    async def stop(self) -> None:
        """Let it give its best so far, kill it if it does not within STOP_S, and wait until it is gone. Does nothing
        when it has ended, or was never started."""
        if self._process is None:
            return
        try:
            for kind, wait_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, _END_S)):
                self._send(kind)
                if await self._ended(wait_s):
                    return
            _log.error("a solver was killed and has not ended", process=self._process.pid)
        except asyncio.CancelledError:
            self._send(signal.SIGKILL)
            raise

    def _send(self, kind: signal.Signals) -> None:
        if self._pid_fd >= 0:  # not by its number, which asyncio's thread may have freed for another process
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pid_fd, kind)

    async def _ended(self, wait_s: float) -> bool:
        assert self._process is not None
        try:
            async with asyncio.timeout(wait_s):
                await self._process.wait()
        except TimeoutError:
            return False
        if self._pid_fd >= 0:
            os.close(self._pid_fd)
            self._pid_fd = -1
        self.let_go()
        return True
