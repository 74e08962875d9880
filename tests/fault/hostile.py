"""`python -m tests.fault.hostile [--rounds N] [--seed S]`: units under a dishonest broker, for long.

Each round has a seed of its own, a fresh database and fresh units; odd ones also invent reports. One line of JSON at
the end; exit code 1 when anything happened that must not.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import asyncpg
import structlog

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from fleet.store.store import open_store
from tests.bench.lines import say, tell
from tests.hostile.adversary import Manner
from tests.hostile.torment import Account, campaign
from tests.support.postgres import create_database

_HOSTILE_S = 30.0


async def _round(server: PostgresServer, number: int, seed: int) -> Account:
    dsn = await create_database(server, f"hostile_{number}")
    await upgrade(dsn)
    store, owner = await open_store(dsn, max_connections=6), await asyncpg.connect(dsn)
    manner: Manner = "liar" if number % 2 else "carrier"
    mqtt = "5" if number % 4 < 2 else "3.1.1"
    try:
        with tempfile.TemporaryDirectory(prefix="hostile-") as directory:
            return await campaign(
                store, owner, Path(directory), seed=seed, manner=manner, hostile_s=_HOSTILE_S, mqtt=mqtt
            )
    finally:
        await owner.close()
        await store.close()


async def _rounds(rounds: int, seed: int) -> dict[str, object]:
    done: Counter[str] = Counter()
    faults: list[str] = []
    carried_out = stored = 0
    server = await asyncio.to_thread(PostgresServer.create)
    try:
        for number in range(rounds):
            account = await _round(server, number, seed + number)
            done.update(account.done)
            carried_out, stored = carried_out + account.carried_out, stored + account.stored
            faults += [f"seed {seed + number}: {fault}" for fault in account.faults]
            say(f"  {number + 1} of {rounds}: seed {seed + number}, {len(account.faults)} faults")
    finally:
        await asyncio.to_thread(server.remove)
    for fault in faults:
        say(f"  {fault}")
    return {
        "rounds": rounds,
        "faults": len(faults),
        "carried_out": carried_out,
        "stored": stored,
        "done": dict(done),
        "seed": seed,
    }


def main() -> int:
    """Run the rounds, print the result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the first round, to repeat an earlier campaign")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    # What agents and controller say of what is done to them would bury the result.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    result = asyncio.run(_rounds(given.rounds, seed))
    tell(json.dumps(result))
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
