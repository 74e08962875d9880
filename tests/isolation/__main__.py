"""`python -m tests.isolation [--broker mosquitto|embedded|both] [--sample N --seed S]`: who can reach whom at a broker.

Every identity tries every operation on every topic, while a controller and two units watch from outside. One line of
JSON at the end; exit code 1 when anything crossed.
"""

import argparse
import asyncio
import json
import sys

from tests.bench.lines import say, tell
from tests.isolation.brokers import BROKERS, campaign
from tests.isolation.matrix import Tally

_SHOWN = 20


def main() -> int:
    """Run, print the result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--broker", choices=[*BROKERS, "both"], default="both")
    parser.add_argument("--sample", type=int, default=0, help="so many attempts only, chosen by --seed")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tallies: dict[str, Tally] = {}
    for name in BROKERS:
        if given.broker in {name, "both"}:
            tallies[name] = asyncio.run(campaign(name, sample=given.sample, seed=given.seed))
            for line in tallies[name].crossed[:_SHOWN]:
                say(f"  CROSSED {line}")
    crossed = sum(len(tally.crossed) for tally in tallies.values())
    result = {"attempts": sum(tally.attempts for tally in tallies.values()), "crossed": crossed}
    tell(json.dumps(result | {name: tally.as_json() for name, tally in tallies.items()}))
    return 1 if crossed else 0


if __name__ == "__main__":
    sys.exit(main())
