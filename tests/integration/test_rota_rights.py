"""What the controllers' role in the database can not do to rotas, whatever a program does: their past stays."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fleet.errors import Conflict
from fleet.rota.judging import MAX_EACH
from fleet.store.store import Store
from protocols.api.call_outs import NewCallOut, NewRest, NewWorkDone
from protocols.api.rota_changes import NewChange
from protocols.api.rota_people import NewAbsence
from tests.support.controller_role import refused_to_controller
from tests.support.mandate_house import Owner, refusal
from tests.support.rota_house import NOW, PRIMARY, RotaHouse, given, rota_house, week

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND column_name <> $2"
_PLAN = (
    "INSERT INTO rota_plan (plan_id, rota_id, starts_at, ends_at, based_on, state, made_by, made_at, assigned,"
    " published_by, published_at) VALUES ($1, 'technical', $2, $3, 1, $4, 'SU-01', $2, '[]', $5, $6)"
)
_TURN = (
    "INSERT INTO rota_turn (rota_id, layer, starts_at, person_id, fixed, published_at, plan_id)"
    " VALUES ('technical', 'primary-weeks', $2, 'TO-12', false, $2, $1)"
)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def role(house: RotaHouse, owner: Owner) -> Owner:
    """What a controller can do, once the house is there."""
    await owner.execute("SET ROLE muster_controller")
    return owner


async def test_published_turns_are_changed_only_by_publishing_a_plan(house: RotaHouse, role: Owner) -> None:
    plan = (await house.plan([given(PRIMARY, 1, "TO-12")])).plan
    await house["SU-01"].publish_rota_plan(plan)
    await refused_to_controller(role, "UPDATE rota_turn SET person_id = 'TO-11'")
    await refused_to_controller(role, "UPDATE rota_turn SET starts_at = $1", week(2))
    await refused_to_controller(role, "DELETE FROM rota_turn")
    await refused_to_controller(role, _TURN, plan, week(3))
    await refused_to_controller(role, "UPDATE rota_plan SET assigned = '[]'")
    await refused_to_controller(role, _PLAN, "P-1", week(0), week(4), "published", "SU-01", NOW)
    draft = (await house.plan([given(PRIMARY, 2, "TO-11")])).plan
    await refused_to_controller(role, "UPDATE rota_plan SET assigned = '[]' WHERE plan_id = $1", draft)
    publish = "UPDATE rota_plan SET state = 'published', published_by = 'SU-01', published_at = $2 WHERE plan_id = $1"
    await refused_to_controller(role, publish, draft, NOW)
    publishing = role.transaction()
    await publishing.start()
    await role.execute(publish, draft, NOW)
    await role.execute(_TURN, draft, week(3))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with role.transaction():
            await role.execute(_TURN, draft, week(-1))
    await refused_to_controller(role, "SET CONSTRAINTS ALL IMMEDIATE")
    await publishing.rollback()
    assert (await house["SU-01"].rota_plan(draft)).state == "draft"
    assert (await house["SU-01"].publish_rota_plan(draft)).state == "published"


async def test_a_change_by_hand_holds_with_its_entry_and_is_undone_once(house: RotaHouse, role: Owner) -> None:
    new = NewChange(kind="override", position="primary", person="TO-11", starts_at=week(0), ends_at=week(0) + DAY)
    made = (await house["SU-01"].ask_rota_change("technical", new)).change
    for what in ("decided_by = 'SU-02'", "brings = '[{}]'", "agreed_by = 'SU-02', agreed_at = now()"):
        await refused_to_controller(role, f"UPDATE rota_change SET {what}")
        undone = f"UPDATE rota_change SET state = 'undone', undone_by = 'SU-01', undone_at = $1, {what}"
        await refused_to_controller(role, undone, NOW)
    undo = "UPDATE rota_change SET state = 'undone', undone_by = 'SU-01', undone_at = $1"
    await refused_to_controller(role, undo, NOW)
    await refused_to_controller(role, undo, NOW - DAY)
    await refused_to_controller(
        role,
        "INSERT INTO rota_change (change_id, rota_id, kind, state, position, person_id, starts_at, ends_at, asked_by,"
        " asked_at, decided_by, decided_at) VALUES ('S-1', 'technical', 'override', 'approved', 'primary', 'TO-12',"
        " $1, $2, 'SU-01', $1, 'SU-01', $1)",
        week(-1),
        week(0),
    )
    assert (await house["SU-01"].undo_rota_change(made)).state == "undone"
    await refused_to_controller(role, "UPDATE rota_change SET undone_at = $1", week(1))


async def test_records_from_which_hours_follow_are_kept_with_their_entries(house: RotaHouse, role: Owner) -> None:
    at: dict[str, Any] = {"person": "TO-12", "starts_at": NOW - DAY, "ends_at": NOW - DAY + HOUR}
    await house["TO-12"].add_work(NewWorkDone(**at))
    await house["SU-01"].add_rest(NewRest(**at))
    await house["TO-12"].add_absence(NewAbsence(kind="sick", zone="UTC", **at))
    out = NewCallOut(rota="technical", person="TO-12", left_home_at=NOW - HOUR, returned_at=NOW)
    await house["TO-12"].record_call_out(out)
    for table, record in (
        ("work_done", "work_id"),
        ("compensatory_rest", "rest_id"),
        ("absence", "absence_id"),
        ("call_out", "call_out_id"),
    ):
        columns = [row[0] for row in await role.fetch(_COLUMNS, table, record)]
        rest = ", ".join(columns)
        await refused_to_controller(role, f"INSERT INTO {table} ({record}, {rest}) SELECT 'X-1', {rest} FROM {table}")
        await refused_to_controller(role, f"UPDATE {table} SET withdrawn_by = 'TO-12', withdrawn_at = $1", NOW)
    await refused_to_controller(role, "UPDATE call_out SET break_min = 60")


async def test_a_rota_goes_forward_and_stays_ended(house: RotaHouse, role: Owner) -> None:
    await house.put(1, name="again")
    for version in (1, 3):
        await refused_to_controller(role, "UPDATE rota SET version = $1", version)
    await refused_to_controller(role, "UPDATE rota_version SET document = '{}'")
    await house["SU-01"].end_rota("technical")
    await refused_to_controller(role, "UPDATE rota SET ended_at = NULL, ended_by = NULL")
    await refused_to_controller(role, "UPDATE rota SET ended_at = $1", NOW - DAY)


async def test_who_asks_for_too_many_books_at_once_is_refused_and_others_are_not(house: RotaHouse) -> None:
    mine, period = house["TO-11"], (week(0), week(1))
    out = NewCallOut(rota="technical", person="TO-11", left_home_at=NOW - timedelta(hours=2))
    feed = (await mine.make_calendar()).url
    with ExitStack() as stack:
        for _ in range(MAX_EACH):
            for who in ("TO-11", "calendars of TO-11"):
                stack.enter_context(house.api.services.judging.asked_by(who))
        for asked in (
            mine.rota_book("technical", *period),
            mine.check_rota("technical", *period),
            mine.rota_hours("technical", *period),
            mine.record_call_out(out),
        ):
            assert await refusal(asked) == (409, "too-many-checks")
        with pytest.raises(Conflict, match="for you already"):
            await house.api.services.calendars.find(feed.rpartition("/")[2].removesuffix(".ics"))
        assert await house["SU-01"].check_rota("technical", *period)
    recorded = await mine.record_call_out(out)
    assert recorded.call_out.person == "TO-11"
