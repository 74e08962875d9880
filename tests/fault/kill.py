"""`python -m tests.fault.kill`: kill -9 of agent, broker, controller and PostgreSQL at random moments under load.

Real programs throughout: mosquitto with the shipped configuration, PostgreSQL with fsync, `fleet serve`, `edge-agent`s
on simulated hosts; further units make load. Afterwards everything is left to settle, and for every unit every number
it ever gave must be stored exactly once, still wait in its spool, or be counted there as dropped.

The last line of standard output is JSON; exit code 0 only when nothing acknowledged was lost and nothing stored twice.
`--seed` repeats the order and the moments as far as a clock can.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import msgspec

from fleet.store.store import Store, open_store
from tests.bench.lines import say, tell
from tests.fault.house import VICTIMS, House, Victim, open_house

_AGENTS, _STEADY = 6, 4
_SAMPLE_AGENTS, _SAMPLE_STEADY, _SAMPLE_ROUNDS = 2, 2, 2
_LONGEST_PAUSE_S = 1.0
_PROGRESS_LIMIT_S = 60.0
_SETTLE_LIMIT_S = 180.0
_PROGRESS_REPORTS = 20


class Tally(msgspec.Struct):
    """What is counted of all units."""

    acknowledged_lost: int = 0
    stored_twice: int = 0
    reports_stored: int = 0
    waiting: int = 0
    dropped: int = 0


async def progress(house: House) -> None:
    """Wait until reports that were numbered after this call are acknowledged: everything works again."""
    marks = {unit.unit_id: unit.last_seq for unit in house.steady}

    def moved() -> bool:
        return all(
            sum(seq > marks[unit.unit_id] for seq in unit.acknowledged) >= _PROGRESS_REPORTS for unit in house.steady
        )

    async with asyncio.timeout(_PROGRESS_LIMIT_S):
        while not moved():
            house.check()
            await asyncio.sleep(0.05)


async def strike(house: House, victim: Victim, chance: random.Random) -> None:
    """Wait for a random moment, kill, leave it dead for a random while, and start it again."""
    agent = chance.choice(house.agents)
    await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_S))
    await house.kill(victim, agent)
    await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_S))
    await house.start(victim, agent)


async def settle(house: House) -> None:
    """Stop making load, and wait until nothing waits for an acknowledgement any more, or for three minutes."""
    for unit in house.steady:
        unit.resting = True

    async def waiting() -> int:
        spools = [await unit.spool() for unit in house.agents]
        # An agent at work has its newest report under way at any moment.
        return sum(max(0, spool.waiting - 2) for spool in spools) + sum(unit.waiting for unit in house.steady)

    try:
        async with asyncio.timeout(_SETTLE_LIMIT_S):
            while await waiting():
                house.check()
                await asyncio.sleep(0.5)
    except TimeoutError:
        say("  something still waits to be acknowledged")
    await house.stop_agents()


async def count(store: Store, house: House) -> Tally:
    """Hold what units numbered against what is stored."""
    tally = Tally()
    async with store.transaction() as transaction:
        for agent in house.agents:
            unit_id, spool = (await agent.status()).unit_id, await agent.spool()
            assert unit_id is not None
            tally.stored_twice += (await transaction.audit.spool(unit_id, spool.spool_id)).doubled
            absent = await transaction.audit.missing(unit_id, spool.spool_id, 1, spool.next_seq - 1)
            for first, last in spool.waiting_ranges:
                absent -= await transaction.audit.missing(unit_id, spool.spool_id, first, last)
            tally.acknowledged_lost += max(0, absent - spool.dropped)
            tally.waiting += spool.waiting
            tally.dropped += spool.dropped
        for unit in house.steady:
            tally.stored_twice += (await transaction.audit.spool(unit.unit_id, unit.spool_id)).doubled
            absent = await transaction.audit.missing(unit.unit_id, unit.spool_id, 1, unit.last_seq)
            tally.acknowledged_lost += max(0, absent - unit.waiting)
            tally.waiting += unit.waiting
        tally.reports_stored = (await transaction.audit.reports(datetime(2000, 1, 1, tzinfo=UTC))).stored
    return tally


async def campaign(rounds: int, seed: int, *, agents: int = _AGENTS, steady: int = _STEADY) -> dict[str, Any]:
    """`rounds` kills of each victim in random order; returns the result line."""
    chance = random.Random(seed)
    order: list[Victim] = [victim for victim in VICTIMS for _ in range(rounds)]
    chance.shuffle(order)
    began = time.monotonic()
    kills: dict[str, int] = dict.fromkeys(VICTIMS, 0)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(agents, steady))
        load = await stack.enter_async_context(asyncio.TaskGroup())
        running = [load.create_task(unit.run()) for unit in house.steady]
        for number, victim in enumerate(order, start=1):
            await progress(house)
            say(f"  {number} of {len(order)}: kill -9 {victim}")
            await strike(house, victim, chance)
            kills[victim] += 1
        await progress(house)
        say("  settling")
        await settle(house)
        store = await open_store(house.dsn, max_connections=2)
        tally = await count(store, house)
        await store.close()
        for task in running:
            task.cancel()
    seconds = round(time.monotonic() - began)
    return {"kills": kills, **msgspec.to_builtins(tally), "seed": seed, "seconds": seconds}


def passed(result: dict[str, Any]) -> bool:
    """Whether nothing acknowledged was lost and nothing stored twice."""
    return bool(result["acknowledged_lost"] == 0 and result["stored_twice"] == 0 and result["reports_stored"] > 0)


def main() -> int:
    """Run a campaign, print its result, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="kills of each")
    parser.add_argument("--seed", type=int, default=None, help="repeat an earlier campaign")
    parser.add_argument("--sample", action="store_true", help="a short one: few units, two kills of each")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    say(f"seed {seed}")
    if given.sample:
        running = campaign(_SAMPLE_ROUNDS, seed, agents=_SAMPLE_AGENTS, steady=_SAMPLE_STEADY)
    else:
        running = campaign(given.rounds, seed)
    result = asyncio.run(running)
    tell(json.dumps(result))
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
