"""`python -m tests.bench.log_leader`: the real log of a controller, in a process of its own.

Reads a JSON line with what to do from standard input, says `ready` when it sequences, and then for each line does what
it says: a number is a size of the tree to wait for, answered with the time it was reached; `receipts N` takes N entries
one after another from their commit to their receipt, answered with how long each took, in milliseconds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from fleet.clock import utc_now
from fleet.downlink.key import load_key
from fleet.entries.access import LeaseGranted
from fleet.log.deployment_log import DeploymentLog
from fleet.log.key import LogKey
from fleet.logs import configure_logs
from fleet.metrics import Metrics
from fleet.settings import Settings, load_settings
from fleet.store.store import Store, open_store
from protocols.tlog.policy import read_policy
from protocols.tlog.receipt import verify_receipt
from tests.bench.lines import tell
from tests.support.waiting import until

_LIMIT_S = 300.0


async def _until_size(store: Store, size: int) -> float:
    async with asyncio.timeout(_LIMIT_S):
        while True:
            async with store.transaction() as transaction:
                if await transaction.log_tree.size() >= size:
                    return time.time()
            await asyncio.sleep(0.05)


async def _receipts(log: DeploymentLog, store: Store, count: int, policy_text: str) -> list[float]:
    policy = read_policy(policy_text)
    took_ms = []
    for number in range(count):
        now = utc_now()
        entry = LeaseGranted(
            at=now,
            actor="TO-12",
            unit="unit-abcd2345",
            opening=f"op-{number}",
            mandate="md-1",
            modalities=["video"],
            nonce="00",
            expires_at=now,
            lease_sha256="00",
            carried=False,
        )
        async with store.transaction() as transaction:
            entry_id = await transaction.log.append(entry)
        committed = time.perf_counter()
        logged = await log.receipts.receipt(entry_id, 30.0)
        took_ms.append((time.perf_counter() - committed) * 1000)
        verify_receipt(logged.receipt, logged.leaf, policy)
        await asyncio.sleep(0.02 * (number % 5))
    return took_ms


async def run(task: dict[str, Any]) -> None:
    """Serve until standard input ends."""
    configure_logs("warning")
    settings: Settings = load_settings(Path(task["settings"]), {})
    store = await open_store(settings.database.dsn, max_connections=8)
    log = DeploymentLog(settings, store, LogKey(load_key(Path(task["key"]))), utc_now, Metrics())
    running = asyncio.create_task(log.run())
    if task["sequences"]:

        async def sequences() -> bool:
            return (await log.status()).sequencing_here

        await until(sequences)
    tell("ready")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if running.done():
            running.result()
        word, _, count = line.partition(" ")
        if word == "receipts":
            tell(json.dumps(await _receipts(log, store, int(count), task["policy"])))
        else:
            tell(json.dumps(await _until_size(store, int(word))))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await store.close()
    tell(json.dumps({"cpu_s": time.process_time()}))


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
