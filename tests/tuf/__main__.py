"""Tries every attack on a unit's releases, then metadata damaged at random, and tells how each went.

    make attack-updates ARGS="--damaged 20000 --seed 3"

The last line is JSON. Exit code 1 says that an attack went through.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.bench.lines import say
from tests.tuf.attacks import ATTACKS, Attack, Scene
from tests.tuf.damage import damaged


def main() -> int:
    """Run the program; returns its exit code."""
    parser = argparse.ArgumentParser(description="Attacks on the releases of a unit.")
    parser.add_argument("--damaged", type=int, default=5000, help="how many files of metadata are damaged")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = [(attack, asyncio.run(_tried(attack))) for attack in ATTACKS]
    width = max(len(attack.name) for attack, _ in rows)
    for attack, wrong in rows:
        say(f"{attack.name:{width}}  {'FAILED ' + wrong if wrong else 'held  '}  {attack.like}")
    with tempfile.TemporaryDirectory(prefix="muster-tuf-") as home:
        tally = asyncio.run(damaged(Path(home), Random(asked.seed), asked.damaged))
    failed = [attack.name for attack, wrong in rows if wrong]
    told = {"attacks": len(rows), "failed": failed, "seed": asked.seed, **tally}
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if failed or tally["through"] else 0


async def _tried(attack: Attack) -> str:
    """What went wrong; empty: nothing."""
    with tempfile.TemporaryDirectory(prefix="muster-tuf-") as home:
        try:
            await attack.run(Scene.make(Path(home)))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is told
            return f"{type(error).__name__}: {error}"[:200]
    return ""


if __name__ == "__main__":
    sys.exit(main())
