"""Units that report and do not prove who they are, on a real database and a fake clock."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest

from fleet.clones.unproven import UNPROVEN_FOR, UnprovenWatch
from fleet.store.store import Store
from tests.support.reporting import register

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

NOW = datetime(2030, 5, 10, 12, tzinfo=UTC)
LONG_AGO = NOW - UNPROVEN_FOR - timedelta(seconds=1)
UNIT = "unit-quiet111"


async def seen(owner: Owner, *, heard_at: datetime, proven_at: datetime | None, state: str = "active") -> None:
    await register(owner, [UNIT])
    await owner.execute("UPDATE unit SET joined_at = $1, state = $2", LONG_AGO, state)
    await owner.execute("UPDATE unit_live SET last_report_at = $1", heard_at)
    await owner.execute(
        "INSERT INTO unit_proof (unit_id, proven_at) VALUES ($1, $2)"
        " ON CONFLICT (unit_id) DO UPDATE SET proven_at = excluded.proven_at",
        UNIT,
        proven_at,
    )


@pytest.mark.parametrize("proven_at", [None, LONG_AGO])
@pytest.mark.parametrize("state", ["active", "quarantined"])
async def test_a_unit_that_reports_and_proves_nothing_is_an_alarm_once(
    store: Store, owner: Owner, proven_at: datetime | None, state: str
) -> None:
    await seen(owner, heard_at=NOW, proven_at=proven_at, state=state)
    watch = UnprovenWatch(store, lambda: NOW)
    assert (await watch.look(), await watch.look()) == (1, 1)
    (row,) = await owner.fetch("SELECT unit_id, kind, severity, count FROM event")
    assert tuple(row) == (UNIT, "unit-unproven", "alarm", 2)


@pytest.mark.parametrize(
    ("heard_at", "proven_at", "state"),
    [
        (NOW, NOW - UNPROVEN_FOR + timedelta(seconds=1), "active"),
        (NOW - timedelta(minutes=11), LONG_AGO, "active"),
        (NOW, LONG_AGO, "revoked"),
    ],
    ids=["proved lately", "silent", "revoked"],
)
async def test_others_are_none(store: Store, owner: Owner, heard_at: datetime, proven_at: datetime, state: str) -> None:
    await seen(owner, heard_at=heard_at, proven_at=proven_at, state=state)
    assert await UnprovenWatch(store, lambda: NOW).look() == 0
