"""One capture as the agent sees it: its channel, its deadline, its end."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Self

from edge_agent.capture import linux
from edge_agent.capture.channel import Channel
from edge_agent.capture.supervisor_link import SupervisorLink
from edge_agent.errors import CaptureRefused

OVERDUE_S = 2.0
"""So long after a deadline without an end the supervisor is taken for stopped, and killed."""

CLOSE_LIMIT_S = 5.0
_NS_PER_MS = 1_000_000

EndCause = Literal["deadline", "asked", "died", "agent-gone", "supervisor-gone"]


class CaptureEnd(NamedTuple):
    """No process of the capture is left since `end_boot_ms` (CLOCK_BOOTTIME, rounded up) or a moment before.

    `exit_status` or `signal_number` says how its child ended; both are None where the supervisor ended first.
    """

    cause: EndCause
    exit_status: int | None
    signal_number: int | None
    end_boot_ms: int


class Capture:
    """Made by `CaptureKeeper.open`. Always to be closed, ended or not: by `async with`, or `close`."""

    def __init__(self, link: SupervisorLink, opening: str, deadline_boot_ms: int) -> None:
        """Not begun."""
        self.opening = opening
        self.deadline_boot_ms = deadline_boot_ms
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[CaptureEnd] = self._loop.create_future()
        self._channel: Channel | None = None
        self._pid_fd: int | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self._given_up = False

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """`close`."""
        await self.close()

    @property
    def channel(self) -> Channel:
        """Messages to and from the child. What the child sent before its end can still be received after it."""
        if self._channel is None:
            raise RuntimeError("the capture has not begun")
        return self._channel

    @property
    def end(self) -> CaptureEnd | None:
        """How it ended; None while it has not."""
        return self._end.result() if self._end.done() else None

    async def ended(self) -> CaptureEnd:
        """Wait for its end, which is at the deadline by the latest; longer only for a child that Linux can not end."""
        return await asyncio.shield(self._end)

    async def begin(self) -> None:
        """Have the child started: `CaptureKeeper.open` does. Raises CaptureRefused and SupervisorAway."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            self._settle(CaptureEnd("died", None, None, _now_boot_ms()))
            raise CaptureRefused("open", self.opening, "not-started") from error
        asked = self._link.tell("open", self.opening, self.deadline_boot_ms * _NS_PER_MS, theirs)
        theirs.close()
        asked.add_done_callback(self._answered)
        try:
            await self._link.answer_to(asked)
        except BaseException:
            ours.close()
            self._given_up = True
            if self._pid_fd is not None:
                self._link.tell("kill", self.opening)
            raise
        self._channel = Channel(ours)
        self._watch()

    def _answered(self, asked: "asyncio.Future[int | None]") -> None:
        if asked.cancelled() or asked.exception() is not None:
            self._settle(CaptureEnd("died", None, None, _now_boot_ms()))
            return
        self._pid_fd = asked.result()
        if self._given_up:  # nobody else would close it
            self._link.tell("kill", self.opening)

    async def extend(self, deadline_boot_ms: int) -> None:
        """Let the child live until then instead. Raises CaptureRefused ("not-later", "too-far", "ending", "unknown":
        it has ended, "deaf": the child does not follow), with nothing changed, and SupervisorAway.
        """
        await self._link.ask("extend", self.opening, deadline_boot_ms * _NS_PER_MS)
        self.deadline_boot_ms = deadline_boot_ms
        self._watch()

    async def close(self) -> CaptureEnd:
        """End the child if it has not ended, and the channel. Raises TimeoutError when Linux can not end it in 10 s.

        A supervisor that does not end it in 5 s is killed, and the child with it.
        """
        try:
            if not self._end.done():
                self._link.tell("kill", self.opening)
                await asyncio.wait({self._end}, timeout=CLOSE_LIMIT_S)
            if not self._end.done():
                await self._link.kill()
            return await asyncio.wait_for(asyncio.shield(self._end), CLOSE_LIMIT_S)
        finally:
            if self._channel is not None:
                await self._channel.close()

    def when_ended(self, call: Callable[[], object]) -> None:
        """Have `call` called at the end."""
        self._end.add_done_callback(lambda _: call())

    def on_ended(self, message: dict[str, Any]) -> None:
        """The supervisor says so; see `control`."""
        end_boot_ms = -(-message["end_boot_ns"] // _NS_PER_MS)
        self._settle(CaptureEnd(message["cause"], message["exit_status"], message["signal"], end_boot_ms))

    def on_supervisor_gone(self) -> None:
        """Linux is killing the child; its end is when its pidfd says so."""
        if self._end.done():
            return
        if self._pid_fd is None:
            self._settle_gone()
        else:
            self._loop.add_reader(self._pid_fd, self._settle_gone)

    def _settle_gone(self) -> None:
        self._settle(CaptureEnd("supervisor-gone", None, None, _now_boot_ms()))

    def _settle(self, end: CaptureEnd) -> None:
        if self._end.done():
            return
        self._end.set_result(end)
        if self._overdue is not None:
            self._overdue.cancel()
        if self._pid_fd is not None:
            self._loop.remove_reader(self._pid_fd)
            os.close(self._pid_fd)
            self._pid_fd = None

    def _watch(self) -> None:
        """A supervisor that does not tell the end in time is stopped or hung: no new capture may depend on it."""
        if self._overdue is not None:
            self._overdue.cancel()
        if not self._end.done():
            left_s = (self.deadline_boot_ms - _now_boot_ms()) / 1000
            self._overdue = self._loop.call_later(max(0.0, left_s) + OVERDUE_S, self._link.send_kill)


def _now_boot_ms() -> int:
    return -(-linux.boot_ns() // _NS_PER_MS)
