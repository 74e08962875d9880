"""A deployment's deadlines become alarms stage by stage, for their owner, and end when what was due is done."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.deployments.deadline_watch import DeadlineWatch
from fleet.store.store import Store
from tests.support.due_deployments import DAY, authority, deployment
from tests.support.mandate_house import Owner
from tests.support.rota_house import NOW, RotaHouse, rota_house

Told = list[tuple[str, str, bool, list[str], bool]]


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def alarms(owner: Owner) -> Told:
    """Open ones: subject, kind, whether somebody is paged, whom, and whether it is an alarm rather than a warning."""
    rows = await owner.fetch(
        "SELECT subject, kind, pages, route_to, severity = 'alarm' FROM alarm "
        "WHERE rule = 'deadline' AND closed_at IS NULL ORDER BY alarm_no"
    )
    return [tuple(row) for row in rows]


async def test_an_authority_that_ends_alarms_at_14_days_72_hours_12_hours_and_its_end(
    house: RotaHouse, store: Store, owner: Owner
) -> None:
    ends = await authority(house, "URN-1")
    number = await deployment(store, ends)
    watch, other = (DeadlineWatch(store, house.clock) for _ in range(2))
    assert [await watch.look(), await alarms(owner)] == [0, []]
    subject = f"{number}:{ends}"
    for gone, stage, pages, loud in [
        (6 * DAY, "14-days", False, False),
        (17 * DAY, "72-hours", True, False),
        (19 * DAY + timedelta(hours=12), "12-hours", True, True),
        (20 * DAY, "overdue", True, True),
    ]:
        house.clock.now = NOW + gone
        assert await watch.look() + await other.look() == (1 if stage == "14-days" else 2)
        assert await alarms(owner) == [(subject, f"deadline-authority-ends-{stage}", pages, ["AP-01"], loud)]
    follows = await authority(house, "URN-2", starts_at=NOW + 20 * DAY, ends_at=NOW + 100 * DAY, renews=ends)
    async with store.transaction() as transaction:
        await transaction.deployments.drop_authority(number, ends, house.clock.now)
        await transaction.deployments.name_authority(number, follows, "TO-12", house.clock.now)
    assert [await watch.look(), await alarms(owner)] == [1, []]
    closed = await owner.fetchval(
        "SELECT count(*) FROM alarm WHERE rule = 'deadline' AND acknowledged_by = 'controller'"
    )
    assert closed == 4


async def test_two_authorities_have_two_alarms_and_those_taken_are_not_raised_again(
    house: RotaHouse, store: Store, owner: Owner
) -> None:
    ends = NOW + 2 * DAY
    two = [await authority(house, f"URN-{n}", ends_at=ends, urgent_oral=True, document=None) for n in (1, 2)]
    number = await deployment(store, *two)
    watch = DeadlineWatch(store, house.clock)
    assert await watch.look() > 0
    found = await alarms(owner)
    assert {subject for subject, *_ in found} == {f"{number}:{one}" for one in two}
    assert {pages for _, _, pages, *_ in found} == {False}, "whoever has just recorded them knows"
    async with store.transaction() as transaction:
        facts = await transaction.deployment_facts.open_alarms([number])
    assert facts == {}, "they stop no step: they stand beside it as deadlines"
    await owner.execute(
        "SET session_replication_role = replica; "
        "UPDATE alarm SET acknowledged_by = 'AP-01', acknowledged_at = raised_at, acknowledged_how = 'console'; "
        "SET session_replication_role = origin"
    )
    assert await watch.look() == 0
    assert await alarms(owner) == found
