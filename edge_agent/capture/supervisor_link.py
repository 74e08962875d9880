"""The agent's end of one supervisor: its process, and questions answered in their order."""

import asyncio
import json
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from edge_agent.capture import control, linux
from edge_agent.errors import CaptureRefused, SupervisorAway

START_LIMIT_S = 20.0
ANSWER_LIMIT_S = 5.0
STOP_LIMIT_S = 8.0
_AGENTS_OWN = "MUSTER_AGENT_"


class SupervisorLink:
    """One supervisor from its start to its end. Made by `start`."""

    def __init__(
        self, process: asyncio.subprocess.Process, own: socket.socket, on_ended: Callable[[dict[str, Any]], None]
    ):
        """`on_ended` is given every message about an ended child."""
        self._process = process
        self._socket = own
        self._on_ended = on_ended
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._pending: deque[asyncio.Future[int | None]] = deque()
        self._loop.add_reader(own, self._read)

    @classmethod
    async def start(cls, argv: Sequence[str], on_ended: Callable[[dict[str, Any]], None]) -> "SupervisorLink":
        """A supervisor whose children run `argv`, ready to be asked. Raises SupervisorAway.

        Only from a thread that lives as long as the agent: Linux takes its end for the agent's.
        """
        own, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.settimeout(0)
        command = [sys.executable, "-m", "edge_agent.capture", str(os.getpid()), str(its.fileno()), *argv]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=2,
                pass_fds=[its.fileno()],
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.startswith(_AGENTS_OWN)},
            )
        except OSError as error:
            own.close()
            raise SupervisorAway(f"it can not be started: {error.strerror}") from error
        finally:
            its.close()
        link = cls(process, own, on_ended)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await link._ready
        except BaseException as error:
            await link.kill()
            if isinstance(error, TimeoutError):
                raise SupervisorAway(f"it was not ready in {START_LIMIT_S:.0f} s") from error
            raise
        return link

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        return self._process.pid

    @property
    def scheduling(self) -> str:
        """How the supervisor is scheduled: "fifo", "nice" or "usual", by what it is allowed."""
        return str(self._ready.result()["scheduling"])

    @property
    def memory_locked(self) -> bool:
        """Whether no page of the supervisor can be swapped out; its children are allowed what it is."""
        return bool(self._ready.result()["memory_locked"])

    def tell(
        self, do: control.Do, opening: str, deadline_boot_ns: int = 0, channel: socket.socket | None = None
    ) -> asyncio.Future[int | None]:
        """Ask without waiting. The future gives the child's pidfd for an open, else None; raises as `ask` does."""
        message = {"do": do, "opening": opening, "deadline_boot_ns": deadline_boot_ns}
        if do == "kill":
            del message["deadline_boot_ns"]
        answer: asyncio.Future[int | None] = self._loop.create_future()
        answer.add_done_callback(_seen)
        try:
            socket.send_fds(self._socket, [control.encode(message)], [] if channel is None else [channel.fileno()])
        except OSError as error:
            answer.set_exception(SupervisorAway(error.strerror or str(error)))
        else:
            self._pending.append(answer)
        return answer

    async def ask(
        self, do: control.Do, opening: str, deadline_boot_ns: int = 0, channel: socket.socket | None = None
    ) -> int | None:
        """Ask, and wait for the answer: the child's pidfd for an open, else None.

        Raises CaptureRefused; SupervisorAway without an answer in 5 s, which is also the supervisor's end.
        """
        return await self.answer_to(self.tell(do, opening, deadline_boot_ns, channel))

    async def answer_to(self, asked: "asyncio.Future[int | None]") -> int | None:
        """As `ask`, to what was asked by `tell`. Whoever is cancelled here does not cancel the question."""
        await asyncio.wait({asked}, timeout=ANSWER_LIMIT_S)
        if not asked.done():
            await self.kill()
            raise SupervisorAway(f"no answer in {ANSWER_LIMIT_S:.0f} s; it was killed")
        return asked.result()

    async def gone(self) -> int:
        """Wait for the supervisor's end; gives its return code. What was asked and not answered by then is refused."""
        code = await self._process.wait()
        self._hang_up(f"it ended with {code}")
        return code

    def send_kill(self) -> None:
        """SIGKILL: Linux kills its children with it."""
        with suppress(ProcessLookupError):  # it has ended already
            self._process.kill()

    async def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.send_kill()
        await self.gone()

    async def stop(self) -> None:
        """Hang up, upon which it kills its children and ends; SIGKILL when it does not within 8 s."""
        self._hang_up("the agent hung up")
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.gone()
        except TimeoutError:
            await self.kill()

    def _hang_up(self, why: str) -> None:
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        waiting: list[asyncio.Future[Any]] = [self._ready, *self._pending]
        self._pending.clear()
        for answer in waiting:
            if not answer.done():
                answer.set_exception(SupervisorAway(why))

    def _read(self) -> None:
        try:
            data, fds, _ = linux.receive(self._socket, control.MESSAGE_MAX_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        if not data:
            self._hang_up("it closed its socket")
            return
        message = json.loads(data)
        if "ended" in message:
            self._on_ended(message)
        elif "ready" in message:
            self._ready.set_result(message)
        else:
            self._answered(message, fds[0] if fds else None)

    def _answered(self, message: dict[str, Any], pid_fd: int | None) -> None:
        answer = self._pending.popleft()
        if "refused" in message:
            answer.set_exception(CaptureRefused(str(message["do"]), str(message["opening"]), message["refused"]))
        else:
            answer.set_result(pid_fd)


def _seen(answer: asyncio.Future[int | None]) -> None:
    """Nobody has to wait for an answer; asyncio would complain of its error then."""
    if not answer.cancelled():
        answer.exception()
