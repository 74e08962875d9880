"""`python -m tests.bench.console`: the console in a real terminal, on the real API, with 10,000 units and with 100.

Key to paint: from a key being written to the terminal until the bytes that draw the cursor's new row arrive. CPU: the
console process's own time, idle (nothing changes but ages) and busy (200 units a second report, some of them shown).
The last line is JSON.
"""

import asyncio
import contextlib
import fcntl
import os
import pty
import random
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from fleet.client import ClientSettings
from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from fleet.store.store import Store, open_store
from tests.bench.lines import say, tell
from tests.support.controller import RunningApi, running_api

ROWS, COLUMNS = 24, 80
KEYS = 120
CPU_S = 10.0
REPORTS_PER_S = 200
_PAINT_LIMIT_S = 10.0
_OPEN_LIMIT_S = 60.0
_CURSOR = "▸".encode()
_DOWN, _PAGE_DOWN, _END, _HOME = b"\x1b[B", b"\x1b[6~", b"\x1b[F", b"\x1b[H"


class Terminal:
    """The console on a pseudo-terminal of 80×24."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self._descriptor = descriptor
        self.process = process
        self._seen = bytearray()
        self._arrived = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    @classmethod
    async def open(cls, settings: Path) -> "Terminal":
        """Start the console with this client settings file."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).parent / "fleet-console",
            "--config",
            settings,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(theirs)
        return cls(ours, process)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the console has ended: its process tells
            self._seen += os.read(self._descriptor, 65536)
        self._arrived.set()

    def forget(self) -> None:
        """Begin looking from here."""
        self._seen.clear()

    async def shown(self, wanted: bytes, limit_s: float) -> None:
        """Wait until `wanted` is among the bytes drawn since `forget`; raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while wanted not in self._seen:
                self._arrived.clear()
                await self._arrived.wait()

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._descriptor, keys)

    async def key_to_paint_ms(self, key: bytes) -> float:
        """Press a key that moves the cursor; milliseconds until its row is drawn."""
        self.forget()
        began = time.perf_counter()
        self.press(key)
        await self.shown(_CURSOR, _PAINT_LIMIT_S)
        return (time.perf_counter() - began) * 1000

    def cpu_s(self) -> float:
        """Processor seconds that the console has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def close(self) -> None:
        """Leave the console."""
        self.press(b"q")
        try:
            async with asyncio.timeout(10):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)


async def _fill(dsn: str, units: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO unit (unit_id, label, model, fingerprint, key_protection, joined_at, accepted_by)"
            " SELECT 'unit-' || lpad(n::text, 8, '0'), 'van kit ' || n, 'bench', n::text, 'soft', now(), 'TO-12'"
            " FROM generate_series(1, $1::int) n",
            units,
        )
        await connection.execute(
            "INSERT INTO unit_live (unit_id, session_up, session_changed_at, last_report_at, last_sampled_at, presence,"
            " supply_mv, soc_temp_c, storage_used_percent, settings_running, settings_seen_at)"
            " SELECT unit_id, true, now(), now(), now(), 'online', 12000, 50, 40, 1, now() FROM unit"
        )
        await connection.execute(
            "INSERT INTO unit_settings (unit_id, version, report_every_s, spool_max_mb, spool_max_days, changed_at)"
            " SELECT unit_id, 1, 60, 64, 30, now() FROM unit"
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


@asynccontextmanager
async def _console(units: int) -> AsyncIterator[tuple[Terminal, Store, str]]:
    server = PostgresServer.create()
    try:
        await upgrade(server.dsn())
        store = await open_store(server.dsn())
        with tempfile.TemporaryDirectory() as home:
            async with running_api(store, server.dsn(), Path(home)) as api:
                settings = await _settings(api, Path(home))
                await _fill(server.dsn(), units)
                terminal = await Terminal.open(settings)
                try:
                    await terminal.shown(b"FLEET", _OPEN_LIMIT_S)
                    yield terminal, store, server.dsn()
                finally:
                    await terminal.close()
        await store.close()
    finally:
        server.remove()


async def _settings(api: RunningApi, home: Path) -> Path:
    person: ClientSettings = await api.add_person("TO-12", "engineer")
    path = home / "client.toml"
    values = {"url": person.url, "ca_file": str(person.ca_file), "person": "TO-12", "key_file": str(person.key_file)}
    path.write_text("".join(f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in values.items()))
    return path


async def _paints(terminal: Terminal, units: int) -> list[float]:
    terminal.forget()
    terminal.press(b"2")
    await terminal.shown(_CURSOR, _OPEN_LIMIT_S)
    keys = [_DOWN, _DOWN, _PAGE_DOWN] * (KEYS // 3) if units > 1000 else [_DOWN] * min(KEYS, units - 1)
    return [await terminal.key_to_paint_ms(key) for key in keys]


async def _cpu_percent(terminal: Terminal) -> float:
    before, began = terminal.cpu_s(), time.perf_counter()
    await asyncio.sleep(CPU_S)
    return round(100 * (terminal.cpu_s() - before) / (time.perf_counter() - began), 1)


async def _report(store: Store, dsn: str, units: int) -> None:
    """Let random units report, the ones on the first screen among them, until cancelled."""
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            numbers = {*random.sample(range(1, units + 1), REPORTS_PER_S // 4), 1, 2, 3}
            ids = [f"unit-{number:08}" for number in numbers]
            async with store.transaction() as transaction:
                await connection.execute(
                    "UPDATE unit_live SET last_report_at = now(), supply_mv = 11000 + (random() * 2000)::int"
                    " WHERE unit_id = ANY($1)",
                    ids,
                )
                transaction.changed.units.update(ids)
            await asyncio.sleep(0.25)
    finally:
        await connection.close()


async def _measure(units: int, *, with_cpu: bool) -> dict[str, float]:
    say(f"bench-console: {units} units")
    async with _console(units) as (terminal, store, dsn):
        paints = await _paints(terminal, units)
        found = {
            "p50": round(statistics.median(paints), 1),
            "p95": round(statistics.quantiles(paints, n=20)[-1], 1),
        }
        if with_cpu:
            terminal.press(_HOME)
            say("bench-console: idle")
            found["idle"] = await _cpu_percent(terminal)
            say(f"bench-console: busy, {REPORTS_PER_S} reports a second")
            reporting = asyncio.create_task(_report(store, dsn, units))
            try:
                found["busy"] = await _cpu_percent(terminal)
            finally:
                reporting.cancel()
                await asyncio.gather(reporting, return_exceptions=True)
        return found


async def _main() -> None:
    few = await _measure(100, with_cpu=False)
    many = await _measure(10_000, with_cpu=True)
    line = {
        "key_to_paint_ms_p95": many["p95"],
        "key_to_paint_ms_p50": many["p50"],
        "key_to_paint_ms_p95_100_units": few["p95"],
        "idle_cpu_percent": many["idle"],
        "busy_cpu_percent": many["busy"],
    }
    tell(msgspec.json.encode(line).decode())


if __name__ == "__main__":
    asyncio.run(_main())
