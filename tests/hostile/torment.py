"""A while under a dishonest broker, then an honest one, and the account of both."""

import asyncio
import random
import time
from functools import partial
from pathlib import Path
from typing import TypeAlias

import asyncpg
import msgspec

from edge_agent.identity import IdentityStore
from fleet.store.store import Store
from tests.hostile.adversary import FORGED_VERSION, Adversary, Manner
from tests.hostile.hostile_broker import HostileBroker
from tests.hostile.hostile_house import SETTLE_LIMIT_S, House, open_house
from tests.support.reporting import until
from tests.support.tls import Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

UNITS = ["unit-hostile0", "unit-hostile1", "unit-hostile2"]
_ACT_EVERY_S = 0.02
_ASK_EVERY = 15
_MOST_DAYS = 30
_UNDER_WAY = 3


class Account(msgspec.Struct, kw_only=True):
    """What must be empty or zero, and what shows that something happened.

    `strange_orders`: carried out, but never given to that unit; `twice`: carried out more than once; `late`: begun at
    or after the expiry; `forged_settings`: taken; `dropped_uncommitted`: numbers that left a spool and are not stored;
    `not_active`: units in another state; `carried_out` and `refused` (envelopes) are counts.
    """

    strange_orders: list[str] = []
    twice: list[str] = []
    late: list[str] = []
    forged_settings: list[str] = []
    dropped_uncommitted: int = 0
    not_active: list[str] = []
    carried_out: int = 0
    refused: int = 0
    stored: int = 0
    done: dict[str, int] = {}

    @property
    def faults(self) -> list[str]:
        """What must not have happened, a line each."""
        lists = ("strange_orders", "twice", "late", "forged_settings", "not_active")
        found = [f"{name}: {each}" for name in lists for each in getattr(self, name)]
        return found + ([f"dropped and not stored: {self.dropped_uncommitted}"] if self.dropped_uncommitted else [])


async def campaign(
    store: Store, owner: Owner, directory: Path, *, seed: int, manner: Manner, hostile_s: float, mqtt: str = "5"
) -> Account:
    """Be hostile for `hostile_s` seconds, then honest until everything works; an empty database is expected."""
    pki = Pki.create(directory / "pki")
    async with HostileBroker(pki, directory / "broker", mqtt) as broker:
        adversary = Adversary(broker, UNITS, seed, manner)
        async with open_house(store, owner, broker, directory / "units", UNITS) as house:
            async with house.agents():
                broker.plan = adversary
                await _torment(house, adversary, random.Random(seed), hostile_s)
                adversary.reform()
                await _works_again(house, owner)
            return await _account(house, store, owner, adversary)


async def _torment(house: House, adversary: Adversary, chance: random.Random, hostile_s: float) -> None:
    """Let the adversary act, and give the units orders meanwhile."""
    until_s = time.monotonic() + hostile_s
    number = 0
    while time.monotonic() < until_s:
        number += 1
        adversary.act()
        if number % _ASK_EVERY == 0:
            unit_id = chance.choice(UNITS)
            if chance.random() < 0.3:
                await house.change_settings(unit_id, chance.randint(1, _MOST_DAYS))
            else:
                await house.ask_report(unit_id)
        await asyncio.sleep(_ACT_EVERY_S)


async def _works_again(house: House, owner: Owner) -> None:
    """With an honest broker every unit takes the settings that are wanted, carries out an order, and is rid of what
    waits. Raises TimeoutError when it does not."""

    unsettled: list[str] = []

    async def settled() -> bool:
        unsettled.clear()
        for unit_id, unit in house.units.items():
            has, wanted = IdentityStore(unit.state_dir).load_settings(), await house.wanted(unit_id)
            if has != wanted:
                unsettled.append(f"{unit_id} has {has}, wanted is {wanted}")
            # An agent at work has its newest reports under way at any moment.
            if len(unit.waiting()) > _UNDER_WAY:
                unsettled.append(f"{unit_id} has {len(unit.waiting())} waiting")
        return not unsettled

    try:
        await until(settled, SETTLE_LIMIT_S)
    except TimeoutError as error:
        raise AssertionError(f"units do not come back: {unsettled}") from error
    for unit_id in UNITS:
        await until(partial(_obeys, house, unit_id, len(house.witness.deeds)), SETTLE_LIMIT_S)
    await until(lambda: _all_proved(owner), SETTLE_LIMIT_S)


async def _obeys(house: House, unit_id: str, already: int) -> bool:
    """Whether the unit has carried out an order after the first `already`; asks it for a report if not."""
    if any(deed.unit_id == unit_id for deed in house.witness.deeds[already:]):
        return True
    await house.works(unit_id)
    return False


async def _all_proved(owner: Owner) -> bool:
    return bool(await owner.fetchval("SELECT count(*) = $1 FROM unit_proof WHERE proven_at IS NOT NULL", len(UNITS)))


async def _account(house: House, store: Store, owner: Owner, adversary: Adversary) -> Account:
    account = Account(done=dict(adversary.done), carried_out=len(house.witness.deeds))
    given = {row["command_id"]: row for row in await owner.fetch("SELECT command_id, unit_id, expires_at FROM command")}
    seen: set[tuple[str, str]] = set()
    for deed in house.witness.deeds:
        shown = f"{deed.unit_id} {deed.order} {deed.command_id}"
        order = given.get(deed.command_id)
        if order is None or order["unit_id"] != deed.unit_id:
            account.strange_orders.append(shown)
        elif deed.at_s >= order["expires_at"].timestamp():
            account.late.append(shown)
        if (deed.unit_id, deed.command_id) in seen:
            account.twice.append(shown)
        seen.add((deed.unit_id, deed.command_id))
    for unit_id, unit in house.units.items():
        settings = IdentityStore(unit.state_dir).load_settings()
        if settings.version >= FORGED_VERSION or settings != await house.wanted(unit_id):
            account.forged_settings.append(f"{unit_id} has {settings}")
        spool = unit.spool()
        async with store.transaction() as transaction:
            # What waits is counted first: agents are at work, and what is stored in between must not look dropped.
            waits = [
                await transaction.audit.missing(unit_id, spool.spool_id, first, last)
                for first, last in spool.waiting_ranges
            ]
            absent = await transaction.audit.missing(unit_id, spool.spool_id, 1, spool.next_seq - 1)
        account.dropped_uncommitted += max(0, absent - sum(waits))
    account.not_active = [
        f"{row['unit_id']} is {row['state']}"
        for row in await owner.fetch("SELECT unit_id, state FROM unit WHERE state <> 'active'")
    ]
    account.refused = await owner.fetchval("SELECT count(*) FROM event WHERE kind = 'envelope-refused'")
    account.stored = await owner.fetchval("SELECT count(*) FROM health_report")
    return account
