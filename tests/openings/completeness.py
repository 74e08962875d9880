"""Whether the log has every opening that a camera saw: N openings, opened and closed as fast as allowed.

    python -m tests.openings.completeness --openings 1000

A whole fleet of processes, `--units` at work at once. The camera is the probe: a program of its own at the far end of
the device's handle that says when it is connected to and for what. In a share of the openings the agent is killed
(kill -9) at a random moment, before or after its camera is open, and started again. At the end, once every unit has
delivered its record, each connection of a camera is held against the entries of the log for that opening:
`lease.granted`, and `modality.opened` for each modality that the camera was asked for.

A unit records an opening before it opens. So a kill between the two leaves an entry that no camera saw:
`recorded_before_a_kill` counts those apart. `missing` are connections without their entries, `extra` are entries
without a connection where nothing was killed.

One line of JSON on standard output; exit code 0 only when `missing` and `extra` are 0 and nothing is left open.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import msgspec

from fleet.client import ClientError
from protocols.access_record import Modality
from protocols.api.authorities import AuthorityView
from protocols.mandate import MAX_OPENINGS_PER_DAY
from tests.bench.lines import say, tell
from tests.openings.entries import entries
from tests.support.open_house import HouseUnit, OpenHouse, open_house
from tests.support.open_house_papers import authority, begin, close, mandate
from tests.support.waiting import until

_KILLED_SHARE = 0.05
_KILL_WITHIN_S = 6.0
_OPEN_LIMIT_S = 90.0
_DELIVERED_LIMIT_S = 180.0
_OVER = {"closed", "refused"}


class Tried(msgspec.Struct):
    """One opening: what its camera was asked for, "" when the camera saw nothing of it."""

    opening: str
    seen: str
    killed: bool


class Opener:
    """Opens one unit again and again; `tried` is what came of it."""

    def __init__(self, house: OpenHouse, unit: HouseUnit, recorded: AuthorityView, chance: random.Random) -> None:
        self.house = house
        self.unit = unit
        self.tried: list[Tried] = []
        self.refused: Counter[str] = Counter()
        self._recorded = recorded
        self._chance = chance
        self._mandate = ""
        self._left = 0

    async def run(self, seen: int, killed_share: float) -> None:
        """Until the camera has been opened `seen` times."""
        while sum(bool(one.seen) for one in self.tried) < seen:
            self.house.check()
            await self._open_once(kill=self._chance.random() < killed_share)
            if len(self.tried) % 20 == 0:
                say(f"  {self.unit.name}: {len(self.tried)} tried")

    async def _open_once(self, *, kill: bool) -> None:
        if self._left == 0:
            self._mandate = await mandate(self.house, self.unit, self._recorded, ["video", "audio"])
            self._left = MAX_OPENINGS_PER_DAY
        self._left -= 1
        wanted: list[Modality] = self._chance.choice([["video"], ["audio"], ["video", "audio"]])
        before = self.unit.camera.count("connect")
        opening = await self._begun(wanted)
        if kill:
            await asyncio.sleep(self._chance.uniform(0, _KILL_WITHIN_S))
            await self.house.kill(f"agent-{self.unit.name}")
            await self.house.start_agent(self.unit)
        else:
            await self._live(opening)
        with suppress(ClientError):
            await close(self.house, opening)
        await until(self._is_dark, _OPEN_LIMIT_S)
        connects = self.unit.camera.events("connect")[before:]
        if len(connects) > 1:
            raise AssertionError(f"{opening} opened the camera {len(connects)} times")
        self.tried.append(Tried(opening, ",".join(connects[0]["modalities"]) if connects else "", kill))
        if kill:
            await self.house.until_connected(self.unit)

    async def _begun(self, wanted: list[Modality]) -> str:
        """The id of a check that is asked for again while the last one is not over, or the unit is on its way back."""
        async with asyncio.timeout(_OPEN_LIMIT_S):
            while True:
                try:
                    return (await begin(self.house, self.unit, self._mandate, *wanted)).opening
                except ClientError as error:
                    self.refused[str(error)[:60]] += 1
                    await asyncio.sleep(0.2)

    async def _live(self, opening: str) -> None:
        """Wait until it is live or over."""

        async def there() -> bool:
            view = await self.house.door.check(opening)
            if view.state in _OVER:
                self.refused[view.reason] += 1
            return view.state in {"live", *_OVER}

        await until(there, _OPEN_LIMIT_S)

    async def _is_dark(self) -> bool:
        return not self.unit.camera.is_open


async def campaign(openings: int, units: int, killed_share: float, seed: int) -> dict[str, Any]:
    """`openings` seen by cameras, over `units`; the result."""
    began_s = time.monotonic()
    chance = random.Random(seed)
    async with open_house(units=units) as house:
        recorded = await authority(house, ["video", "audio"])
        openers = [Opener(house, unit, recorded, random.Random(chance.random())) for unit in house.units]
        shares = [openings // units + (number < openings % units) for number in range(units)]
        async with asyncio.TaskGroup() as tasks:
            for opener, share in zip(openers, shares, strict=True):
                tasks.create_task(opener.run(share, killed_share))
        tried = [one for opener in openers for one in opener.tried]
        granted, opened = await _delivered(house, tried)
        connects = sum(unit.camera.count("connect") for unit in house.units)
        left_open = sum(unit.camera.is_open for unit in house.units)
    refused = sum((opener.refused for opener in openers), Counter())
    counted = reckon(tried, granted, opened)
    return {
        **counted,
        "connects": connects,
        "left_open": left_open,
        "killed": sum(one.killed for one in tried),
        "asked_again_or_refused": dict(refused.most_common(8)),
        "seed": seed,
        "seconds": round(time.monotonic() - began_s),
    }


def reckon(tried: list[Tried], granted: set[str], opened: dict[str, set[str]]) -> dict[str, int]:
    """Hold what the cameras saw against the log. `opened` are the modalities of `modality.opened` by opening."""
    seen = [one for one in tried if one.seen]
    in_log = [one for one in seen if one.opening in granted and opened.get(one.opening) == set(one.seen.split(","))]
    known = {one.opening for one in tried}
    unseen = [one for one in tried if not one.seen and one.opening in opened]
    return {
        "openings": len(tried),
        "seen_by_camera": len(seen),
        "in_log": len(in_log),
        "missing": len(seen) - len(in_log),
        "extra": sum(not one.killed for one in unseen) + len(opened.keys() - known),
        "recorded_before_a_kill": sum(one.killed for one in unseen),
    }


async def _delivered(house: OpenHouse, tried: list[Tried]) -> tuple[set[str], dict[str, set[str]]]:
    """Openings with a lease, and modalities opened by opening, once as many are closed as opened."""
    found: list[tuple[set[str], dict[str, set[str]]]] = []
    seen = {one.opening for one in tried if one.seen}

    async def all_told() -> bool:
        opened: defaultdict[str, set[str]] = defaultdict(set)
        closed: Counter[str] = Counter()
        granted: set[str] = set()
        for entry in await entries(house, ["lease.granted", "modality.opened", "modality.closed"]):
            if entry["kind"] == "lease.granted":
                granted.add(entry["opening"])
            elif entry["kind"] == "modality.opened":
                opened[entry["opening"]].add(entry["modality"])
            else:
                closed[entry["opening"]] += 1
        found[:] = [(granted, dict(opened))]
        return seen <= opened.keys() and all(closed[name] == len(what) for name, what in opened.items())

    with suppress(TimeoutError):  # then what is missing is counted
        await until(all_told, _DELIVERED_LIMIT_S)
    return found[0]


def passed(result: dict[str, Any]) -> bool:
    """Whether the log has exactly what the cameras saw."""
    complete = result["missing"] == result["extra"] == result["left_open"] == 0
    return bool(complete and result["seen_by_camera"] == result["in_log"] == result["connects"])


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--openings", type=int, default=1000)
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--killed-share", type=float, default=_KILLED_SHARE)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    result = asyncio.run(campaign(given.openings, given.units, given.killed_share, seed))
    tell(json.dumps(result))
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
