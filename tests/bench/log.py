"""`python -m tests.bench.log`: entries appended to the deployment log a second, until they are leaves of its tree.

48 writers, each with a connection of its own, wait for the commit of each append; the real sequencer and publisher run
in a process of their own beside a real witness, on PostgreSQL 18 with fsync and the settings that we ship. In the same
run: the same rows chained under the lock of one row, with the same round trips, and a bare COPY of them. Then receipts,
one at a time, from commit to a receipt that verifies. The last line of standard output is JSON; the rest goes to
standard error.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from fleet.demo.postgres import PostgresServer
from fleet.downlink.key import write_key
from fleet.log.key import LogKey
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from protocols.tlog.policy import build_policy
from tests.bench.ingest import Worker, _ticks
from tests.bench.lines import say, tell
from tests.bench.log_writers import rows
from tests.support.log_tree import checked_tree
from tests.support.people import found_people
from tests.support.postgres import create_database
from tests.support.witness import RunningWitness, running_witness

_RUN_LIMIT_S = 600.0
WRITERS = 48
PROCESSES = 3
_COLUMNS = ("kind", "unit_id", "actor", "at", "body", "authority", "deployment", "person", "opening")
_BARE = (
    "CREATE TABLE bare (kind text, unit_id text, actor text, at timestamptz, body bytea, authority text,"
    " deployment text, person text, opening text)"
)
_CHAINED = """
CREATE TABLE chain_head (size bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO chain_head VALUES (0, '');
CREATE TABLE chained (LIKE log_entry INCLUDING ALL);
ALTER TABLE chained ADD COLUMN hash bytea NOT NULL;
GRANT SELECT, UPDATE ON chain_head TO muster_controller;
GRANT SELECT, INSERT ON chained TO muster_controller;
"""


class Scene:
    """Database, witness and the settings of a controller."""

    def __init__(self, home: Path, server: PostgresServer, witness: RunningWitness, key: LogKey) -> None:
        self.home = home
        self.server = server
        self.witness = witness
        self.policy = build_policy(key.verifier.line, [(witness.vkey.name, witness.vkey.line)], 1)
        write_key(home / "log.key", key.private)

    async def database(self, name: str) -> str:
        """A fresh database with a founded fleet; returns its owner's URL."""
        dsn = await create_database(self.server, name)
        await upgrade(dsn)
        store = await open_store(dsn, max_connections=2)
        await found_people(store, log_policy=self.policy.text)
        await store.close()
        return dsn

    def controller(self, dsn: str, *, sequences: bool = True) -> dict[str, Any]:
        """What a controller's process is told."""
        toml = self.home / "fleet.toml"
        witness = {"name": self.witness.vkey.name, "url": self.witness.url, "ca_file": str(self.witness.ca_file)}
        lines = [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in witness.items()]
        head = f'state_dir = "{self.home}"\n[database]\ndsn = "{dsn}"\n[[log.witnesses]]\n'
        toml.write_text(head + "\n".join(lines) + "\n")
        key = str(self.home / "log.key")
        return {"settings": str(toml), "key": key, "policy": self.policy.text, "sequences": sequences}

    def postgres_cpu_s(self) -> float:
        """Seconds of processor time of PostgreSQL's processes that still run."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return sum(_ticks(int(pid)) for pid in children) / os.sysconf("SC_CLK_TCK")


async def _write(scene: Scene, dsn: str, how: str, each: int) -> tuple[float, float, list[float]]:
    """Let all writers write; returns when the first began, when the last ended, and what each append took (ms)."""
    async with AsyncExitStack() as stack:
        workers = []
        files = []
        for number in range(PROCESSES):
            writers = WRITERS // PROCESSES
            into = scene.home / f"took-{number}.json"
            files.append(into)
            first = number * writers * each
            task = {"dsn": dsn, "how": how, "writers": writers, "each": each, "first": first, "took_ms": str(into)}
            worker = await Worker.start("tests.bench.log_writers", task)
            stack.push_async_callback(worker.end)
            workers.append(worker)
        before_s = scene.postgres_cpu_s()
        for worker in workers:
            await worker.tell()
        done = [json.loads(await worker.line(_RUN_LIMIT_S)) for worker in workers]
        used_s = scene.postgres_cpu_s() - before_s
        for worker in workers:
            await worker.tell()
    took_ms = sorted(one for file in files for one in json.loads(file.read_text()))
    began, ended = min(one["began"] for one in done), max(one["ended"] for one in done)
    cpu_s = sum(one["cpu_s"] for one in done)
    say(f"  writers: {len(took_ms)} commits in {ended - began:.2f} s, their CPU {cpu_s:.1f} s with preparation")
    say(f"  PostgreSQL's CPU while they wrote: {used_s:.1f} s")
    return began, ended, took_ms


async def measure_log(scene: Scene, each: int, receipts: int) -> dict[str, Any]:
    """Appends a second until all are in the tree, what the commits took, and what receipts take."""
    dsn = await scene.database("bench_log")
    async with AsyncExitStack() as stack:
        controller = await Worker.start("tests.bench.log_leader", scene.controller(dsn))
        stack.push_async_callback(controller.end)
        owner = await asyncpg.connect(dsn)
        stack.push_async_callback(owner.close)
        founded = int(await owner.fetchval("SELECT count(*) FROM log_entry"))
        began, committed, took_ms = await _write(scene, dsn, "append", each)
        await controller.tell(str(founded + len(took_ms)))
        sequenced = float(json.loads(await controller.line(_RUN_LIMIT_S)))
        rate = len(took_ms) / (max(sequenced, committed) - began)
        say(f"  sequenced {max(0.0, sequenced - committed) * 1000:.0f} ms after the last commit: {rate:.0f} a second")
        p50, p99 = _part(took_ms, 0.5), _part(took_ms, 0.99)
        say(f"  commit: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {took_ms[-1]:.1f} ms")
        latency = await _measure_receipts(scene, stack, dsn, controller, receipts)
        await controller.tell()
        say(f"  the controller's CPU: {(await controller.result())['cpu_s']:.1f} s")
        tree = await checked_tree(owner)
        if tree.waiting or len(tree.leaves) < founded + len(took_ms):
            raise RuntimeError(f"{tree.waiting} entries are not in the tree of {len(tree.leaves)} leaves")
    return {"appends_per_s": round(rate), "p99_ms": round(p99, 1), "p50_ms": round(p50, 1), **latency}


async def _measure_receipts(
    scene: Scene, stack: AsyncExitStack, dsn: str, leading: Worker, count: int
) -> dict[str, float]:
    other = await Worker.start("tests.bench.log_leader", scene.controller(dsn, sequences=False))
    stack.push_async_callback(other.end)
    found: dict[str, float] = {}
    for name, controller in (("receipt", leading), ("receipt_elsewhere", other)):
        await controller.tell(f"receipts {count}")
        took_ms = sorted(json.loads(await controller.line(_RUN_LIMIT_S)))
        figures = {"p50": _part(took_ms, 0.5), "p95": _part(took_ms, 0.95), "max": took_ms[-1]}
        say(f"  {name}: " + ", ".join(f"{what} {ms:.0f} ms" for what, ms in figures.items()))
        found |= {f"{name}_{what}_ms": round(ms, 1) for what, ms in figures.items()}
    return found


async def measure_row_lock(scene: Scene, each: int) -> float:
    """Appends a second when each locks the newest."""
    dsn = await create_database(scene.server, "bench_lock")
    await upgrade(dsn)
    owner = await asyncpg.connect(dsn)
    await owner.execute(_CHAINED)
    began, ended, took_ms = await _write(scene, dsn, "row-lock", each)
    if await owner.fetchval("SELECT size FROM chain_head") != len(took_ms):
        raise RuntimeError("the chain under the row lock is not whole")
    await owner.close()
    return len(took_ms) / (ended - began)


async def measure_copy(scene: Scene, count: int) -> float:
    """Rows a second by COPY into a table without an index, the best of three."""
    owner = await asyncpg.connect(await create_database(scene.server, "bench_copy"))
    records = rows(0, count)
    times_s = []
    for _ in range(3):
        await owner.execute(f"DROP TABLE IF EXISTS bare; {_BARE}")
        began = time.monotonic()
        await owner.copy_records_to_table("bare", records=records, columns=_COLUMNS)
        times_s.append(time.monotonic() - began)
    await owner.close()
    return count / min(times_s)


def _part(ordered: list[float], part: float) -> float:
    return statistics.quantiles(ordered, n=1000, method="inclusive")[int(part * 1000) - 1]


async def run(each: int, receipts: int) -> dict[str, Any]:
    """The whole benchmark: `each` appends of each writer, `receipts` receipts."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        home = Path(folder)
        key = LogKey.new()
        witness = RunningWitness(home / "witness", [key.verifier])
        server = PostgresServer.create(durable=True)
        try:
            async with running_witness(witness):
                scene = Scene(home, server, witness, key)
                say("bare COPY")
                copy = await measure_copy(scene, WRITERS * each)
                say(f"  {copy:.0f} a second")
                say("chained under a row lock")
                row_lock = await measure_row_lock(scene, max(20, each // 20))
                say(f"  {row_lock:.0f} a second")
                say("the log")
                log = await measure_log(scene, each, receipts)
        finally:
            server.remove()
    first = {"appends_per_s": log.pop("appends_per_s"), "p99_ms": log.pop("p99_ms")}
    say(json.dumps({**log, "processors": os.cpu_count()}))
    return {**first, "row_lock_per_s": round(row_lock), "copy_per_s": round(copy)}


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=1500, help="appends of each of the 48 writers")
    parser.add_argument("--receipts", type=int, default=200, help="how many receipts are waited for")
    given = parser.parse_args()
    tell(json.dumps(asyncio.run(run(given.each, given.receipts))))


if __name__ == "__main__":
    main()
