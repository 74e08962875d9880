"""The year itself: who is there, what happens on which day, and what has to be true at its end."""

import heapq
import itertools
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fleet.store.store import Store
from tests.year.simulated_clock import WorldClock
from tests.year.simulated_controller import SimulatedController
from tests.year.simulated_unit import SimulatedUnit
from tests.year.simulated_weather import Weather

_HOUR_S = 3600.0
_LAZY_S = 6 * _HOUR_S
"""A unit that has nothing to do but look at its clock is looked at so often: what is due is then at most this late."""

WHOLE = 365


class Outcome(NamedTuple):
    """The year in numbers; `faults` says in words what should not have been."""

    figures: dict[str, int | float]
    faults: list[str]


class Year:
    """One year, or the first `days` of it."""

    def __init__(self, store: Store, place: Path, *, seed: int, days: int = WHOLE) -> None:
        self._draw = random.Random(seed)
        self._days = days
        self._place = place
        self._clock = WorldClock()
        self._controller = SimulatedController(store, place / "controller", self._clock)
        self._calendar: list[tuple[float, int, Callable[[], None]]] = []
        self._units: dict[str, SimulatedUnit] = {}
        self._copies: list[SimulatedUnit] = []
        self._rejoins = 0
        self._order = itertools.count()

    async def run(self) -> Outcome:
        """Live through it."""
        await self._controller.found()
        await self._bring_in()
        self._write_calendar()
        queue: list[tuple[float, int, SimulatedUnit]] = []
        for unit in self._units.values():
            self._ask_later(queue, unit, self._draw.uniform(0, _LAZY_S))
        end, next_round = self._clock.day(self._days).timestamp(), 0.0
        while queue and queue[0][0] < end:
            at, _, unit = heapq.heappop(queue)
            self._clock.now = self._clock.now.fromtimestamp(
                max(at, self._clock.now.timestamp()), self._clock.now.tzinfo
            )
            self._live(queue)
            if at >= next_round:
                next_round = at + _LAZY_S
                await self._tend()
            wait_s = await unit.step()
            self._ask_later(
                queue, unit, _LAZY_S * self._draw.uniform(0.5, 1) if wait_s >= _HOUR_S else max(60.0, wait_s)
            )
        return await self._outcome()

    async def _bring_in(self) -> None:
        draw = self._draw
        kinds = {
            "steady": Weather(draw),
            "lost-replies": Weather(draw, reply_loss=0.9),
            "power-cuts": Weather(draw, power_cut=0.2),
            "poor-link": Weather(draw, request_loss=0.7, reply_loss=0.5),
            "away-for-months": Weather(draw),
            "away-over-root": Weather(draw, power_cut=0.05),
            "away-too-long": Weather(draw),
            "lost-clock": Weather(draw, reply_loss=0.3, power_cut=0.1),
            "impostor": Weather(draw),
            "card-copied": Weather(draw),
        }
        for number, (name, weather) in enumerate(kinds.items()):
            unit = SimulatedUnit(name, self._place / name, self._controller, self._clock, weather, number)
            await unit.join()
            self._units[name] = unit
        self._units["lost-clock"].clock_is_lost_at_boot = True
        self._units["impostor"].meets_impostor = True

    def _write_calendar(self) -> None:
        controller, units = self._controller, self._units
        self._absent("away-for-months", 40, 130)
        self._away(18, 27)  # most units are due on days 20 to 22 for the first time
        self._away(60.5, 69.5)
        self._absent("away-over-root", 110, 215)
        self._on(120, controller.rotate_root)
        self._away(120.05, 129)
        self._on(175, controller.rotate_issuing)
        self._away(175.05, 183)
        self._on(230, controller.retire_oldest_root)
        self._on(250, self._copy_card)
        self._absent("away-too-long", 105, 350)  # both roots after the one it knows are new to it
        self._on(268, controller.rotate_root)
        self._away(269, 277)
        self._on(320, controller.retire_oldest_root)
        for day in range(5, self._days, 9):
            self._on(day, units["lost-clock"].boot)
        self._calendar.sort()

    def _on(self, day: float, act: Callable[[], None]) -> None:
        self._calendar.append((self._clock.day(day).timestamp(), next(self._order), act))

    def _away(self, first: float, last: float) -> None:
        self._on(first, lambda: setattr(self._controller, "away", True))
        self._on(last, lambda: setattr(self._controller, "away", False))

    def _absent(self, name: str, first: float, last: float) -> None:
        unit = self._units[name]

        def come_back() -> None:
            unit.off = False
            unit.boot()

        self._on(first, lambda: setattr(unit, "off", True))
        self._on(last, come_back)

    def _copy_card(self) -> None:
        original = self._units["card-copied"]
        place = self._place / "copy"
        shutil.copytree(original.place, place)
        copy = original.copied_to(place)
        copy.boot()
        self._copies.append(copy)

    def _live(self, queue: list[tuple[float, int, SimulatedUnit]]) -> None:
        while self._calendar and self._calendar[0][0] <= self._clock.now.timestamp():
            self._calendar.pop(0)[2]()
            sys.stderr.write(f"\rday {(self._clock.now - self._clock.day(0)).days} ")
        while self._copies and self._copies[-1].name not in self._units:
            copy = self._copies[-1]
            self._units[copy.name] = copy
            self._ask_later(queue, copy, _HOUR_S)

    async def _tend(self) -> None:
        self._controller.tend()
        shown = {unit.unit_id: unit.shown_fingerprint for unit in self._units.values() if not unit.off}
        if not self._controller.away:
            absent = {unit.unit_id for unit in self._units.values() if unit.off}
            self._rejoins += await self._controller.accept_waiting(shown, absent)

    def _ask_later(self, queue: list[tuple[float, int, SimulatedUnit]], unit: SimulatedUnit, wait_s: float) -> None:
        heapq.heappush(queue, (self._clock.now.timestamp() + wait_s, next(self._order), unit))

    async def _outcome(self) -> Outcome:
        states = await self._controller.states()
        honest = {name: unit for name, unit in self._units.items() if name not in {"card-copied", "card-copied-copy"}}
        always_on = [unit for name, unit in honest.items() if not name.startswith("away")]
        faults = [
            f"{name}: {states[unit.unit_id]}" for name, unit in honest.items() if states[unit.unit_id][0] != "active"
        ]
        reported = await self._controller.reported()
        faults += [
            f"{name}: its chain of records is doubted" for name, unit in honest.items() if unit.unit_id in reported
        ]
        faults += [
            f"{unit.name}: {unit.without_certificate_ms / 3_600_000:.1f} h without a certificate"
            for unit in always_on
            if unit.without_certificate_ms
        ]
        faults += [f"{unit.name}: trusts a foreign root" for unit in honest.values() if unit.foreign & _trusted(unit)]
        caught = states[self._units["card-copied"].unit_id][0] == "quarantined"
        if self._copies and not caught:
            faults.append("the copied card was not found out")
        faults += self._expected_of_the_absent()
        figures: dict[str, int | float] = {
            "days": self._days,
            "units": len(self._units),
            "connections": sum(unit.connections for unit in self._units.values()),
            "renewals": sum(unit.told["certificate-renewed"] for unit in self._units.values()) - self._rejoins,
            "rejoins": self._rejoins,
            "replies_lost": sum(unit.weather.replies_lost for unit in self._units.values()),
            "power_cuts": sum(unit.weather.power_cuts for unit in self._units.values()),
            "foreign_roots_offered": sum(len(unit.foreign) for unit in self._units.values()),
            "foreign_roots_taken": sum(len(unit.foreign & _trusted(unit)) for unit in self._units.values()),
            "copies": len(self._copies),
            "copies_caught": int(bool(self._copies) and caught),
            "honest_quarantined": sum(states[unit.unit_id][0] != "active" for unit in honest.values()),
            "hours_without_certificate": sum(unit.without_certificate_ms for unit in always_on) / 3_600_000,
        }
        return Outcome(figures, faults)

    def _expected_of_the_absent(self) -> list[str]:
        """Who was away for months comes back; who was away until its only root was retired needs a person's visit, and
        trusts nobody until then; everybody else knows the roots in force, and no other."""
        if self._days < WHOLE:
            return []
        returning = [self._units[name] for name in ("away-for-months", "away-over-root")]
        faults = [f"{unit.name}: did not come back" for unit in returning if not unit.told["rejoin-asked"]]
        lost = self._units["away-too-long"]
        if not lost.told["controller-untrusted"]:
            faults.append("away-too-long: takes a root that the one it knows has not vouched for")
        others = [unit for unit in self._units.values() if unit is not lost and not unit.name.startswith("card")]
        wrong = [unit for unit in others if _trusted(unit) != self._controller.roots]
        return faults + [f"{unit.name}: its roots are not those in force" for unit in wrong]


def _trusted(unit: SimulatedUnit) -> set[str]:
    return set(unit.identity.roots_pem)
