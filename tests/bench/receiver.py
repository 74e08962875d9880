"""`python -m tests.bench.receiver`: the controller's side, a process of its own.

Reads a JSON line with what to do from standard input. `ingest`: the real ingest and downlink, until a line comes.
`subscribe`: the same subscriber, which only sends PUBACK for what it gets. Says `ready` when it listens; ends with a
JSON line of what it counted.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleet.broker_address import BrokerAddress
from fleet.downlink.downlink import Downlink
from fleet.downlink.key import load_key
from fleet.ingest.ingest import Ingest
from fleet.ingest.link import Link
from fleet.ingest.mqtt_codec import OversizedPublish, Publish
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.logs import configure_logs
from fleet.metrics import Metrics
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.store import open_store
from tests.bench.certificates import client_context
from tests.bench.lines import tell

_START_LIMIT_S = 30.0
_LIMIT_S = 300.0


def _address(task: dict[str, Any]) -> BrokerAddress:
    return BrokerAddress(task["host"], task["port"], client_context(task, "controller"))


async def _ready(subscriber: MqttSubscriber, tasks: Sequence[asyncio.Task[None]], downlink: Downlink | None) -> None:
    async with asyncio.timeout(_START_LIMIT_S):
        while subscriber.listening_since is None or (downlink is not None and not downlink.connected):
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
    tell("ready")


async def ingest(task: dict[str, Any]) -> dict[str, Any]:
    """Run the real ingest until a line comes; returns what it counted."""
    metrics = Metrics()
    address = _address(task)
    store = await open_store(task["dsn"], max_connections=4)
    downlink = Downlink(address, "controller-downlink-bench", load_key(Path(task["key"])), metrics)
    subscriber = MqttSubscriber(address, "controller-ingest-bench", filters(), metrics)

    async def on_sessions(unit_ids: set[str]) -> None:
        await asyncio.sleep(0)

    whole = Ingest(
        store=store,
        subscriber=subscriber,
        downlink=downlink,
        presence=PresenceSettings(),
        metrics=metrics,
        on_sessions=on_sessions,
        on_proofs=keep_proofs,
    )
    tasks = [asyncio.create_task(downlink.run()), asyncio.create_task(whole.run())]
    await _ready(subscriber, tasks, downlink)
    await asyncio.to_thread(sys.stdin.readline)
    for running in tasks:
        running.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.close()
    names = ("flush_seconds_count", "flush_seconds_sum", "envelopes_sent_total", "messages_received_total")
    counted = {name: metrics.registry.get_sample_value(f"muster_{name}") for name in names}
    return {**counted, "cpu_s": time.process_time()}


class Counting:
    """Sends PUBACK for everything at once, and notes when it had sent `expected`."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self.last_at = 0.0
        self.finished = asyncio.Event()

    def receive(self, link: Link, packets: Sequence[Publish | OversizedPublish]) -> None:
        """See `fleet.ingest.link.Receive`."""
        link.acknowledge([packet.packet_id for packet in packets])
        self._left -= len(packets)
        if self._left == 0:
            self.last_at = time.monotonic()
            self.finished.set()


async def subscribe(task: dict[str, Any]) -> dict[str, Any]:
    """Receive and acknowledge to the broker only; returns when the last message was."""
    subscriber = MqttSubscriber(_address(task), "controller-ingest-bench", filters(), Metrics())
    counting = Counting(task["expected"])
    running = asyncio.create_task(subscriber.run(counting.receive))
    await _ready(subscriber, [running], None)
    async with asyncio.timeout(_LIMIT_S):
        await counting.finished.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return {"last_at": counting.last_at, "cpu_s": time.process_time()}


async def main() -> None:
    """Do what standard input says."""
    configure_logs("warning")
    task = json.loads(sys.stdin.readline())
    result = await (ingest(task) if task["do"] == "ingest" else subscribe(task))
    tell(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(main())
