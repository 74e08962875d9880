"""A rollout to 500 simulated units of which 5 % fail: it stops by itself, goes on, and the counts are right.

    python -m tests.rollouts.five_hundred --units 500 --failing 25 --seed 1

Real PostgreSQL, real mosquitto, the controller with all its parts, and a client of its own for each unit, which sends a
fifth of its messages twice. Every count is held against what the units themselves know and against the log. The last
line of standard output is JSON; progress goes to standard error.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import structlog

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from protocols.api.feed import Watch
from protocols.api.rollouts import NewRollout, RolloutView
from protocols.rollouts import UNIT_BAD, Ring, RolloutPlan
from tests.bench.lines import say, tell
from tests.support.postgres import create_database
from tests.support.rollout_fleet import RolloutFleet, rollout_fleet
from tests.support.rollout_house import MANIFEST

LIMIT_S = 900.0


def plan_for(units: int) -> RolloutPlan:
    """A few first, then some, then all; stopped above 3 % once ten have ended."""
    rings = [
        Ring(name="bench", share_percent=2, success_percent=80),
        Ring(name="few", share_percent=18, success_percent=80),
        Ring(name="all", share_percent=100, success_percent=80),
    ]
    return RolloutPlan(rings=rings if units >= 100 else rings[2:], at_once=min(40, units // 4), stop_after=10)


@dataclass
class Course:
    """How a rollout went, as its feed showed it."""

    rollout: str
    last: RolloutView
    stops: list[str] = field(default_factory=list)
    told: int = 0


async def roll_out(fleet: RolloutFleet, plan: RolloutPlan) -> Course:
    """Begin it, watch its feed, and let it go on each time that it has stopped and nobody is under way."""
    new = NewRollout(title="autumn", manifest=MANIFEST, plan=plan)
    view = await fleet.door.start_rollout(new)
    course = Course(view.row.rollout, view)
    async with fleet.door.feed() as feed:
        feed.watch(Watch(rollouts=True))
        async for _ in feed:
            view = await fleet.door.rollout(course.rollout)
            course.told += 1
            _say_progress(course.last, view)
            course.last = view
            if view.row.state == "done":
                return course
            if view.row.state == "stopped" and not view.row.under_way:
                course.stops.append(view.row.reason)
                await fleet.door.resume_rollout(course.rollout, "the failed ones were looked at")
    raise AssertionError("a feed does not end")


def _say_progress(before: RolloutView, view: RolloutView) -> None:
    row = view.row
    words = f"{row.done:4} done {row.bad:3} bad {row.under_way:3} under way {row.reason}"
    if (row.state, row.ring) != (before.row.state, before.row.ring) or row.done // 50 != before.row.done // 50:
        say(f"{row.state:8} ring {row.ring:6} {words}")


async def verdict(fleet: RolloutFleet, course: Course, plan: RolloutPlan) -> dict[str, Any]:
    """What came of it, held against the units and the log; `right` only where everything fits."""
    row = course.last.row
    rows = await fleet.owner.fetch("SELECT * FROM rollout_unit WHERE rollout_id = $1", course.rollout)
    rings = await fleet.owner.fetch("SELECT * FROM rollout_ring WHERE rollout_id = $1 ORDER BY ring", course.rollout)
    kinds = Counter(one["kind"] for one in await fleet.owner.fetch("SELECT kind FROM log_entry"))
    failing = sum(ending in UNIT_BAD for ending in fleet.meant.values())
    found = {
        "units": row.units,
        "failing": failing,
        "stops": len(course.stops),
        "first_stop": course.stops[0] if course.stops else "",
        "done": row.done,
        "bad": row.bad,
        "at_once": plan.at_once,
        "most_under_way": _most_at_once([(one["told_at"], one["changed_at"]) for one in rows]),
        "told_while_stopped": await _told_while_stopped(fleet),
        "told_before_their_ring": sum(one["told_at"] < rings[one["ring"]]["begun_at"] for one in rows),
        "orders": fleet.tally.orders,
        "reports": fleet.tally.reports,
        "sent_twice": fleet.tally.repeated,
        "looks_at_the_feed": course.told,
    }
    right = (
        {one["unit_id"]: one["state"] for one in rows} == fleet.meant == fleet.tally.ended
        and (row.done, row.bad) == (row.units - failing, failing)
        and found["most_under_way"] <= plan.at_once
        and fleet.tally.most_under_way <= plan.at_once
        and found["told_while_stopped"] == found["told_before_their_ring"] == 0
        and fleet.tally.orders == row.units == kinds["unit.update-told"] == kinds["unit.update-ended"]
        and kinds["rollout.stopped"] == kinds["rollout.resumed"] == len(course.stops) > 0
        and kinds["rollout.started"] == kinds["rollout.done"] == 1
    )
    return {**found, "right": right}


def _most_at_once(spans: list[tuple[Any, Any]]) -> int:
    """So many of the spans cover one moment at the most; one that ends where another begins is over."""
    steps = sorted([(begun, 1) for begun, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


async def _told_while_stopped(fleet: RolloutFleet) -> int:
    """Entries of units that were told between a stop and the next resumption."""
    bodies = await fleet.owner.fetch("SELECT kind, body FROM log_entry ORDER BY at, entry_id")
    stopped, counted = False, 0
    for one in bodies:
        if one["kind"] in ("rollout.stopped", "rollout.resumed"):
            stopped = one["kind"] == "rollout.stopped"
        counted += stopped and one["kind"] == "unit.update-told"
    return counted


async def run(units: int, failing: int, seed: int) -> dict[str, Any]:
    """The whole show."""
    server = await asyncio.to_thread(PostgresServer.create)
    try:
        dsn = await create_database(server, "rollout")
        await upgrade(dsn)
        with tempfile.TemporaryDirectory(prefix="muster-rollout-") as home:
            began = time.monotonic()
            async with rollout_fleet(dsn, Path(home), units, failing, seed) as fleet:
                say(f"{units} units have a session after {time.monotonic() - began:.0f} s")
                began, plan = time.monotonic(), plan_for(units)
                async with asyncio.timeout(LIMIT_S):
                    course = await roll_out(fleet, plan)
                seconds = time.monotonic() - began
                return {**await verdict(fleet, course, plan), "seed": seed, "seconds": round(seconds, 1)}
    finally:
        await asyncio.to_thread(server.remove)


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--failing", type=int, default=25, help="of them")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    result = asyncio.run(run(arguments.units, arguments.failing, arguments.seed))
    tell(json.dumps(msgspec.to_builtins(result)))
    sys.exit(0 if result["right"] else 1)


if __name__ == "__main__":
    main()
