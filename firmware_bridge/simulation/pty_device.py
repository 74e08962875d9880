"""A pseudo-terminal that behaves as a serial port with a cable: it has a name that stays, a speed, and can be pulled.

What is sent while nobody has the port open is lost, as on a wire. The far end finds its port gone when the cable is
pulled, and the same name again when it is plugged in.
"""

import asyncio
import errno
import os
import pty
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.simulation.pacing import Pace

_WAITING_PIECES = 256
_NOBODY_S = 0.02
_FULL_S = 0.002
_FULL_TRIES = 500


class PtyDevice:
    """A port named `link`, at `baud` bit/s. As a context it is plugged in; `heard` is called with what comes."""

    def __init__(self, link: Path, *, baud: int, heard: Callable[[bytes], None]) -> None:
        self.link = link
        self.passed_bytes = 0
        """In both directions, since it was made."""
        self._baud = baud
        self._heard = heard
        self._master: int | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._pulled: asyncio.Task[None] | None = None
        self._waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING_PIECES)
        self._somebody = False
        self._after: tuple[int, Callable[[], None]] | None = None

    async def __aenter__(self) -> Self:
        """Plug it in; raises SimulationFailed when the link can not be made."""
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pull it out, and end what it does."""
        self.pull()
        if self._pulled is not None:
            await asyncio.wait({self._pulled})

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._master is not None

    def plug(self) -> None:
        """Put the cable in; does nothing when it is. Raises SimulationFailed."""
        if self._master is not None:
            return
        try:
            master = self._open()
        except OSError as error:
            raise SimulationFailed(f"{self.link} can not be made: {error.strerror}; choose another link") from error
        self._master, self._somebody = master, False
        self._tasks = [
            asyncio.create_task(self._reading(master), name=f"reading {self.link.name}"),
            asyncio.create_task(self._writing(master), name=f"writing {self.link.name}"),
        ]

    def pull(self) -> None:
        """Pull the cable; does nothing when it is out."""
        if self._master is None:
            return
        master, self._master = self._master, None
        self.link.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        self._pulled = asyncio.create_task(_close(master, self._tasks), name=f"pulling {self.link.name}")
        while not self._waiting.empty():
            self._waiting.get_nowait()

    def pull_after(self, count: int, then: Callable[[], None]) -> None:
        """Pull the cable once `count` more bytes have passed, in either direction, and call `then`."""
        self._after = (self.passed_bytes + count, then)

    def send(self, content: bytes, delay_s: float = 0.0) -> None:
        """Send `content` after `delay_s` seconds and what waits already; lost when nobody listens or too much waits."""
        if self._master is None or not content:
            return
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((asyncio.get_running_loop().time() + delay_s, content))

    def _open(self) -> int:
        master, port = pty.openpty()
        try:
            tty.setraw(port)
            os.set_blocking(master, False)
            self._name(os.ttyname(port))
        except OSError:
            os.close(master)
            raise
        finally:
            os.close(port)
        return master

    def _name(self, port: str) -> None:
        """Let the link name the port, at once for whoever looks. A file that is no link is left alone."""
        if self.link.exists() and not self.link.is_symlink():
            raise FileExistsError(errno.EEXIST, "there is a file of that name")
        new = self.link.with_name(f".{self.link.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(port)
        new.rename(self.link)

    async def _reading(self, master: int) -> None:
        loop, pace = asyncio.get_running_loop(), Pace(self._baud)
        while True:
            try:
                content = os.read(master, pace.chunk_bytes)
            except BlockingIOError:
                self._somebody = True
                await self._readable(master)
                pace.idle(loop.time())
                continue
            except OSError:  # nobody has the port open
                self._somebody = False
                await asyncio.sleep(_NOBODY_S)
                continue
            self._somebody = True
            await asyncio.sleep(pace.take(len(content), loop.time()))
            if content := self._let_pass(content):
                self._heard(content)

    async def _readable(self, master: int) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(master, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(master)

    async def _writing(self, master: int) -> None:
        loop, pace = asyncio.get_running_loop(), Pace(self._baud)
        while True:
            idle = self._waiting.empty()
            due_s, content = await self._waiting.get()
            delay_s = due_s - loop.time()
            await asyncio.sleep(max(0.0, delay_s))
            if idle or delay_s > 0:
                pace.idle(loop.time())
            for at in range(0, len(content), pace.chunk_bytes):
                chunk = content[at : at + pace.chunk_bytes]
                await asyncio.sleep(pace.take(len(chunk), loop.time()))
                if not self._somebody:
                    break
                if chunk := self._let_pass(chunk):
                    await self._put(master, chunk)

    async def _put(self, master: int, chunk: bytes) -> None:
        """Give all of it to the far end, which may be slow to take it; one that takes nothing for a second loses it."""
        for _ in range(_FULL_TRIES):
            try:
                chunk = chunk[os.write(master, chunk) :]
            except BlockingIOError:
                await asyncio.sleep(_FULL_S)
            if not chunk:
                return

    def _let_pass(self, content: bytes) -> bytes:
        """What of `content` gets through before the cable is pulled."""
        if self._after is None:
            self.passed_bytes += len(content)
            return content
        limit, then = self._after
        content = content[: max(0, limit - self.passed_bytes)]
        self.passed_bytes += len(content)
        if self.passed_bytes >= limit:
            self._after = None
            asyncio.get_running_loop().call_soon(self._pull_and, then)
        return content

    def _pull_and(self, then: Callable[[], None]) -> None:
        self.pull()
        then()


async def _close(master: int, tasks: list[asyncio.Task[None]]) -> None:
    """Close a port once nothing uses it any more."""
    await asyncio.gather(*tasks, return_exceptions=True)
    os.close(master)
