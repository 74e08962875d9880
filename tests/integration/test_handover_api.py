"""Handover sheets through the API: made for the nearest change, acknowledged by both, once each."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fleet.client.handovers import sheet_sha256
from fleet.store.store import Store
from protocols.api.call_outs import NewCallOut
from tests.support.due_deployments import DAY, authority, deployment
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse, rota_house, week


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_sheet_tells_what_is_open_and_both_acknowledge_the_one_they_read(
    house: RotaHouse, store: Store, owner: Owner
) -> None:
    """TO-12 is primary until Monday at nine, TO-13 is after that."""
    ends = await authority(house, "URN-1", ends_at=NOW + 10 * DAY)
    number = await deployment(store, ends, rota_id="technical")
    await house["TO-12"].record_call_out(NewCallOut(rota="technical", person="TO-12", left_home_at=NOW))
    assert await refusal(house["TO-11"].make_handover("technical")) == (403, "role-not-allowed")
    first = await house["SU-01"].make_handover("technical")
    assert (first.row.change_at, first.row.outgoing, first.row.incoming) == (week(0), "TO-12", "TO-13")
    assert first.row.waits_for == ["TO-12", "TO-13"]
    assert sheet_sha256(first.sheet) == first.row.sha256
    assert [(one.deployment, one.lead) for one in first.sheet.deployments] == [(number, "TO-12")]
    assert [(one.reference, one.deployments) for one in first.sheet.authorities] == [("URN-1", [number])]
    assert [(one.person, one.stage) for one in first.sheet.welfare] == [("TO-12", "waiting")]
    assert first.sheet.counts["alarms"] == 0
    acknowledged = await house["TO-12"].acknowledge_handover(first.row.handover, first.row.sha256)
    assert acknowledged.row.waits_for == ["TO-13"]
    again = await house["TO-13"].make_handover("technical")
    superseded = await house["IN-01"].handover(first.row.handover)
    assert (superseded.row.superseded_by, superseded.row.waits_for) == (again.row.handover, [])
    late = house["TO-13"].acknowledge_handover(first.row.handover, first.row.sha256)
    assert await refusal(late) == (409, "handover-superseded")
    wrong = house["TO-13"].acknowledge_handover(again.row.handover, first.row.sha256)
    assert await refusal(wrong) == (409, "another-sheet")
    other = house["SU-01"].acknowledge_handover(again.row.handover, again.row.sha256)
    assert await refusal(other) == (403, "role-not-allowed")
    for person in ("TO-12", "TO-13", "TO-13"):
        seen = await house[person].acknowledge_handover(again.row.handover, again.row.sha256)
    assert [(one.person, one.part) for one in seen.row.acknowledged] == [("TO-12", "outgoing"), ("TO-13", "incoming")]
    assert await refusal(house["SU-01"].make_handover("technical")) == (409, "handover-done")
    assert [one.handover for one in await house["SU-01"].handovers("technical")] == [
        again.row.handover,
        first.row.handover,
    ]
    told = await entries(owner, "handover.")
    assert [(one["kind"], one["actor"]) for one in told] == [
        ("handover.made", "SU-01"),
        ("handover.acknowledged", "TO-12"),
        ("handover.made", "TO-13"),
        ("handover.acknowledged", "TO-12"),
        ("handover.acknowledged", "TO-13"),
    ]
    assert [one["sha256"] for one in told] == [first.row.sha256] * 2 + [again.row.sha256] * 3
    assert told[2]["supersedes"] == first.row.handover


async def test_after_the_change_its_sheet_is_still_made_for_some_hours(house: RotaHouse) -> None:
    house.clock.now = week(0) + timedelta(hours=3)
    made = await house["TO-12"].make_handover("technical")
    assert (made.row.change_at, made.row.outgoing) == (week(0), "TO-12")
    house.clock.go_on(hours=2)
    assert (await house["TO-13"].make_handover("technical")).row.change_at == week(1)
    assert await refusal(house["SU-01"].make_handover("radio")) == (404, "rota-unknown")
    await house.put(1, layers=[])
    assert await refusal(house["SU-01"].make_handover("technical")) == (409, "no-change")


async def test_the_database_keeps_a_sheet_and_lets_only_the_two_acknowledge_it(house: RotaHouse, owner: Owner) -> None:
    made = (await house["TO-12"].make_handover("technical")).row
    await house["TO-12"].acknowledge_handover(made.handover, made.sha256)
    values = "VALUES ($1, 'SU-01', 'incoming', $2, now())"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(f"INSERT INTO handover_ack {values}", made.handover, made.sha256)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(f"INSERT INTO handover_ack {values.replace('SU-01', 'TO-13')}", made.handover, made.sha256)
    await owner.execute("SET ROLE muster_controller")
    for change in ("UPDATE handover SET sheet = '{}'", "DELETE FROM handover_ack", "DELETE FROM handover"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(change)
