"""Openings tried with a unit's clock set back into the window of a mandate that is over. Nothing may open.

    python -m tests.openings.clock --tries 10000

Most tries go to a unit's own desk, chain and ledger, with real documents: mandates signed by two, leases signed by
the controller with their receipts; only its clocks are of this program. The unit has opened under each mandate in its
window, and then once under a later one, so that it was told a time after the end of all the others. Afterwards its
wall clock is set back into the window of one that is over, kept by a time service or not, and it is shown leases by a
controller that knows the time, and by one whose clock was set back as well. Now and then its program is started anew.

The last `--real` tries go to a real agent, a process of its own with a camera, whose wall clock libfaketime sets back
(CLOCK_BOOTTIME is left alone, and so is the machine's clock). The grants are carried to it as without coverage, which
needs no connection. Before, a mandate that lives opened its camera: `opened_before` in the result.

One line of JSON on standard output; exit code 0 only when nothing opened that should not have, and all else did.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from protocols.access_record import Modality
from protocols.mandate import Mandate, SignedMandate
from tests.bench.lines import say, tell
from tests.fuzz.grants_papers import BOOTS, OFFER, UNITS, issue, steady_house
from tests.fuzz.grants_unit import SteppedClock, SteppedUnit
from tests.openings.clock_agent import try_real_agent
from tests.support.mandates import AT, House, allows, fresh, lease, mandate, to_ms

_BOOT_MS = 50_000_000
_MANDATES = 40
_LASTS_MS = 3_600_000
_LATER = timedelta(days=2)
_LONGEST_OVER_MS = 200 * 86_400_000
_RESTART_EACH = 500


class SetBack:
    """One unit, a fleet's papers, and a clock to set back."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.house: House = steady_house()
        self.chance = chance
        self.clock = SteppedClock(_BOOT_MS, to_ms(AT) - _BOOT_MS)
        self.unit = SteppedUnit(folder, self.house, self.house.people_list().text(), self.clock, BOOTS[0])
        self.rules: Counter[str] = Counter()
        self.opened = 0
        self._papers: list[tuple[Mandate, SignedMandate]] = []
        self._numbers = 0
        self._last = ""

    async def open_in_time(self) -> int:
        """Open under each mandate in its window, and close; returns how often that worked."""
        begins = [AT + number * timedelta(minutes=1) for number in range(_MANDATES - 1)]
        opened = 0
        for number, at in enumerate([*begins, AT + _LATER]):
            asked = mandate(
                mandate=f"M-{fresh('mandate', number, 12)}",
                unit=UNITS[0],
                allows=[allows("video", 60, 48), allows("audio", 60, 48)],
                not_before=at,
                not_after=at + timedelta(milliseconds=_LASTS_MS),
            )
            self._papers.append((asked, self.house.signed_mandate(asked)))
            self.clock.boot_ms = _BOOT_MS + to_ms(at) - to_ms(AT)
            outcome = await self._show(number, granted_at_ms=to_ms(at))
            opened += outcome.until_boot_ms is not None
            await self.unit.close(self._last)
        return opened

    async def try_back(self) -> None:
        """One grant after the end of its mandate, with the clock set back into its window."""
        number = self.chance.randrange(_MANDATES - 1)
        asked, _ = self._papers[number]
        within_ms = to_ms(asked.not_before) + self.chance.randrange(_LASTS_MS)
        over_ms = to_ms(AT + _LATER) + self.chance.randrange(1, _LONGEST_OVER_MS)
        self.clock.boot_ms = max(self.clock.boot_ms + self.chance.randrange(1, 1000), over_ms - to_ms(AT) + _BOOT_MS)
        self.clock.wall_offset_ms = within_ms - self.clock.boot_ms
        self.unit.clock_is_kept = self.chance.random() < 0.5
        granted_at_ms = self.chance.choice((over_ms, over_ms, within_ms, to_ms(asked.not_before)))
        outcome = await self._show(number, granted_at_ms=granted_at_ms)
        if outcome.until_boot_ms is not None or self.unit.opener.open_now():
            self.opened += 1
        self.rules[outcome.rule] += 1

    async def restart(self) -> None:
        """The program on the unit begins anew."""
        await self.unit.stop()
        await self.unit.start()

    async def _show(self, number: int, *, granted_at_ms: int) -> Any:
        asked, signed = self._papers[number]
        self._numbers += 1
        opening = self._last = f"open-{fresh('opening', self._numbers, 24)}"
        modalities: list[Modality] = self.chance.choice([["video"], ["audio"], ["video", "audio"]])
        made = await self.unit.ask(opening, modalities, carried=False)
        permission = lease(
            asked,
            opening=opening,
            boot_id=BOOTS[0],
            nonce=made.nonce,
            modalities=modalities,
            granted_at_ms=granted_at_ms,
        )
        return await self.unit.grant(issue(self.house, asked, permission, signed=signed, offer=OFFER))


async def try_desk(tries: int, seed: int, folder: Path) -> dict[str, Any]:
    """`tries` on a desk in `folder`; how often it opened in time, and afterwards."""
    back = SetBack(folder, random.Random(seed))
    await back.unit.start()
    try:
        in_time = await back.open_in_time()
        for number in range(tries):
            if number % _RESTART_EACH == _RESTART_EACH - 1:
                await back.restart()
                say(f"  {number + 1} of {tries}")
            await back.try_back()
    finally:
        await back.unit.stop()
    return {"opened_in_time": in_time, "tries": tries, "opened": back.opened, "rules": dict(back.rules)}


async def campaign(tries: int, real: int, seed: int) -> dict[str, Any]:
    """`real` of the `tries` on a real agent, the others on a desk; the result."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="muster-clock-") as folder:
        desk = await try_desk(tries - real, seed, Path(folder))
    agent = await try_real_agent(real)
    return {
        "tries": desk["tries"] + agent["tries"],
        "opened": desk["opened"] + agent["opened"],
        "opened_in_time": desk["opened_in_time"],
        "rules": desk["rules"],
        "agent": agent,
        "seed": seed,
        "seconds": round(time.monotonic() - began_s),
    }


def passed(result: dict[str, Any]) -> bool:
    """Whether nothing opened late, and everything in time."""
    in_time = result["opened_in_time"] == _MANDATES and result["agent"]["opened_before"] == 1
    return bool(in_time and result["opened"] == 0)


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=12)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    result = asyncio.run(campaign(given.tries, given.real, seed))
    tell(json.dumps(result))
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
