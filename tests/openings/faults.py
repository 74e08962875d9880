"""Faults while a unit is opened or open: what the viewer is told, and what log and unit say afterwards.

    python -m tests.openings.faults --rounds 5

A whole fleet of processes with one unit. Each round: the camera is missing, is busy, dies while it is watched; the
agent, the controller, the broker is killed while the camera is open. `told_ms` is the longest time until the person at
the preview has the reason: counted from the camera's own end (CLOCK_BOOTTIME) where it dies, else from asking for the
check, so with the time that a unit needs to get as far as its camera. `device_closed_ms` counts from the kill to the
camera's own closing. Afterwards every opening of the log has to be inside its mandate, and none unknown; and the
camera's connections have to be the openings of the log.

One line of JSON on standard output; exit code 0 only when all of that holds.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from datetime import timedelta
from typing import Any

from protocols.api.authorities import AuthorityView
from protocols.api.checks import PreviewNews
from tests.bench.lines import say, tell
from tests.openings.entries import settled
from tests.support.open_house import OpenHouse, open_house
from tests.support.open_house_papers import authority, begin_soon, close, mandate, stands, watching
from tests.support.waiting import until

TOLD_LIMIT_MS = 2_000.0
_LEASE_LIMIT_S = 75.0
"""No lease is longer than a minute, whoever is killed."""
_DAY = timedelta(days=1)


def boot_ms() -> float:
    """CLOCK_BOOTTIME now."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6


class Faults:
    """The rounds on one house."""

    def __init__(self, house: OpenHouse, recorded: AuthorityView, orphan_lasts: timedelta) -> None:
        self.house = house
        self.unit = house.unit
        self.under = ""
        self._recorded = recorded
        self._orphan_lasts = orphan_lasts
        self.told_ms: defaultdict[str, list[float]] = defaultdict(list)
        self.device_closed_ms: defaultdict[str, list[float]] = defaultdict(list)
        self.reasons: defaultdict[str, set[str]] = defaultdict(set)

    async def round(self) -> None:
        """Each fault once, under a mandate of its own."""
        self.under = await self._mandate(_DAY)
        await self.not_opened("missing", "device-missing")
        await self.not_opened("busy", "device-busy", "--busy")
        await self.dies()
        for victim in (f"agent-{self.unit.name}", "broker", "controller"):
            if victim == "controller":
                self.under = await self._mandate(self._orphan_lasts)
            await self.killed(victim)

    async def not_opened(self, fault: str, reason: str, *options: str) -> None:
        """Open a camera that can not be opened: gone, or started with `options`."""
        camera = f"camera-{self.unit.name}"
        await self.house.kill(camera)
        if options:
            await self.house.start_camera(self.unit, *options)
        opening, news, told_ms = await self._told(boot_ms())
        self._hold(fault, reason, opening, news, told_ms)
        if options:
            await self.house.kill(camera)
        await self.house.start_camera(self.unit)

    async def dies(self) -> None:
        """The camera goes while it is watched."""
        camera = f"camera-{self.unit.name}"
        await self.house.kill(camera)
        await self.house.start_camera(self.unit, "--die-after-s", "4")
        before = self.unit.camera.count("disconnect")
        opening, news, told_ms = await self._told(0.0)
        died_ms = (await self.unit.camera.says("disconnect", before + 1))["boot_ns"] / 1e6
        self._hold("dies", "device-died", opening, news, told_ms - died_ms)
        await self.house.kill(camera)
        await self.house.start_camera(self.unit)

    async def killed(self, victim: str) -> None:
        """kill -9 while the camera is open; it closes with its lease at the latest, and everything works again."""
        connects, closes = self.unit.camera.count("connect"), self.unit.camera.count("disconnect")
        opening = (await begin_soon(self.house, self.unit, self.under, "video")).opening
        async with watching(self.house, opening) as watcher:
            await watcher.sees()
            at_ms = boot_ms()
            await self.house.kill(victim)
            await self._start_again(victim)
            if victim == "broker":
                await self._until_works()
                await self._closed_by_hand(opening)
            closed = await self.unit.camera.says("disconnect", closes + 1, _LEASE_LIMIT_S)
        self.device_closed_ms[victim.partition("-")[0]].append(closed["boot_ns"] / 1e6 - at_ms)
        await self._until_works()
        view = await stands(self.house, opening, "closed")
        self.reasons[victim.partition("-")[0]].add(view.reason)
        say(f"  {victim} killed: {opening} closed ({view.reason}: {view.detail})")
        if self.unit.camera.count("connect") != connects + 1:
            raise AssertionError(f"{opening} opened the camera again by itself after {victim} was killed")

    async def _mandate(self, lasts: timedelta) -> str:
        return await mandate(self.house, self.unit, self._recorded, lasts=lasts)

    async def _told(self, since_ms: float) -> tuple[str, PreviewNews, float]:
        """Ask for a check and watch it to its end: the last news, and when they came, in ms after `since_ms`."""
        opening = (await begin_soon(self.house, self.unit, self.under, "video")).opening
        async with watching(self.house, opening) as watcher:
            news = await watcher.ended()
        assert watcher.told_boot_ns is not None, "what ended was told"
        return opening, news, watcher.told_boot_ns / 1e6 - since_ms

    def _hold(self, fault: str, reason: str, opening: str, news: PreviewNews, told_ms: float) -> None:
        if news.reason != reason or not news.detail:
            raise AssertionError(f"{fault}: {opening} ended with {news.reason}, {news.detail!a}, not {reason}")
        say(f"  camera {fault}: {opening} told after {told_ms:.0f} ms ({news.detail})")
        self.told_ms[fault].append(told_ms)
        self.reasons[fault].add(news.reason)

    async def _start_again(self, victim: str) -> None:
        if victim == "controller":
            await self.house.start_controller()
        elif victim == "broker":
            await self.house.start_broker()
        else:
            await self.house.start_agent(self.unit)

    async def _until_works(self) -> None:
        await self.house.until_answering()
        await self.house.until_connected(self.unit)

    async def _closed_by_hand(self, opening: str) -> None:
        """Close it as a person would: the unit has to hear of it over the new broker."""

        await close(self.house, opening)


