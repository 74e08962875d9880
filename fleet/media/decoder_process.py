"""The controller's end of a decoder's process, which counts as hostile: whatever it does but answer, ends it.

One question at a time, and one answer within a limit; nothing is read that was not asked for, and no more than an
answer can have. So it can neither fill the controller's memory nor keep it busy.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import cast

import msgspec
import structlog

from fleet.media import decoder
from fleet.media.decoder.wire import HEADER_BYTES, Ready, Reply, Task, checked, framed, most_bytes
from fleet.media.errors import DecoderLost

PROGRAM = (sys.executable, "-I", str(Path(decoder.__file__).with_name("__main__.py")))
"""To be followed by this process's id."""

_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""All that it has. A process with threads could not shut itself in."""
_READY_S = 30.0
_ANSWER_S = 10.0
_END_S = 5.0
_READY_BYTES = 64

_log = structlog.get_logger(__name__)


class _Channel(asyncio.SubprocessProtocol):
    """Bytes to and from one process. What is wrong with it stands in `lost`, "" as long as nothing is.

    From its beginning on an answer is expected: that it is ready.
    """

    def __init__(self) -> None:
        self.lost = ""
        self._transport: asyncio.SubprocessTransport | None = None
        self._pid_fd = -1
        self._ended = asyncio.Event()
        self._read = bytearray()
        self._most = _READY_BYTES
        self._answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.SubprocessTransport, transport)
        with suppress(ProcessLookupError):  # it has ended already, which `process_exited` will tell
            self._pid_fd = os.pidfd_open(self._transport.get_pid())

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """See asyncio."""
        if self._answer.done():
            self.lose("it says what it was not asked")
            return
        self._read += data
        if len(self._read) < HEADER_BYTES:
            return
        size = int.from_bytes(self._read[:HEADER_BYTES], "big")
        if size > self._most or len(self._read) > HEADER_BYTES + size:
            self.lose("its answer is too long")
        elif len(self._read) == HEADER_BYTES + size:
            self._answer.set_result(bytes(self._read[HEADER_BYTES:]))
            self._read.clear()

    def pipe_connection_lost(self, _fd: int, _error: Exception | None) -> None:
        """See asyncio."""
        self.lose("it has closed its channel")

    def process_exited(self) -> None:
        """See asyncio."""
        self._ended.set()
        self.lose("it has ended")

    def lose(self, why: str) -> None:
        """Have nothing more to do with it, and kill it."""
        if self.lost:
            return
        self.lost = why
        self._read.clear()
        if not self._answer.done():
            self._answer.set_exception(DecoderLost(why))
            self._answer.exception()  # seen here, as nobody may be waiting for it
        if self._pid_fd >= 0:  # not by its number, which asyncio's thread may have freed for another process
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pid_fd, signal.SIGKILL)

    def ask(self, question: bytes, most: int) -> None:
        """Expect an answer of at most `most` bytes to `question`; raises DecoderLost."""
        if self.lost or self._transport is None:
            raise DecoderLost(self.lost)
        self._most = most
        self._answer = asyncio.get_running_loop().create_future()
        cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0)).write(question)

    async def answer(self, limit_s: float) -> bytes:
        """What came; raises DecoderLost, also where nothing comes in `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._answer
        except TimeoutError:
            self.lose("it does not answer")
            raise DecoderLost(self.lost) from None

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.lose("it is no longer needed")
        if self._transport is None:  # it never began
            return
        try:
            async with asyncio.timeout(_END_S):
                await self._ended.wait()
        except TimeoutError:
            _log.error("a decoder was killed and has not ended", process=self._transport.get_pid())
        finally:
            self._transport.close()
            if self._pid_fd >= 0:
                os.close(self._pid_fd)


class DecoderProcess:
    """A decoder that is confined and waits for tasks."""

    def __init__(self, channel: _Channel) -> None:
        """Made by `decoder_process` only."""
        self._channel = channel

    async def done(self, task: Task) -> Reply:
        """What came of `task`; one at a time. Raises DecoderLost, and no other will be done then."""
        self._channel.ask(framed(task), most_bytes(task))
        body = await self._channel.answer(_ANSWER_S)
        try:
            return checked(body, task)
        except (ValueError, RecursionError) as error:
            self._channel.lose("its answer is none to what was asked")
            raise DecoderLost(f"{self._channel.lost}: {type(error).__name__}") from error


@asynccontextmanager
async def decoder_process(program: Sequence[str] = PROGRAM) -> AsyncIterator[DecoderProcess]:
    """A decoder of its own, killed at the end. Raises DecoderLost, also where none can be started."""
    channel = _Channel()
    try:
        await _start(program, channel)
        body = await channel.answer(_READY_S)
        try:
            _tell(msgspec.msgpack.decode(body, type=Ready))
        except (ValueError, RecursionError) as error:
            raise DecoderLost("it does not say that it is confined") from error
        yield DecoderProcess(channel)
    finally:
        await channel.end()


async def _start(program: Sequence[str], channel: _Channel) -> None:
    try:
        await asyncio.get_running_loop().subprocess_exec(
            lambda: channel,
            *program,
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise DecoderLost(f"it can not be started: {error.strerror}") from error


@cache
def _tell(ready: Ready) -> None:
    """Once: what Linux lacks here. What else a decoder is held by does not depend on it."""
    if not ready.landlock:
        _log.warning("decoders are confined without Landlock, which this kernel does not have or not enable")
    if not ready.filtered:
        _log.warning("decoders are confined without a filter of system calls, which is not known for this processor")
