"""`python -m tests.bench.ingest`: reports per second from first publish to all committed and acknowledged.

Real Debian mosquitto with the shipped configuration, real PostgreSQL 18 with fsync, the real ingest and downlink in a
process of their own, and a load generator in another, all on loopback with mutual TLS; fixed counts. In the same run
two ceilings: the same messages received by the same subscriber and only PUBACKed, and the same rows by COPY into a
table without an index. The last line of standard output is JSON; everything else goes to standard error.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from fleet.demo.postgres import PostgresServer
from fleet.downlink.key import create_key
from fleet.ingest.rows import report_rows
from fleet.store.migrate import upgrade
from fleet.store.telemetry import REPORT_COLUMNS
from protocols.ids import new_session_nonce, new_spool_id
from tests.bench.lines import say, tell
from tests.bench.shapes import CATCH_UP, LIVE, Shape, messages, unit_ids
from tests.support.mosquitto import MosquittoBroker
from tests.support.postgres import create_database
from tests.support.reporting import register
from tests.support.tls import Pki

_READY_LIMIT_S = 120.0
_RUN_LIMIT_S = 600.0
_COPY_ROWS = 5000
_COPY_REPEATS = 3


class Worker:
    """One of the benchmark's other processes, spoken to in lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, task: dict[str, Any]) -> "Worker":
        """Start `module` with `task`, and wait until it is ready."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        worker = cls(process)
        await worker.tell(json.dumps(task))
        line = await worker.line(_READY_LIMIT_S)
        if line != "ready":
            raise RuntimeError(f"{module} said {line!r} instead of ready")
        return worker

    async def tell(self, line: str = "") -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def result(self) -> dict[str, Any]:
        """Its last line, and its end."""
        async with asyncio.timeout(_RUN_LIMIT_S):
            result: dict[str, Any] = json.loads(await self.line(_RUN_LIMIT_S))
            await self._process.wait()
        return result

    async def line(self, limit_s: float) -> str:
        """The next line it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(limit_s):
            return (await self._process.stdout.readline()).decode().strip()

    async def end(self) -> None:
        """Kill it if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Scene:
    """Broker, database and certificates."""

    def __init__(self, home: Path, broker: MosquittoBroker, server: PostgresServer) -> None:
        self.home = home
        self.broker = broker
        self.server = server

    def task(self, *, port: int, **more: Any) -> dict[str, Any]:
        """What every worker must be told."""
        pki = self.broker.pki.directory
        return {
            "host": self.broker.host,
            "port": port,
            "certificates": str(pki),
            "root": str(pki / "ca/root.crt"),
            **more,
        }

    async def database(self, name: str, units: int) -> str:
        """A fresh database with `units` registered; returns its owner's URL."""
        dsn = await create_database(self.server, name)
        await upgrade(dsn)
        owner = await asyncpg.connect(dsn)
        await register(owner, unit_ids(units))
        await owner.execute("SELECT ensure_health_partitions($1, 1)", datetime.now(UTC).date())
        await owner.close()
        return dsn


async def measure_ingest(scene: Scene, shape: Shape) -> float:
    """Reports per second of the real thing."""
    dsn = await scene.database(f"bench_{shape.name}".replace("-", "_"), shape.units)
    ingest_task = scene.task(port=scene.broker.controller_port, do="ingest", dsn=dsn, key=str(scene.home / "down.key"))
    async with AsyncExitStack() as stack:
        receiver = await Worker.start("tests.bench.receiver", ingest_task)
        stack.push_async_callback(receiver.end)
        load_task = scene.task(port=scene.broker.unit_port, shape=shape.to_json(), answered=True)
        load = await Worker.start("tests.bench.load", load_task)
        stack.push_async_callback(load.end)
        before = _cpu_s(scene)
        await load.tell()
        sent = await load.result()
        after = _cpu_s(scene)
        await receiver.tell()
        counted = await receiver.result()
    owner = await asyncpg.connect(dsn)
    stored = await owner.fetchval("SELECT count(*) FROM health_report")
    await owner.close()
    if stored != shape.total_reports:
        raise RuntimeError(f"{stored} reports are stored, {shape.total_reports} were acknowledged")
    elapsed_s = sent["last_at"] - sent["first_at"]
    used = {name: round(after[name] - before[name], 2) for name in after}
    say(f"  {shape.name}: {shape.total_reports} reports in {elapsed_s:.2f} s; ingest {counted}; CPU seconds: {used},")
    say(f"  load {sent['cpu_s']:.2f} s with its preparation")
    return float(shape.total_reports / elapsed_s)


