"""`python -m tests.witness`: split views, restored backups, replays, races and kills against a real witness.

The last line of standard output is JSON; exit code 0 only when every lie was refused in every round and all that was
cosigned is one growing tree. `--seed` repeats the order and the sizes, and the moments as far as a clock can.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.bench.lines import say, tell
from tests.witness.campaign import campaign, passed


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="repeat an earlier campaign")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    say(f"seed {seed}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="muster-witness-") as directory:
        tally = asyncio.run(campaign(given.rounds, seed, Path(directory)))
    facts = {**msgspec.to_builtins(tally), "seed": seed, "seconds": round(time.monotonic() - began)}
    tell(msgspec.json.encode(facts).decode())
    return 0 if passed(tally) else 1


if __name__ == "__main__":
    sys.exit(main())
