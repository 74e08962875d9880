"""Events as units report them: the same one again is known, another one under a used number is not lost."""

from datetime import UTC, datetime, timedelta

import asyncpg

from fleet.store.store import Store
from fleet.store.telemetry import EventRow
from tests.support.reporting import register

UNIT = "unit-abcd2345"
AT = datetime(2026, 5, 10, 12, tzinfo=UTC)


def _event(at: datetime, summary: str) -> EventRow:
    return EventRow(
        unit_id=UNIT, spool_id=5, seq=7, kind="lid-opened", severity="alarm", summary=summary, at=at, received_at=AT
    )


async def test_an_event_under_a_number_used_before_is_another_event(
    store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A card restored from an image counts from an old number: its alarms must not vanish."""
    await register(owner, [UNIT])
    for at, summary in ((AT, "first"), (AT, "first"), (AT + timedelta(hours=1), "second")):
        async with store.transaction() as transaction:
            await transaction.telemetry.add_events([_event(at, summary)])
    stored = [record["summary"] for record in await owner.fetch("SELECT summary FROM event ORDER BY at")]
    assert stored == ["first", "second"]
