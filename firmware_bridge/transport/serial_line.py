"""A line over a serial port: a thread that reads and one that writes, owned by the line; asyncio in front.

Neither thread ever blocks for long: the port does not block, and both wait for it and for the line's wish to end at the
same time. The last of the two to end lets go of the port, at once when it was lost, so that a device that was plugged
in again can have its name again.
"""

import asyncio
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from firmware_bridge.errors import PortLost, PortMissing
from firmware_bridge.transport.claiming import Claimed, claim
from firmware_bridge.transport.incoming import Incoming
from firmware_bridge.transport.spy import Spy

QUEUE_BYTES = 64 * 1024
"""Most that waits in each direction."""
STUCK_LIMIT_S = 10.0
CLOSE_LIMIT_S = 5.0
OPEN_LIMIT_S = 10.0
_READ_BYTES = 16 * 1024
_WAIT_MS = 1000
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


async def open_line(
    port: str, *, baud: int = 115200, spy: Spy | None = None, stuck_limit_s: float = STUCK_LIMIT_S
) -> "SerialLine":
    """Open the port at the path `port` for this program alone, at `baud` bit/s, 8N1 without flow control.

    A port that takes no byte for `stuck_limit_s` seconds while there is something to send counts as lost.
    Raises PortMissing, PortBusy and PortDenied. Who opens it closes it.
    """
    opening = asyncio.get_running_loop().run_in_executor(None, claim, port, baud)
    try:
        claimed = await asyncio.wait_for(asyncio.shield(opening), OPEN_LIMIT_S)
    except TimeoutError as error:
        opening.add_done_callback(_let_go)
        raise PortMissing(port, f"it did not open within {OPEN_LIMIT_S:g} s; plug it in again") from error
    except asyncio.CancelledError:
        opening.add_done_callback(_let_go)
        raise
    return SerialLine(port, claimed, spy=spy, stuck_limit_s=stuck_limit_s)


