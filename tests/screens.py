"""`python -m tests.screens`: the console's pictures in docs/screens, drawn from a demo fleet so that none is stale.

Besides the demo's units there is one that waits to be accepted, and one voucher that a second key tried to use.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from fleet.client import connect, load_client_settings
from fleet.demo.place import Place
from fleet.demo.run import Demo
from tests.support.joining import Knocker

DIRECTORY = Path("docs/screens")
UNITS = 14
HISTORY_S = 75
DRAW_LIMIT_S = 400


async def main() -> None:
    """Run the demo, let it gather some history, draw."""
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        place = Place(Path(folder) / "demo")
        async with Demo(place, UNITS).running() as (_, toml):
            await _give_people_something_to_do(place, Path(toml))
            await asyncio.sleep(HISTORY_S)
            await asyncio.to_thread(_draw, toml)


def _draw(toml: str) -> None:
    command = [sys.executable, "-m", "tui.pictures", str(DIRECTORY), "--config", toml]
    subprocess.run(command, check=True, timeout=DRAW_LIMIT_S)


async def _give_people_something_to_do(place: Place, toml: Path) -> None:
    root = place.controller / "ca" / "root.crt"
    async with connect(load_client_settings(toml)) as door:
        await Knocker(root).knock((await door.invite("bench 2")).text)
        stolen = (await door.invite("van kit 9")).text
        await Knocker(root).knock(stolen)
        await Knocker(root).knock(stolen)
        join = next(join for join in await door.joins() if join.label == "van kit 9")
        await door.refuse_join(join.join_id, "the voucher went astray")


if __name__ == "__main__":
    asyncio.run(main())
