"""A revoked unit that is heard long after it was cut off is on the broker again, by whatever way: it goes again."""

from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest

from fleet.clock import utc_now
from fleet.ingest.batch import Inbound
from fleet.ingest.turns import Turn
from fleet.ingest.writer import Writer
from fleet.renewal.proofs import keep_proofs
from fleet.revocation.standing import UnitStanding
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from protocols.uplink import AnyUpMessage
from tests.support.reporting import OWNER_ID, ScriptedUnit, register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT = "unit-revoked1"


class _NoLink:
    """Where nothing is acknowledged."""

    def acknowledge(self, packet_ids: object) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


async def heard(store: Store, owner: Owner, message: AnyUpMessage) -> datetime | None:
    """When the unit is said to have been cut off, after ingest has taken `message`."""
    turn = Turn()
    try:
        item = Inbound(_NoLink(), 0, 0, 0, message, None)
        await Writer(store, PresenceSettings(), keep_proofs, utc_now).write([item], turn)
    finally:
        turn.finish()
    at: datetime | None = await owner.fetchval("SELECT cut_off_at FROM unit WHERE unit_id = $1", UNIT)
    return at


@pytest.fixture
async def unit(store: Store, owner: Owner) -> ScriptedUnit:
    """A unit that was revoked and cut off two hours ago."""
    await register(owner, [UNIT])
    await UnitStanding(store, utc_now).revoke(UNIT, "stolen", OWNER_ID)
    await owner.execute("UPDATE unit SET cut_off_at = now() - interval '2 hours'")
    return ScriptedUnit(UNIT)


async def test_a_revoked_unit_that_sends_is_cut_off_again(store: Store, owner: Owner, unit: ScriptedUnit) -> None:
    assert await heard(store, owner, unit.health()) is None
    async with store.transaction() as transaction:
        assert await transaction.revocation.to_cut_off(1) == [UNIT]


async def test_what_was_under_way_when_it_was_cut_off_and_its_will_change_nothing(
    store: Store, owner: Owner, unit: ScriptedUnit
) -> None:
    assert await heard(store, owner, unit.announcement(is_up=False)) is not None
    cut_off_at = utc_now() - timedelta(seconds=30)
    await owner.execute("UPDATE unit SET cut_off_at = $1", cut_off_at)
    assert await heard(store, owner, unit.health()) == cut_off_at


async def test_a_unit_that_is_not_revoked_is_not_concerned(store: Store, owner: Owner, unit: ScriptedUnit) -> None:
    await owner.execute("UPDATE unit SET state = 'quarantined'")
    assert await heard(store, owner, unit.health()) is not None