async def campaign(rounds: int, orphan_lasts: timedelta = _DAY) -> dict[str, Any]:
    """`rounds` of each fault, then a reckoning; the result. The mandate of what a killed controller leaves open lasts
    `orphan_lasts`: its lease is no longer than that."""
    async with open_house() as house:
        faults = Faults(house, await authority(house), orphan_lasts)
        for number in range(1, rounds + 1):
            await faults.round()
            say(f"  round {number} of {rounds}")
        views = await settled(house)
        verdicts = {word: sum(one.verdict == word for one in views) for word in ("inside", "outside", "unknown")}
        outside = [(one.opening, one.close_reason, one.faults) for one in views if one.verdict == "outside"]

        async def all_closed() -> bool:
            return not house.unit.camera.is_open

        await until(all_closed)
    return {
        "rounds": rounds,
        "told_ms": {name: round(max(values), 1) for name, values in faults.told_ms.items()},
        "device_closed_ms": {name: round(max(values), 1) for name, values in faults.device_closed_ms.items()},
        "reasons": {name: sorted(words) for name, words in faults.reasons.items()},
        "openings": len({one.opening for one in views}),
        "verdicts": verdicts,
        "outside": outside,
    }


def agrees(result: dict[str, Any]) -> bool:
    """Whether every opening was inside its mandate, and every fault came up."""
    verdicts = result["verdicts"]
    return bool(
        verdicts["inside"] and not verdicts["outside"] and not verdicts["unknown"] and len(result["reasons"]) == 6
    )


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    result = asyncio.run(campaign(parser.parse_args().rounds))
    tell(json.dumps(result))
    in_time = result["told_ms"]["dies"] <= TOLD_LIMIT_MS
    return 0 if in_time and agrees(result) else 1


if __name__ == "__main__":
    sys.exit(main())
