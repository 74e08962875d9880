"""Server processes of tests: started, waited for, killed and always ended, by process id."""

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

START_LIMIT_S = 60.0
_STOP_LIMIT_S = 15.0
_POLL_S = 0.02


class Process(Protocol):
    """What a subprocess.Popen can, as far as a ServerProcess needs it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float, /) -> int: ...


class ServerProcess:
    """A program that listens on `ports`; its output goes to `log`."""

    def __init__(self, command: Sequence[str], ports: Sequence[int], log: Path) -> None:
        self.command = list(command)
        self.ports = list(ports)
        self.log = log
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Process id of the running program."""
        if self._process is None:
            raise RuntimeError("the program is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start, and wait until it listens on every port; raises RuntimeError with its last output."""
        self._process = self._launched()
        try:
            async with asyncio.timeout(START_LIMIT_S):
                for port in self.ports:
                    await self._listening(port)
        except TimeoutError:
            await self.kill()
            raise RuntimeError(f"{self.command[0]} does not listen on {self.ports}: {self.tail()}") from None

    def _launched(self) -> Process:
        with self.log.open("ab") as output:
            return subprocess.Popen(self.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    async def _listening(self, port: int) -> None:
        while True:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended at once: {self.tail()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(_POLL_S)
                continue
            writer.transport.abort()
            return

    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM, and wait until it has ended (SIGKILL after a limit); returns the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return await asyncio.to_thread(process.wait, _STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return await asyncio.to_thread(process.wait, _STOP_LIMIT_S)
