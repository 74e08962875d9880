"""`python -m tests.year [--seed N] [--days N]`: a simulated year of certificates. One JSON line; exit code 1 when
something was not as it should be.

The controller's services, PostgreSQL, the authority and the agents' renewal are real. Only time and the network are
pretended: TLS is judged on the real certificates, by the same rules, at the pretended time.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

import structlog

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from tests.support.postgres import create_database
from tests.year.simulated_run import WHOLE, Outcome, Year


async def _live(server: PostgresServer, seed: int, days: int) -> Outcome:
    dsn = await create_database(server, "year")
    await upgrade(dsn)
    store = await open_store(dsn, max_connections=4)
    try:
        with tempfile.TemporaryDirectory() as place:
            return await Year(store, Path(place), seed=seed, days=days).run()
    finally:
        await store.close()


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.year")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=WHOLE)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    server = PostgresServer.create()
    try:
        outcome = asyncio.run(_live(server, arguments.seed, arguments.days))
    finally:
        server.remove()
    sys.stderr.write("\n" + "".join(f"{fault}\n" for fault in outcome.faults))
    sys.stdout.write(json.dumps({**outcome.figures, "seed": arguments.seed, "faults": len(outcome.faults)}) + "\n")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
