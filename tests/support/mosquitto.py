"""Debian's mosquitto with the shipped configuration under the shipped supervisor, on free loopback ports.

`docker/mosquitto/mosquitto.conf` and its access lists are used as they are, but for three substitutions: the
directory /mosquitto, and the two lines `listener 8883` and `listener 8884`. As root it stays root: in the image too,
broker and controller are one user, who reads what the controller writes.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.tls import Pki

SHIPPED = Path(__file__).parents[2] / "docker" / "mosquitto"
_ACCESS_LISTS = ("units.acl", "controllers.acl")


def find_mosquitto() -> str:
    """Path of the mosquitto program; fails, saying how to install it."""
    # Debian puts it where a login of an ordinary user does not look.
    found = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("mosquitto is not installed: apt-get install mosquitto")
    return found


def substituted(conf: str, home: Path, unit_port: int, controller_port: int) -> str:
    """The shipped configuration for `home` and these loopback ports."""
    for shipped, ours in (
        ("/mosquitto/", f"{home}/"),
        ("\nlistener 8883\n", f"\nlistener {unit_port} 127.0.0.1\n"),
        ("\nlistener 8884\n", f"\nlistener {controller_port} 127.0.0.1\n"),
    ):
        if shipped not in conf:
            raise RuntimeError(
                f"{shipped!r} is no longer in the shipped mosquitto.conf; mend tests/support/mosquitto.py"
            )
        conf = conf.replace(shipped, ours)
    return conf


class MosquittoBroker:
    """`async with MosquittoBroker(pki) as broker`: units on `unit_port`, controllers on `controller_port`."""

    host = "127.0.0.1"
    mqtt = "5"

    def __init__(self, pki: Pki, access_lists: Mapping[str, str] | None = None) -> None:
        """With the shipped access lists, but for those in `access_lists`: file name, text."""
        self.pki = pki
        self._access_lists = dict(access_lists or {})
        self.unit_port, self.controller_port = free_port(), free_port()
        self.home = Path(tempfile.mkdtemp(prefix="mosquitto-"))
        self._process = ServerProcess(
            ["sh", str(SHIPPED / "supervise"), str(self.home / "config" / "mosquitto.conf")],
            [self.unit_port, self.controller_port],
            self.home / "log",
        )

    @property
    def pid(self) -> int:
        """Process id of the running broker, which the supervisor has started."""
        supervisor = self._process.pid
        for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
            with suppress(OSError):  # one of the supervisor's short-lived tools, gone meanwhile
                if Path(f"/proc/{child}/comm").read_text().strip() == "mosquitto":
                    return int(child)
        raise RuntimeError(f"the supervisor runs no mosquitto: {self.log()}")

    @property
    def certificates(self) -> Path:
        """The directory with ca.crt, crl.pem, server.crt and server.key that it reads."""
        return self.home / "config" / "tls"

    async def start(self) -> None:
        """Start, also again after `kill`, on the same ports."""
        await self._process.start()

    async def kill(self) -> None:
        """kill -9, and wait until the supervisor has ended too."""
        os.kill(self.pid, signal.SIGKILL)
        await self._process.terminate()

    def log(self) -> str:
        """The last lines of its log."""
        return self._process.tail()

    async def __aenter__(self) -> Self:
        config = self.home / "config"
        find_mosquitto()
        config.mkdir()
        self.pki.server(self.certificates)
        conf = substituted((SHIPPED / "mosquitto.conf").read_text(), self.home, self.unit_port, self.controller_port)
        (config / "mosquitto.conf").write_text(conf + ("\nuser root\n" if os.geteuid() == 0 else ""))
        for name in _ACCESS_LISTS:
            (config / name).write_text(self._access_lists.get(name) or (SHIPPED / name).read_text())
        try:
            await self.start()
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._process.terminate()
        shutil.rmtree(self.home, ignore_errors=True)
