"""Rollouts on real PostgreSQL through the API: told, answered, reported, stopped, resumed; each with its entry."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from fleet.rollouts.rules.following import MOST_PUT_OFF, again_after
from fleet.store.store import Store
from protocols.api.feed import RolloutsChanged, Watch
from protocols.api.rollouts import NewRollout, PartUnderWay, PutOff
from protocols.releases.permit import PermitSignature, SignedPermit
from protocols.rollouts import Ring
from tests.support.mandate_house import entries, refusal
from tests.support.rollout_house import (
    MANIFEST,
    NOW,
    Owner,
    RolloutHouse,
    manifest,
    plan,
    put_in_force,
    rollout_house,
)

A, B, C = "unit-aaaa1111", "unit-bbbb2222", "unit-cccc3333"
FIVE = [f"unit-five000{number}" for number in range(5)]
INSERTED = """
    INSERT INTO rollout
    SELECT 'RO-0123456789ab', title, manifest, sha256, content, plan, permits, state, reason, made_by, made_at,
        changed_by, changed_at
    FROM rollout"""

UNIT_INSERTED = """
    INSERT INTO rollout_unit (rollout_id, unit_id, ring, turn, update_id, state, tellings, told_at)
    SELECT rollout_id, 'unit-bbbb2222', 0, 9, 'UP-0123456789ab', 'done', 1, now() FROM rollout"""


@pytest.fixture
async def house(store: Store, dsn: str, owner: Owner, tmp_path: Path) -> AsyncIterator[RolloutHouse]:
    async with rollout_house(store, dsn, owner, tmp_path) as made:
        yield made


async def said(owner: Owner) -> list[str]:
    rows = await owner.fetch(
        "SELECT kind, unit_id, actor FROM log_entry WHERE kind LIKE 'rollout.%' OR kind LIKE 'unit.update-%'"
        " ORDER BY entry_id"
    )
    return [f"{row['kind']} {row['unit_id'] or row['actor']}" for row in rows]


async def alarms(owner: Owner) -> list[tuple[str, str | None]]:
    rows = await owner.fetch(
        "SELECT kind, unit_id FROM event WHERE source = 'controller' AND severity = 'alarm'"
        " AND acknowledged_at IS NULL ORDER BY event_id"
    )
    return [(row["kind"], row["unit_id"]) for row in rows]


async def test_a_rollout_goes_from_its_first_unit_to_its_last(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A, B, C)
    rings = (Ring(name="bench", share_percent=0, units=[B]), Ring(name="all", share_percent=100))
    rollout = await house.start(plan(*rings))
    assert await house.states(rollout) == {A: "waiting", B: "told", C: "waiting"}
    ((_, order),) = await house.orders(B)
    assert (order.manifest, order.permits) == (MANIFEST, [])

    await house.answer(B, "accepted")
    assert (await house.states(rollout))[B] == "told"
    await house.answer(B, "done")
    assert (await house.states(rollout))[B] == "working"
    await house.say(B, "fetching", part="mcu", done_bytes=10, total_bytes=40)
    row = (await house.rows(rollout))[B]
    assert (row.state, row.part, row.done_bytes, row.total_bytes) == ("working", "mcu", 10, 40)
    view = await house.view(rollout)
    assert (view.row.ring, view.row.under_way, view.rings[1].held) == ("bench", 1, {"ring": 2})
    assert [ring.parts for ring in view.rings] == [[PartUnderWay(part="mcu", units=1, percent=25)], []]

    await house.say(B, "installing", "trial", "part-confirmed", "done", versions={"mcu": "2.0.0"})
    assert await house.states(rollout) == {A: "told", B: "done", C: "told"}
    assert (await house.rows(rollout))[B].versions == {"mcu": "2.0.0"}
    for unit in (A, C):
        await house.say(unit, "done")
    view = await house.view(rollout)
    assert (view.row.state, view.row.done, view.row.bad, view.row.units) == ("done", 3, 0, 3)
    assert [ring.states for ring in view.rings] == [{"done": 1}, {"done": 2}]
    assert all(ring.begun_at == ring.ended_at == NOW for ring in view.rings)
    assert await house.runner.look() == 0
    kinds = await said(owner)
    assert kinds[:3] == ["rollout.started SU-01", f"unit.update-told {B}", f"unit.update-ended {B}"]
    assert kinds[-1] == "rollout.done controller"
    (started,) = await entries(owner, "rollout.started")
    assert (started["manifest"], started["units"], started["rings"]) == (MANIFEST, 3, 2)
    assert "autumn'" not in str(started["title"])
    assert (await house["IN-01"].rollouts())[0] == view.row
    assert [row.state for row in await house["IN-01"].unit_updates(A)] == ["done"]


async def test_what_a_unit_repeats_or_tells_late_changes_nothing(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A)
    rollout = await house.start(plan())
    update = (await house.orders(A))[0][1].update
    side = house.units[A]
    await house.say(A, "fetching", "installing")
    last = side.last_seq
    side.last_seq = 0
    await house.say(A, "failed", reason="an old copy")
    assert (await house.states(rollout))[A] == "working"
    side.last_seq = last
    await house.say(A, "done", "fetching", "failed")
    assert (await house.states(rollout))[A] == "done"
    await house.answer(A, "refused", "late")
    assert ((await house.states(rollout))[A], await alarms(owner)) == ("done", [])
    assert (await said(owner)).count(f"unit.update-ended {A}") == 1
    assert (await owner.fetchval("SELECT update_id FROM rollout_unit")) == update


async def test_a_report_of_no_update_of_the_unit_is_told_once_and_changes_nothing(
    house: RolloutHouse, owner: Owner
) -> None:
    await house.add(A, B)
    rollout = await house.start(plan(at_once=1))
    states = await house.states(rollout)
    told, other = (A, B) if states[A] == "told" else (B, A)
    waiting = await owner.fetchval("SELECT update_id FROM rollout_unit WHERE unit_id = $1", other)
    for update in ((await house.orders(told))[0][1].update, "UP-0123456789ab", waiting):
        await house.say(other, "done", update=update)
    assert await house.states(rollout) == states
    assert [one.reason for one in house.rejections] == ["bad-update"] * 3
    rows = await owner.fetch("SELECT unit_id, count FROM event WHERE kind = 'bad-update'")
    assert [(row["unit_id"], row["count"]) for row in rows] == [(other, 3)]
    assert await owner.fetchval("SELECT count(*) FROM event WHERE source = 'unit'") == 3


async def test_a_unit_that_is_done_with_another_version_is_not_believed(house: RolloutHouse, owner: Owner) -> None:
    await house.add(*FIVE)
    rollout = await house.start(plan(stop_after=3, stop_bad_percent=30))
    await house.say(FIVE[0], "part-confirmed", "done", "done", versions={"mcu": "1.9.0"})
    await house.say(FIVE[1], "done", versions={"mcu": "2.0.0+0", "modem": "7"})
    row = (await house.rows(rollout))[FIVE[0]]
    assert (row.state, row.versions) == ("failed", {"mcu": "1.9.0"})
    assert row.reason == "it says that it is done, and runs mcu 1.9.0 and not 2.0.0"
    assert (await house.states(rollout))[FIVE[1]] == "done"
    assert await alarms(owner) == [("update-failed", FIVE[0])]
    await house.say(FIVE[2], "done")
    view = await house.view(rollout)
    assert (view.row.state, view.row.bad) == ("stopped", 1)
    assert view.row.reason == "1 of 3 units that ended in ring all are bad, more than 30 %"
    ended = {one["unit"]: one for one in await entries(owner, "unit.update-ended")}
    assert [(ended[unit]["state"], ended[unit]["told"]) for unit in FIVE[:3]] == [
        ("failed", "done"),
        ("done", None),
        ("done", None),
    ]
    assert (ended[FIVE[0]]["actor"], ended[FIVE[0]]["reason"].keys()) == ("unit", {"sha256"})


async def test_it_stops_by_itself_and_a_person_lets_it_go_on(house: RolloutHouse, owner: Owner) -> None:
    await house.add(*FIVE, A, B)
    rings = (Ring(name="few", share_percent=0, units=FIVE, success_percent=50), Ring(name="all", share_percent=100))
    rollout = await house.start(plan(*rings, stop_bad_percent=20, stop_after=3))
    await house.say(FIVE[0], "failed", reason="the flash does not hold it")
    await house.say(FIVE[1], "rolled-back")
    assert (await house.view(rollout)).row.state == "running"
    await house.say(FIVE[2], "done")
    view = await house.view(rollout)
    assert (view.row.state, view.row.bad) == ("stopped", 2)
    assert view.row.reason == "2 of 3 units that ended in ring few are bad, more than 20 %"
    assert await alarms(owner) == [("update-failed", FIVE[0]), ("rollout-stopped", None)]
    await house.say(FIVE[3], "done")
    assert (await house.states(rollout))[FIVE[3]] == "done"
    assert view.rings[1].held == {"paused": 2}
    assert await refusal(house["SU-01"].pause_rollout(rollout, "again")) == (409, "rollout-state")

    view = await house["SU-01"].resume_rollout(rollout, "both had old flash")
    assert (view.row.state, view.row.reason) == ("running", "both had old flash")
    assert await alarms(owner) == [("update-failed", FIVE[0])]
    await house.runner.look()
    assert (await house.view(rollout)).row.ring == "all"
    for unit in (FIVE[4], A, B):
        await house.say(unit, "done")
    view = await house.view(rollout)
    assert (view.row.state, view.row.done, view.row.bad) == ("done", 5, 2)
    (stopped,) = await entries(owner, "rollout.stopped")
    assert (stopped["actor"], stopped["ended"], stopped["bad"]) == ("controller", 3, 2)
    (resumed,) = await entries(owner, "rollout.resumed")
    assert (resumed["forgiven"], resumed["reason"].keys()) == (2, {"sha256"})
    (done,) = await entries(owner, "rollout.done")
    assert (done["done"], done["bad"], done["left_out"]) == (5, 2, 0)
    ended = await entries(owner, "unit.update-ended")
    assert {one["state"] for one in ended} == {"done", "failed", "rolled-back"}
    assert "flash" not in str(ended)


async def test_a_paused_rollout_tells_nobody_and_a_cancelled_one_leaves_out_who_waits(
    house: RolloutHouse, owner: Owner
) -> None:
    await house.add(A, B, C)
    rollout = await house.start(plan(at_once=1))
    (first,) = [unit for unit, state in (await house.states(rollout)).items() if state == "told"]
    assert (await house["SU-01"].pause_rollout(rollout, "a busy night")).row.state == "paused"
    await house.say(first, "done")
    assert sorted((await house.states(rollout)).values()) == ["done", "waiting", "waiting"]
    await house["SU-01"].resume_rollout(rollout, "it is over")
    await house.runner.look()
    (second,) = [unit for unit, state in (await house.states(rollout)).items() if state == "told"]
    view = await house["SU-01"].cancel_rollout(rollout, "another is better")
    assert (view.row.state, view.rings[0].states) == ("cancelled", {"done": 1, "told": 1, "left-out": 1})
    await house.say(second, "done")
    assert sorted((await house.states(rollout)).values()) == ["done", "done", "left-out"]
    for again in (house["SU-01"].cancel_rollout, house["SU-01"].resume_rollout, house["SU-01"].pause_rollout):
        assert await refusal(again(rollout, "again")) == (409, "rollout-state")
    (cancelled,) = await entries(owner, "rollout.cancelled")
    assert (cancelled["left_out"], cancelled["actor"]) == (1, "SU-01")
    await house.start(plan())


async def test_an_order_that_nobody_answers_is_given_again(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A)
    rollout = await house.start(plan(limit_s=7200))
    house.clock.go_on(minutes=10)
    async with house.api.services.store.transaction() as transaction:
        assert len(await transaction.commands.expire(house.clock.now)) == 1
    await house.runner.look()
    assert (await house.states(rollout))[A] == "told"
    orders = await house.orders(A)
    assert (len(orders), len({order.update for _, order in orders})) == (2, 1)
    await house.say(A, "done")
    assert (await house.view(rollout)).row.state == "done"


async def test_a_unit_that_takes_too_long_has_failed_and_what_it_tells_then_is_late(
    house: RolloutHouse, owner: Owner
) -> None:
    await house.add(A, B)
    rollout = await house.start(plan(limit_s=600))
    await house.say(A, "fetching")
    house.clock.go_on(seconds=600)
    await house.runner.look()
    assert await house.states(rollout) == {A: "working", B: "told"}
    house.clock.go_on(seconds=1)
    await house.runner.look()
    assert await house.states(rollout) == {A: "failed", B: "failed"}
    assert {kind for kind, _ in await alarms(owner)} == {"update-failed", "rollout-stopped"}
    await house.say(A, "done")
    row = (await house.rows(rollout))[A]
    assert (row.state, row.reason) == ("failed", "it has not ended within 600 s")


async def test_locks_hold_units_until_they_are_over(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A, B, C)
    await owner.execute("UPDATE unit_live SET session_up = false WHERE unit_id = $1", A)
    await _enter_check(owner, B)
    await _enter_deployed(owner, C)
    rollout = await house.start(plan())
    rows = await house.rows(rollout)
    assert {unit: row.held for unit, row in rows.items()} == {A: "away", B: "check", C: "deployment"}
    assert (await house["IN-01"].unit_updates(B))[0].held == "check"
    await owner.execute("UPDATE unit_live SET session_up = true")
    await owner.execute("UPDATE opening SET state = 'closed', closed_at = $1", NOW)
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        await owner.execute("UPDATE kit_item SET deployment_id = NULL")
    await house.runner.look()
    assert set((await house.states(rollout)).values()) == {"told"}


async def test_a_unit_that_refuses_for_a_reason_that_passes_is_told_again(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A, B, C)
    rollout = await house.start(plan(stop_bad_percent=100))
    await house.say(A, "refused", passing=True, reason="a check is open")
    await house.answer(A, "refused", "a check is open")
    await house.say(B, "refused", reason="it has no mcu")
    await house.answer(C, "refused", "16 commands are waiting already")
    rows = await house.rows(rollout)
    assert (rows[A].state, rows[A].held, rows[A].reason) == ("waiting", "again", "a check is open")
    assert rows[A].again_at == NOW + timedelta(minutes=5)
    assert (rows[B].state, rows[B].reason, rows[B].again_at) == ("refused", "it has no mcu", None)
    assert rows[C].state == "told"
    (ring,) = (await house.view(rollout)).rings
    assert (ring.held, ring.put_off) == (
        {"again": 1},
        [PutOff(reason="a check is open", units=1, again_at=NOW + timedelta(minutes=5))],
    )
    house.clock.go_on(minutes=5)
    await house.runner.look()
    assert await house.states(rollout) == {A: "told", B: "refused", C: "told"}
    assert len({order.update for _, order in await house.orders(A)}) == 1
    await house.answer(A, "done")
    await house.say(A, "refused", passing=True, reason="a copy that comes late")
    assert (await house.states(rollout))[A] == "working"
    await house.say(A, "fetching", "done")
    house.clock.go_on(minutes=5, seconds=1)
    await house.runner.look()
    assert (len(await house.orders(C)), (await house.states(rollout))[A]) == (2, "done")
    ended = await entries(owner, "unit.update-ended")
    assert [(one["unit"], one["state"]) for one in ended] == [(B, "refused"), (A, "done")]


async def test_a_unit_that_puts_it_off_too_often_has_refused(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A)
    rollout = await house.start(plan())
    for put_off in range(1, MOST_PUT_OFF):
        await house.say(A, "refused", passing=True, reason="the supply is too low")
        row = (await house.rows(rollout))[A]
        assert (row.state, row.again_at) == ("waiting", house.clock.now + again_after(put_off))
        house.clock.now += again_after(put_off)
        await house.runner.look()
        assert (await house.states(rollout))[A] == "told"
    await house.say(A, "refused", passing=True, reason="the supply is too low")
    row = (await house.rows(rollout))[A]
    assert (row.state, row.again_at) == ("refused", None)
    assert row.reason == "it has refused 10 times, the last time because: the supply is too low"
    assert (await house.view(rollout)).row.bad == 1
    assert (await said(owner)).count(f"unit.update-ended {A}") == 1
    assert (await said(owner)).count(f"unit.update-told {A}") == MOST_PUT_OFF


async def test_units_that_are_out_or_of_another_model_are_left_out(house: RolloutHouse, owner: Owner) -> None:
    await put_in_force(owner, manifest(models=["test"]), version=2)
    await house.add(A, B)
    await house.add(C, model="other unit")
    rollout = await house.start(plan(from_time=time(2), until_time=time(3)))
    assert (await house.view(rollout)).rings[0].held == {"schedule": 2}
    await owner.execute("UPDATE unit SET state = 'quarantined' WHERE unit_id = $1", A)
    house.clock.go_on(hours=14)
    await house.runner.look()
    assert await house.states(rollout) == {A: "left-out", B: "told"}
    await house.say(B, "done")
    assert (await house.view(rollout)).row.state == "done"
    named = await house.start(plan(), units=[B, C])
    row = (await house.rows(named))[C]
    assert (row.state, row.reason) == ("left-out", "the manifest is for other models")


async def test_it_stops_where_the_manifest_is_not_what_it_began_with(house: RolloutHouse, owner: Owner) -> None:
    await house.add(A, B)
    rollout = await house.start(plan(at_once=1))
    await put_in_force(owner, manifest(version="3.0.0"), version=2)
    await house.runner.look()
    view = await house.view(rollout)
    assert (view.row.state, view.row.reason) == ("stopped", f"{MANIFEST} is another manifest now")
    assert view.content.parts[0].version == "2.0.0"
    await house["SU-01"].resume_rollout(rollout, "go on all the same")
    await put_in_force(owner, version=3)
    await house.runner.look()
    assert (await house.view(rollout)).row.reason == f"{MANIFEST} is not in force any more"
    assert sorted((await house.states(rollout)).values()) == ["told", "waiting"]


async def test_what_can_not_be_begun_says_why(house: RolloutHouse) -> None:
    start = house["SU-01"].start_rollout
    new = NewRollout(title="autumn", manifest=MANIFEST, plan=plan())
    assert await refusal(start(new)) == (409, "no-unit")
    await house.add(A, B)
    replace = msgspec.structs.replace
    assert await refusal(start(replace(new, manifest="manifests/none.json"))) == (404, "manifest-unknown")
    assert await refusal(start(replace(new, manifest="mcu/autumn.bin"))) == (404, "manifest-unknown")
    assert await refusal(start(replace(new, units=[A, C]))) == (404, "unit-unknown")
    named = plan(Ring(name="all", share_percent=100, units=[B]))
    assert await refusal(start(replace(new, units=[A], plan=named))) == (404, "unit-unknown")
    long = SignedPermit(text="x" * 8000, signatures=[PermitSignature(person_id="SU-01", signature="y" * 2000)] * 8)
    assert await refusal(start(replace(new, permits=[long] * 3))) == (400, "permits-too-long")
    first = await house.start(plan(), units=[A])
    assert await refusal(start(new)) == (409, "unit-in-rollout")
    second = await house.start(plan(), units=[B])
    assert {first, second} == {row.rollout for row in await house["IN-01"].rollouts()}
    assert await refusal(house["IN-01"].rollout("RO-0123456789ab")) == (404, "rollout-unknown")
    assert await refusal(house["IN-01"].unit_updates(C)) == (404, "unit-unknown")
    assert (await house["IN-01"].rollout_units(first, ring="none")).total == 0
    assert (await house["IN-01"].rollout_units(first, ring="all", state="told")).total == 1


async def test_who_may_not_manage_releases_begins_and_changes_nothing(house: RolloutHouse) -> None:
    await house.add(A)
    rollout = await house.start(plan())
    for person in ("TO-12", "IN-01"):
        for refused in (
            house[person].start_rollout(NewRollout(title="a", manifest=MANIFEST, plan=plan())),
            house[person].pause_rollout(rollout, "a"),
            house[person].resume_rollout(rollout, "a"),
            house[person].cancel_rollout(rollout, "a"),
        ):
            assert await refusal(refused) == (403, "role-not-allowed")
        assert (await house[person].rollout(rollout)).row.state == "running"
    assert await refusal(house["AP-01"].rollouts()) == (403, "role-not-allowed")


async def test_the_feed_tells_of_rollouts(house: RolloutHouse) -> None:
    await house.add(A)
    async with house["IN-01"].feed() as feed:
        feed.watch(Watch(rollouts=True))
        seen = 0
        async for item in feed:
            if isinstance(item, RolloutsChanged):
                seen += 1
                if seen == 1:
                    await house.start(plan())
                else:
                    break


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rollout SET state = 'paused'",
        "UPDATE rollout SET state = 'done'",
        "UPDATE rollout_unit SET state = 'done', changed_by = 'unit', changed_at = now()",
        "UPDATE rollout_unit SET tellings = tellings + 1",
        "UPDATE rollout_unit SET ring = 1",
        "UPDATE rollout SET plan = '{}'",
        "DELETE FROM rollout_unit",
        "UPDATE rollout_unit SET state = 'left-out', changed_by = 'controller', changed_at = now()",
        "UPDATE rollout_ring SET forgiven = 1000",
        "UPDATE rollout_ring SET begun_at = now()",
        "UPDATE rollout_ring SET begun_at = NULL",
        "UPDATE rollout_ring SET reached_at = begun_at - interval '1 day', ended_at = NULL, begun_at = NULL",
        "INSERT INTO rollout_ring (rollout_id, ring, name) SELECT rollout_id, 7, 'x' FROM rollout",
        UNIT_INSERTED,
        INSERTED,
    ],
)
async def test_the_database_lets_no_state_be_come_to_without_its_entry(
    house: RolloutHouse, dsn: str, change: str
) -> None:
    await house.add(A)
    await house.start(plan(Ring(name="bench", share_percent=100), Ring(name="all", share_percent=100)))
    await house.add(B)
    await _refused(dsn, change)


async def test_the_database_lets_what_has_ended_be(house: RolloutHouse, dsn: str) -> None:
    await house.add(A)
    await house.start(plan())
    await house.say(A, "failed")
    await _refused(dsn, "UPDATE rollout_unit SET state = 'done'")
    await _refused(dsn, "UPDATE rollout_unit SET reason = 'all was well'")


async def _refused(dsn: str, change: str) -> None:
    connection = await asyncpg.connect(dsn, server_settings={"role": "muster_controller"})
    try:
        with pytest.raises((asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError)):
            await connection.execute(change)
    finally:
        await connection.close()


async def _enter_check(owner: Owner, unit: str) -> None:
    """A check that is open, as far as rollouts look."""
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        await owner.execute(
            "INSERT INTO opening (opening, unit_id, mandate_id, modalities, person_id, controller, begun_at, state,"
            " entry_id, leased_until) VALUES ($1, $2, 'M-0123456789ab', '{video}', 'SU-01', 'x', $3, 'live', 1, $4)",
            f"open-{unit}",
            unit,
            NOW,
            NOW + timedelta(minutes=1),
        )


async def _enter_deployed(owner: Owner, unit: str) -> None:
    """A unit that is out for a deployment, as far as rollouts look."""
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        await owner.execute(
            "INSERT INTO kit_item (item, version, model, serial, unit_id, condition, service, custodian, deployment_id,"
            " out_since, added_at) VALUES ('K-0001', 1, 'x', '', $1, 'good', 'in-service', 'SU-01', 'DEP-1', $2, $2)",
            unit,
            NOW,
        )
