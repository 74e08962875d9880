"""Debian's mosquitto with the shipped configuration, on free loopback ports.

`docker/mosquitto/mosquitto.conf` and its access lists are used as they are, but for three substitutions: the
directory /mosquitto, and the two lines `listener 8883` and `listener 8884`.
"""

import os
import pwd
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.tls import Pki

SHIPPED = Path(__file__).parents[2] / "docker" / "mosquitto"
_ACCESS_LISTS = ("units.acl", "controllers.acl")
_USER = "mosquitto"


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

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.unit_port, self.controller_port = free_port(), free_port()
        # Not under pytest's own directory: started as root, mosquitto becomes its own user, who can not enter there.
        self.home = Path(tempfile.mkdtemp(prefix="mosquitto-"))
        self._process = ServerProcess(
            [find_mosquitto(), "-c", str(self.home / "config" / "mosquitto.conf")],
            [self.unit_port, self.controller_port],
            self.home / "log",
        )

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        return self._process.pid

    async def start(self) -> None:
        """Start, also again after `kill`, on the same ports."""
        await self._process.start()

    async def kill(self) -> None:
        """kill -9."""
        await self._process.kill()

    def log(self) -> str:
        """The last lines of its log."""
        return self._process.tail()

    async def __aenter__(self) -> Self:
        config = self.home / "config"
        self.pki.server(config / "tls")
        conf = (SHIPPED / "mosquitto.conf").read_text()
        (config / "mosquitto.conf").write_text(substituted(conf, self.home, self.unit_port, self.controller_port))
        for name in _ACCESS_LISTS:
            shutil.copyfile(SHIPPED / name, config / name)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_USER)
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
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
