"""Walks many deployments in any order over the real API, and says after which of all promises did not hold.

    make fuzz-deployments ARGS="--sequences 2000 --seed 5"

The last line is JSON. Exit code 1 says that something was found; standard error has each walk, made shorter.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import structlog

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from tests.bench.lines import say
from tests.fuzz.deployments.walking import Found, Tally, shortened, walk
from tests.fuzz.deployments.world import world
from tests.support.postgres import TEMPLATE, create_database

OF_A_HOUSE = 60
"""Walks for which one database is used: as long as the terms of its people last."""
FOUND_MAX = 5


async def _walks(server: PostgresServer, seed: str, wanted: int, tally: Tally) -> None:
    await upgrade(await create_database(server, TEMPLATE))
    began = time.monotonic()
    for begun in range(0, wanted, OF_A_HOUSE):
        dsn = await create_database(server, f"walks_{uuid4().hex}", TEMPLATE)
        with tempfile.TemporaryDirectory(prefix="muster-walks-") as home:
            async with world(dsn, Path(home)) as made:
                for number in range(begun, min(begun + OF_A_HOUSE, wanted)):
                    found = await walk(made, f"{seed} {number}", tally)
                    if number % 10 == 9:
                        spent_s = time.monotonic() - began
                        say(f"{spent_s:6.0f} s: {tally.sequences} walks, {tally.asked} asked, {len(tally.found)} found")
                    if found is not None:
                        tally.found.append(await shortened(made, found))
                        _tell(tally.found[-1])
                    if len(tally.found) >= FOUND_MAX:
                        return


def _tell(found: Found) -> None:
    say(f"FOUND by {found.seed!r}, moves {list(found.made)}")
    for line in found.told:
        say(f"    {line[:300]}")
    for line in found.wrong:
        say(f"  WRONG {line[:600]}")


def main() -> int:
    """Run the walks."""
    parser = argparse.ArgumentParser(prog="fuzz-deployments")
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", default="1")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    os.nice(5)
    tally, began, server = Tally(), time.monotonic(), PostgresServer.create()
    try:
        asyncio.run(_walks(server, given.seed, given.sequences, tally))
    finally:
        server.remove()
    say("refused: " + ", ".join(f"{code} {count}" for code, count in tally.refusals.most_common()))
    result = {
        "sequences": tally.sequences,
        "asked": tally.asked,
        "answers": dict(sorted(tally.answers.items())),
        "states": dict(sorted(tally.states.items())),
        "begun": dict(sorted(tally.begun.items())),
        "leases": tally.leases,
        "leases_refused": dict(sorted(tally.leases_refused.items())),
        "found": len(tally.found),
        "seed": given.seed,
        "seconds": round(time.monotonic() - began),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