def _let_go(opening: "asyncio.Future[Claimed]") -> None:
    """Release a port that was opened after nobody wanted it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().release()


class _Piece:
    """What is to be sent now, and who waits for it."""

    def __init__(self, content: bytes, sent: "asyncio.Future[None]") -> None:
        self.rest = memoryview(content)
        self.sent = sent


class SerialLine:
    """See `line.Line`. Made by `open_line`; closes itself as an asynchronous context."""

    def __init__(self, name: str, claimed: Claimed, *, spy: Spy | None, stuck_limit_s: float) -> None:
        self._name = name
        self._claimed = claimed
        self._spy = spy
        self._stuck_limit_s = stuck_limit_s
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._incoming = Incoming(name, QUEUE_BYTES)
        self._piece: _Piece | None = None
        self._over = ""
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._wakes = (os.eventfd(0, os.EFD_NONBLOCK), os.eventfd(0, os.EFD_NONBLOCK))
        self._threads = [
            threading.Thread(target=self._run, args=(work, wake), name=f"line-{work.__name__}", daemon=True)
            for work, wake in zip((self._reading, self._writing), self._wakes, strict=True)
        ]
        self._alive = len(self._threads)
        for thread in self._threads:
            thread.start()

    @property
    def name(self) -> str:
        """The port, as it was opened."""
        return self._name

    async def __aenter__(self) -> Self:
        """The line itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def read(self) -> bytes:
        """The next bytes, at least one, at most 64 KiB. Waits for them as long as the caller lets it.

        Raises PortLost when it was unplugged, hung up or closed and everything that came before was read; and
        LineOverrun once after bytes were dropped, between what came before and what came after.
        """
        while True:
            self._arrived.clear()
            with self._lock:
                taken = self._incoming.take()
                over = self._over
            if taken:
                return taken
            if over:
                raise PortLost(self._name, over)
            await self._arrived.wait()

    async def write(self, content: bytes) -> None:
        """Send all of `content`, and return when the driver has taken it; raises PortLost, also when the port takes
        nothing for too long. When it is cancelled, what was not taken yet is not sent."""
        for at in range(0, len(content), QUEUE_BYTES):
            await self._send(content[at : at + QUEUE_BYTES])

    async def _send(self, content: bytes) -> None:
        piece = _Piece(content, self._loop.create_future())
        with self._lock:
            if self._over:
                raise PortLost(self._name, self._over)
            if self._piece is not None:
                raise RuntimeError("one task writes to a line at a time")
            self._piece = piece
            self._wake()
        try:
            await piece.sent
        finally:
            with self._lock:
                if self._piece is piece:
                    self._piece = None

    def discard(self) -> None:
        """Throw away what has come and was not read."""
        with self._lock:
            self._incoming.clear()
            if self._alive:
                self._claimed.forget_input()

    async def close(self) -> None:
        """Let go of the port; does nothing the second time. Raises PortLost when the driver does not let it go."""
        self._end("it was closed")
        try:
            await asyncio.wait_for(self._ended.wait(), CLOSE_LIMIT_S)
        except TimeoutError as error:
            raise PortLost(self._name, "its driver does not let it go; unplug the device") from error
        for thread in self._threads:
            thread.join(CLOSE_LIMIT_S)  # it has nothing left to do

    def _end(self, why: str) -> None:
        """No more reading and writing; the first reason stays. From any thread."""
        with self._lock:
            if not self._over:
                self._over = why
            piece, self._piece = self._piece, None
            self._wake()
        self._tell(self._arrived.set)
        if piece is not None:
            self._settle(piece, PortLost(self._name, self._over))

    def _wake(self) -> None:
        """Let both threads look; the lock is held."""
        if self._alive:
            for wake in self._wakes:
                os.eventfd_write(wake, 1)

    def _tell(self, what: Callable[[], object]) -> None:
        """Have the event loop call `what`; a loop that is closed needs to know nothing."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    def _settle(self, piece: _Piece, error: PortLost | None) -> None:
        def settle() -> None:
            if piece.sent.done():
                return
            if error is None:
                piece.sent.set_result(None)
            else:
                piece.sent.set_exception(error)

        self._tell(settle)

    def _run(self, work: Callable[[int], None], wake: int) -> None:
        """A thread's life."""
        try:
            work(wake)
        except OSError as error:
            self._end(f"it was unplugged or hung up ({error.strerror or error}); plug it in again")
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._alive -= 1
            is_last = not self._alive
        if is_last:
            self._claimed.release()
            for wake in self._wakes:
                os.close(wake)
            self._tell(self._ended.set)

    def _reading(self, wake: int) -> None:
        port = self._claimed.descriptor
        waiting = select.poll()
        waiting.register(port, select.POLLIN)
        waiting.register(wake, select.POLLIN)
        while not self._over:
            ready = dict(waiting.poll(_WAIT_MS))
            if wake in ready:
                os.eventfd_read(wake)
            if port in ready:
                self._take(port, ready[port])

    def _take(self, port: int, state: int) -> None:
        try:
            content = os.read(port, _READ_BYTES)
        except BlockingIOError:
            content = None
        if content:
            with self._lock:
                self._incoming.put(content)
            self._tell(self._arrived.set)
            if self._spy is not None:
                self._spy.heard(content)
        elif state & _GONE:  # nothing read alone is no hang-up: what had come may just have been thrown away
            self._end("it was unplugged or hung up; plug it in again")

    def _writing(self, wake: int) -> None:
        port = self._claimed.descriptor
        waiting = select.poll()
        waiting.register(wake, select.POLLIN)
        last: _Piece | None = None
        moved_at = time.monotonic()
        while not self._over:
            with self._lock:
                piece = self._piece
            if piece is not last:
                last, moved_at = piece, time.monotonic()
            if piece is None:
                _look_for_room(waiting, port, wanted=False)
            elif self._push(port, piece):
                moved_at = time.monotonic()
                continue
            elif time.monotonic() - moved_at >= self._stuck_limit_s:
                self._end(f"it took nothing for {self._stuck_limit_s:g} s; see to the device, and plug it in again")
                continue
            else:
                _look_for_room(waiting, port, wanted=True)
            limit_ms = _WAIT_MS if piece is None else min(_WAIT_MS, self._stuck_limit_s * 1000)
            if wake in dict(waiting.poll(limit_ms)):
                os.eventfd_read(wake)

    def _push(self, port: int, piece: _Piece) -> bool:
        """Whether the driver took some of `piece`; one that is all taken is told of."""
        try:
            count = os.write(port, piece.rest)
        except BlockingIOError:
            return False
        if self._spy is not None and count:
            self._spy.said(bytes(piece.rest[:count]))
        piece.rest = piece.rest[count:]
        if not piece.rest:
            with self._lock:
                if self._piece is piece:
                    self._piece = None
            self._settle(piece, None)
        return count > 0


def _look_for_room(waiting: select.poll, port: int, *, wanted: bool) -> None:
    """Wait for room to write too, or no longer: a port that hung up would end the wait at once for ever."""
    if wanted:
        waiting.register(port, select.POLLOUT)
    else:
        with suppress(KeyError):
            waiting.unregister(port)