async def measure_subscribe(scene: Scene, shape: Shape) -> float:
    """Reports per second that the subscriber receives and only PUBACKs."""
    shape = replace(shape, window=64)
    task = scene.task(port=scene.broker.controller_port, do="subscribe", expected=shape.total_messages)
    async with AsyncExitStack() as stack:
        receiver = await Worker.start("tests.bench.receiver", task)
        stack.push_async_callback(receiver.end)
        load_task = scene.task(port=scene.broker.unit_port, shape=shape.to_json(), answered=False)
        load = await Worker.start("tests.bench.load", load_task)
        stack.push_async_callback(load.end)
        await load.tell()
        sent, received = await load.result(), await receiver.result()
    elapsed_s = received["last_at"] - sent["first_at"]
    say(f"  {shape.name}, subscribe only: {elapsed_s:.2f} s, CPU seconds of the subscriber {received['cpu_s']:.2f}")
    return float(shape.total_reports / elapsed_s)


async def measure_copy(scene: Scene, reports: int) -> float:
    """Rows per second by COPY into a table of the same columns without an index; the best of three."""
    dsn = await create_database(scene.server, "bench_copy")
    await upgrade(dsn)
    owner = await asyncpg.connect(dsn)
    await owner.execute("SET ROLE muster_controller")
    shape = Shape(name="copy", units=1, messages=reports // 100, batch=100, window=1)
    batches = messages(shape, unit_ids(1)[0], new_session_nonce(), new_spool_id(), int(time.time() * 1000))
    rows = [row for message in batches for row in report_rows(message, int(time.time() * 1000))]
    await owner.execute("RESET ROLE")
    best = 0.0
    for _ in range(_COPY_REPEATS):
        await owner.execute(
            "DROP TABLE IF EXISTS bare; CREATE TABLE bare (unit_id text, spool_id bigint, seq bigint,"
            " sampled_at_ms bigint, received_at_ms bigint, supply_mv integer, undervolted boolean, soc_temp_c real,"
            " cpu_used_percent real, memory_used_percent real, storage_used_percent real, battery_percent real,"
            " clock_offset_ms real, wifi_signal_dbm real, rsrp_dbm real, more text)"
        )
        started = time.monotonic()
        for start in range(0, len(rows), _COPY_ROWS):
            await owner.copy_records_to_table("bare", records=rows[start : start + _COPY_ROWS], columns=REPORT_COLUMNS)
        best = max(best, len(rows) / (time.monotonic() - started))
    await owner.close()
    say(f"  bare COPY: {len(rows)} rows, {best:.0f} a second")
    return best


def _cpu_s(scene: Scene) -> dict[str, float]:
    """Seconds of processor time of the broker, and of PostgreSQL with its children."""
    tick = os.sysconf("SC_CLK_TCK")
    broker = _ticks(scene.broker.pid)
    children = Path(f"/proc/{scene.server.pid}/task/{scene.server.pid}/children").read_text().split()
    database = sum(_ticks(int(pid)) for pid in children)
    return {"broker": broker / tick, "postgres": database / tick}


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def run(scale: float) -> dict[str, Any]:
    """The whole benchmark; `scale` shortens it."""
    live = replace(LIVE, messages=max(1, int(LIVE.messages * scale)))
    catch_up = replace(CATCH_UP, messages=max(1, int(CATCH_UP.messages * scale)))
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        home = Path(folder)
        pki = Pki.create(home / "pki")
        pki.controller()
        for unit_id in unit_ids(max(live.units, catch_up.units)):
            pki.unit(unit_id)
        create_key(home / "down.key")
        server = PostgresServer.create(durable=True)
        try:
            async with MosquittoBroker(pki) as broker:
                scene = Scene(home, broker, server)
                return await _measurements(scene, live, catch_up)
        finally:
            server.remove()


async def _measurements(scene: Scene, live: Shape, catch_up: Shape) -> dict[str, Any]:
    say("bare COPY")
    copy = await measure_copy(scene, catch_up.total_reports)
    figures: dict[str, dict[str, float]] = {}
    for shape in (live, catch_up):
        say(f"{shape.name}: {shape.total_reports} reports of {shape.units} units, {shape.batch} a message")
        ceiling = await measure_subscribe(scene, shape)
        reached = await measure_ingest(scene, shape)
        figures[shape.name] = {
            "reports_per_s": round(reached),
            "subscribe_ceiling_per_s": round(ceiling),
            "share_of_subscribe": round(reached / ceiling, 3),
            "share_of_copy": round(reached / copy, 3),
        }
    return {
        "reports_per_s": figures["catch-up"]["reports_per_s"],
        "copy_ceiling_per_s": round(copy),
        "subscribe_ceiling_per_s": figures["catch-up"]["subscribe_ceiling_per_s"],
        "shapes": figures,
        "processors": os.cpu_count(),
    }


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the number of messages")
    tell(json.dumps(asyncio.run(run(parser.parse_args().scale))))


if __name__ == "__main__":
    main()
