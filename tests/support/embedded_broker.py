"""The embedded broker as its own process, with the same shape as `tests.support.mosquitto.MosquittoBroker`."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.forked import ForkedProgram
from tests.support.ports import free_port
from tests.support.tls import Pki


class EmbeddedBrokerProcess:
    """`async with EmbeddedBrokerProcess(pki) as broker`: units and controllers share one port."""

    host = "127.0.0.1"
    mqtt = "3.1.1"

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.unit_port = self.controller_port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="embedded-broker-"))
        words = ["--listen", f"{self.host}:{self.unit_port}", "--directory", str(self.home)]
        self._process = ForkedProgram("fleet.broker.__main__:main", words, [self.unit_port], self.home / "log")

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        return self._process.pid

    async def start(self) -> None:
        """Start, also again after `kill`, on the same port."""
        await self._process.start()

    async def kill(self) -> None:
        """kill -9."""
        await self._process.kill()

    async def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        return await self._process.terminate()

    def log(self) -> str:
        """The last lines of its output."""
        return self._process.tail()

    async def __aenter__(self) -> Self:
        self.pki.server(self.home)
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.terminate()
        shutil.rmtree(self.home, ignore_errors=True)
