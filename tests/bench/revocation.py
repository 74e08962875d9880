"""How fast a revoked unit is out: seconds from a person's word to its session closed, and to its return refused.

    python -m tests.bench.revocation --runs 200 --broker both

Each run revokes another unit, whose real client has a session and connects again as soon as that ends, through the
controller's own service and revoker, with a real database and broker. `reconnects` counts connections that stood after
the unit was cut off. One line of JSON on standard output; histograms on standard error.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from tests.bench.lines import say, tell
from tests.support.postgres import create_database
from tests.support.revoking import BROKERS, BrokerKind, RevokingFleet, WantingBack, revoking_fleet

LIMIT_S = 60.0
_TRIES_AFTER = 3
_POLL_S = 0.005
_BUCKET_S = 0.1
_WIDTH = 60


class Run(NamedTuple):
    """One revocation: seconds until the session was closed and until a new one was refused, and connections that stood
    after the cut-off."""

    closed_s: float
    refused_s: float
    reconnects: int


async def measure(broker: BrokerKind, runs: int, server: PostgresServer, home: Path) -> list[Run]:
    """`runs` revocations of as many units of one fleet."""
    dsn = await create_database(server, f"bench_revocation_{broker}")
    await upgrade(dsn)
    store = await open_store(dsn)
    try:
        async with revoking_fleet(store, dsn, home, broker) as fleet, fleet.revoking():
            measured = [await _one(fleet, f"unit-bench-{number:04}") for number in range(runs)]
    finally:
        await store.close()
    return measured


async def _one(fleet: RevokingFleet, unit_id: str) -> Run:
    unit = fleet.wanting_back(unit_id, await fleet.add_unit(unit_id))
    trying = asyncio.create_task(unit.run(), name=f"unit {unit_id}")
    try:
        async with asyncio.timeout(LIMIT_S):
            while not unit.connected_at:  # noqa: ASYNC110 - the client's lists ring no event
                await asyncio.sleep(_POLL_S)
            revoked_at = time.monotonic()
            await fleet.revoke(unit_id)
            while await fleet.cut_off_at(unit_id) is None:  # noqa: ASYNC110 - nor does the database
                await asyncio.sleep(_POLL_S)
            cut_off_at = time.monotonic()
            while len(unit.refused_at) < _TRIES_AFTER:  # noqa: ASYNC110 - as above
                await asyncio.sleep(_POLL_S)
    finally:
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
    return Run(
        closed_s=unit.closed_at[0] - revoked_at,
        refused_s=unit.refused_at[0] - revoked_at,
        reconnects=_stood_after(unit, cut_off_at),
    )


def _stood_after(unit: WantingBack, cut_off_at: float) -> int:
    """Connections that began after the cut-off, or began before it and had not ended."""
    begun_after = sum(at > cut_off_at for at in unit.connected_at)
    return begun_after + max(0, len(unit.connected_at) - begun_after - len(unit.closed_at))


def summary(runs: list[Run]) -> dict[str, Any]:
    """Median, 95th percentile and highest of the times, seconds."""
    return {
        "runs": len(runs),
        "closed_s": _quantiles([run.closed_s for run in runs]),
        "refused_s": _quantiles([run.refused_s for run in runs]),
        "reconnects": sum(run.reconnects for run in runs),
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) for name, share in at.items()}


def histogram(name: str, values: list[float]) -> list[str]:
    """Lines of a histogram in tenths of a second."""
    buckets = [int(value / _BUCKET_S) for value in values]
    counts = [buckets.count(bucket) for bucket in range(max(buckets) + 1)]
    scale = max(1.0, max(counts) / _WIDTH)
    lines = [f"{name}, {len(values)} runs"]
    return lines + [
        f"  {bucket * _BUCKET_S:4.1f} s {count:4d} {'#' * round(count / scale)}" for bucket, count in enumerate(counts)
    ]


async def run(runs: int, brokers: tuple[BrokerKind, ...]) -> dict[str, Any]:
    """The whole benchmark."""
    result: dict[str, Any] = {}
    server = PostgresServer.create()
    try:
        with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
            for broker in brokers:
                measured = await measure(broker, runs, server, Path(folder))
                for line in histogram(f"{broker}: revoked to session closed", [one.closed_s for one in measured]):
                    say(line)
                for line in histogram(f"{broker}: revoked to return refused", [one.refused_s for one in measured]):
                    say(line)
                result[broker] = summary(measured)
    finally:
        server.remove()
    return {**result, "reconnects": sum(result[broker]["reconnects"] for broker in brokers)}


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="revocations for each broker")
    parser.add_argument("--broker", choices=[*BROKERS, "both"], default="both")
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    brokers: tuple[BrokerKind, ...] = BROKERS if arguments.broker == "both" else (arguments.broker,)
    result = asyncio.run(run(arguments.runs, brokers))
    tell(json.dumps(result))
    sys.exit(1 if result["reconnects"] else 0)


if __name__ == "__main__":
    main()
