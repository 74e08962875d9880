"""Plans of a rota's turns through the API: by hand, what they bring, publishing and discarding them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.client import Refused
from fleet.rota.rules.turns import ALWAYS
from fleet.store.store import Store
from protocols.api.rotas import NewPlan
from protocols.rota.findings import Quality
from protocols.rota.model import Assigned
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_books import layer
from tests.support.rota_house import (
    NOW,
    PRIMARY,
    SECONDARY,
    RotaHouse,
    given,
    rota_house,
    technical,
    week,
)
from tests.support.waiting import until

DAY = timedelta(days=1)
# By the order TO-13 has the primary week 0, TO-11 the next, then TO-12; the secondary ones are AP-01, SU-01, SU-02.
FAIR = [given(PRIMARY, 0, "TO-11"), given(PRIMARY, 1, "TO-13"), given(SECONDARY, 1, "SU-01")]


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def turns_of(owner: Owner) -> dict[tuple[str, datetime], tuple[str | None, datetime, bool]]:
    rows = await owner.fetch("SELECT layer, starts_at, person_id, published_at, fixed FROM rota_turn")
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


async def test_a_plan_by_hand_is_weighed_and_then_published(house: RotaHouse, owner: Owner) -> None:
    plan = await house.plan([*FAIR, given(PRIMARY, 2, "TO-12", fixed=True)])
    assert (plan.state, plan.made_by, plan.made_at, plan.based_on) == ("draft", "SU-01", NOW, 1)
    assert [(one.layer, one.starts_at) for one in plan.assigned] == [
        (PRIMARY, week(0)),
        (PRIMARY, week(1)),
        (SECONDARY, week(1)),
        (PRIMARY, week(2)),
    ]
    assert plan.counts is not None
    assert plan.counts.keys() <= {"warning"}
    assert plan.quality is not None
    assert plan.quality.loads
    assert await turns_of(owner) == {}
    listed = (await house["TO-11"].rota_plans("technical"))[0]
    assert (listed.plan, listed.assigned, listed.quality and listed.quality.loads) == (plan.plan, [], [])
    later = house.clock.go_on(hours=2)
    published = await house["SU-02"].publish_rota_plan(plan.plan)
    assert (published.state, published.published_by, published.published_at) == ("published", "SU-02", later)
    # Who has the turn by the order of the rotation anyway has known that all along.
    assert await turns_of(owner) == {
        (PRIMARY, week(0)): ("TO-11", later, False),
        (PRIMARY, week(1)): ("TO-13", later, False),
        (SECONDARY, week(1)): ("SU-01", ALWAYS, False),
        (PRIMARY, week(2)): ("TO-12", ALWAYS, True),
    }
    assert (await house["TO-11"].rotas())[0].published_until == week(4)
    book = await house["TO-11"].rota_book("technical", week(0), week(4))
    assert {(one.layer, one.starts_at): one.person for one in book.assigned} == {
        (one.layer, one.starts_at): one.person for one in published.assigned
    }
    told = await entries(owner, "rota.p")
    assert [one["kind"] for one in told] == ["rota.plan-made", "rota.published"]
    assert (told[0]["ended"], told[0]["turns"], told[0]["actor"]) == ("by-hand", 4, "SU-01")
    assert (told[1]["turns"], told[1]["changed"], told[1]["actor"]) == (4, 2, "SU-02")
    assert (told[1]["brought"], told[1]["faults"], told[1]["despite"]) == (0, 0, None)
    assert told[1]["sha256"] == sha256(msgspec.json.encode(published.assigned)).hexdigest()
    event = (await house["TO-11"].events()).events[0]
    assert (event.kind, event.severity) == ("rota", "info")
    assert event.summary == (
        "SU-02 has published technical, 09 Feb 2026 to 09 Mar 2026: 2 turns changed, of TO-11, TO-13"
    )


async def test_a_turn_whose_person_stays_keeps_since_when_that_is_known(house: RotaHouse, owner: Owner) -> None:
    await house["SU-01"].publish_rota_plan((await house.plan(FAIR)).plan)
    later = house.clock.go_on(days=1)
    again = await house.plan([given(PRIMARY, 0, "TO-12"), given(PRIMARY, 1, "TO-13")])
    await house["SU-01"].publish_rota_plan(again.plan)
    assert await turns_of(owner) == {
        (PRIMARY, week(0)): ("TO-12", later, False),
        (PRIMARY, week(1)): ("TO-13", NOW, False),
        (SECONDARY, week(1)): ("SU-01", ALWAYS, False),  # what a plan does not name stays
    }


async def test_what_can_not_be_planned_says_why(house: RotaHouse, owner: Owner) -> None:
    async def plan(assigned: list[Assigned], **changes: Any) -> object:
        fields = {"starts_at": week(0), "ends_at": week(4), "based_on": 1, **changes}
        return await house["SU-01"].draft_rota_plan("technical", NewPlan(assigned=assigned, **fields))

    off = Assigned(layer=PRIMARY, starts_at=week(1) + DAY, person="TO-11")
    cases: list[tuple[list[Assigned], dict[str, Any], tuple[int, str]]] = [
        ([off], {}, (400, "no-such-turn")),
        ([given("nights", 1, "TO-11")], {}, (400, "no-such-turn")),
        ([given(PRIMARY, 5, "TO-11")], {}, (400, "no-such-turn")),
        ([given(PRIMARY, 1, "TO-11"), given(PRIMARY, 1, "TO-12")], {}, (400, "turn-twice")),
        ([given(PRIMARY, 1, "IN-01")], {}, (400, "not-a-member")),
        (FAIR, {"based_on": 2}, (409, "rota-changed")),
        (FAIR, {"ends_at": week(0)}, (400, "period-unusable")),
        (FAIR, {"ends_at": week(0) + 801 * DAY}, (400, "period-unusable")),
        (FAIR, {"starts_at": week(0).replace(year=1975)}, (400, "time-unlikely")),
        ([], {"starts_at": week(-4), "ends_at": week(-2)}, (409, "plan-over")),
        ([given(PRIMARY, -1, "TO-11")], {"starts_at": week(-1)}, (409, "turn-begun")),
    ]
    for assigned, changes, expected in cases:
        assert await refusal(plan(assigned, **changes)) == expected, (assigned, changes)
    new = NewPlan(starts_at=week(0), ends_at=week(4), based_on=1, assigned=FAIR)
    assert await refusal(house["SU-01"].draft_rota_plan("nowhere", new)) == (404, "rota-unknown")
    for person in ("TO-11", "AP-01", "IN-01"):
        assert await refusal(house[person].draft_rota_plan("technical", new)) == (403, "role-not-allowed")
    assert await owner.fetch("SELECT FROM rota_plan") == []


async def test_an_instant_of_another_zone_is_the_same_turn(house: RotaHouse) -> None:
    text = week(1).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").replace("T09:00:00+00:00", "T10:00:00+01:00")
    plan = await house.plan([Assigned(layer=PRIMARY, starts_at=datetime.fromisoformat(text), person="TO-13")])
    assert plan.assigned[0].starts_at == week(1)
    assert plan.assigned[0].starts_at.utcoffset() == timedelta(0)


async def test_a_plan_that_brings_faults_is_published_only_with_a_reason(house: RotaHouse, owner: Owner) -> None:
    plan = await house.plan([given(PRIMARY, 1, None)])
    with pytest.raises(Refused) as caught:
        await house["SU-01"].publish_rota_plan(plan.plan)
    problem = caught.value.problem
    assert (caught.value.status, problem.code) == (409, "plan-breaks-rules")
    assert problem.message.startswith("the plan brings 2 breaches and faults that were not there; first: ")
    assert "primary" in problem.message
    assert await turns_of(owner) == {}
    published = await house["SU-01"].publish_rota_plan(plan.plan, "everybody is at the exercise")
    assert published.state == "published"
    told = (await entries(owner, "rota.published"))[0]
    assert (told["brought"], told["faults"]) == (2, 2)
    assert set(told["despite"]) == {"sha256"}
    assert "exercise" not in str(told)
    text = await owner.fetchval("SELECT text FROM log_text WHERE field = 'despite'")
    assert text == "everybody is at the exercise"
    # What is there already does not stop a plan that mends something else, or half of it.
    house.clock.go_on(hours=1)
    other = await house.plan([given(PRIMARY, 0, "TO-12")])
    await house["SU-01"].publish_rota_plan(other.plan)
    house.clock.go_on(hours=1)
    mended = await house.plan([given(PRIMARY, 1, "TO-12"), given(PRIMARY, 0, "TO-13")])
    assert (await house["SU-01"].publish_rota_plan(mended.plan)).counts == mended.counts
    assert (await entries(owner, "rota.published"))[-1]["faults"] == 0


async def test_a_plan_that_mends_a_part_of_a_gap_brings_nothing(house: RotaHouse) -> None:
    nobody = technical(layers=[layer(PRIMARY, order=[]), layer(SECONDARY, position="secondary", order=["SU-01"])])
    await house["SU-01"].put_rota(nobody, 1)
    half = await house.plan([given(PRIMARY, 1, "TO-11")], based_on=2)
    assert half.counts is not None
    assert half.counts["fault"] > 2
    assert (await house["SU-01"].publish_rota_plan(half.plan)).state == "published"


async def test_what_was_absent_meanwhile_counts_when_it_is_published(house: RotaHouse, owner: Owner) -> None:
    plan = await house.plan(FAIR)
    await owner.execute("SET session_replication_role = replica")  # without its entry
    await owner.execute(
        "INSERT INTO absence (absence_id, person_id, kind, starts_at, ends_at, zone, reference, recorded_by,"
        " recorded_at) VALUES ('a-1', 'TO-11', 'annual', $1, $2, 'Europe/London', '', 'SU-01', $1)",
        week(0),
        week(1),
    )
    assert await refusal(house["SU-01"].publish_rota_plan(plan.plan)) == (409, "plan-breaks-rules")


async def test_a_plan_for_an_older_rota_or_one_that_was_overtaken_is_refused(house: RotaHouse) -> None:
    first, second = await house.plan(FAIR), await house.plan([given(PRIMARY, 0, "TO-12")])
    elsewhere = await house.plan([given(PRIMARY, 8, "TO-12")], weeks=(8, 9))
    publish = house["SU-01"].publish_rota_plan
    house.clock.go_on(minutes=1)
    await publish(first.plan)
    assert await refusal(publish(second.plan)) == (409, "plan-overtaken")
    assert await refusal(publish(first.plan)) == (409, "plan-not-draft")
    assert (await publish(elsewhere.plan)).state == "published"
    house.clock.go_on(minutes=1)
    third = await house.plan([given(PRIMARY, 3, "TO-11")])
    await house.put(1, name="another")
    assert await refusal(publish(third.plan)) == (409, "rota-changed")
    fourth = await house.plan([given(PRIMARY, 3, "TO-11")], based_on=2)
    house.clock.go_on(weeks=5)
    assert await refusal(publish(fourth.plan)) == (409, "plan-over")
    assert await refusal(publish("P-000000000000")) == (404, "plan-unknown")
    assert await refusal(house["TO-11"].rota_plan("P-000000000000")) == (404, "plan-unknown")
    assert await refusal(house["TO-11"].publish_rota_plan(fourth.plan)) == (403, "role-not-allowed")
    fifth = await house.plan([given(PRIMARY, 6, "TO-11")], weeks=(6, 8), based_on=2)
    await house["SU-01"].end_rota("technical")
    assert await refusal(publish(fifth.plan)) == (409, "rota-ended")


async def test_turns_that_have_begun_meanwhile_stay_as_they_are(house: RotaHouse, owner: Owner) -> None:
    plan = await house.plan(FAIR)
    later = house.clock.go_on(days=8)  # Thursday of week 0, which TO-13 has begun by the order
    published = await house["SU-01"].publish_rota_plan(plan.plan)
    assert [(one.layer, one.starts_at) for one in published.assigned] == [(PRIMARY, week(1)), (SECONDARY, week(1))]
    assert await turns_of(owner) == {
        (PRIMARY, week(1)): ("TO-13", later, False),
        (SECONDARY, week(1)): ("SU-01", ALWAYS, False),
    }


async def test_plans_are_discarded_and_only_so_many_wait(house: RotaHouse, owner: Owner) -> None:
    plan = await house.plan(FAIR)
    discard = house["SU-02"].discard_rota_plan
    assert (await discard(plan.plan)).state == "discarded"
    assert await refusal(discard(plan.plan)) == (409, "plan-over")
    assert await refusal(house["SU-01"].publish_rota_plan(plan.plan)) == (409, "plan-not-draft")
    assert await refusal(house["SU-01"].stop_solving(plan.plan)) == (409, "plan-not-solving")
    assert await refusal(house["TO-11"].discard_rota_plan(plan.plan)) == (403, "role-not-allowed")
    assert [(one["kind"], one["plan"]) for one in await entries(owner, "rota.plan-d")] == [
        ("rota.plan-discarded", plan.plan)
    ]
    for _ in range(20):
        await house.plan([given(PRIMARY, 2, "TO-11")])
    assert await refusal(house.plan(FAIR)) == (409, "plans-full")
    assert len(await house["TO-11"].rota_plans("technical")) == 21


async def test_of_two_supervisors_who_publish_at_once_one_comes_too_late(house: RotaHouse, owner: Owner) -> None:
    one, other = await house.plan(FAIR), await house.plan([given(PRIMARY, 0, "TO-12")])
    house.clock.go_on(minutes=1)
    same = [house[person].publish_rota_plan(one.plan) for person in ("SU-01", "SU-02")]
    answers = await asyncio.gather(*same, house["SU-02"].publish_rota_plan(other.plan), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert sorted(found.problem.code for found in refused) in (
        ["plan-not-draft", "plan-overtaken"],
        ["plan-overtaken", "plan-overtaken"],
    )
    assert len(await entries(owner, "rota.published")) == 1
    assert len({row["plan_id"] for row in await owner.fetch("SELECT plan_id FROM rota_turn")}) == 1


async def test_what_waits_to_be_published_is_published_when_its_turn_comes(house: RotaHouse, owner: Owner) -> None:
    """Or a plan made in the meantime, which does not know of it, would go before it unseen."""
    plan = await house.plan(FAIR)
    asked = house.clock.now

    async def it_waits() -> bool:
        waiting = "wait_event_type = 'Lock' AND datname = current_database()"
        return bool(await owner.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}"))

    async with owner.transaction():
        await owner.execute("SELECT 1 FROM rota FOR UPDATE")
        publishing = asyncio.create_task(house["SU-01"].publish_rota_plan(plan.plan))
        await until(it_waits)
        house.clock.go_on(hours=1)
    assert (await publishing).published_at == asked + timedelta(hours=1)


async def test_whoever_may_not_see_working_time_sees_no_shares_of_a_plan(house: RotaHouse) -> None:
    plan = await house.plan(FAIR)
    seen = await house["TO-11"].rota_plan(plan.plan)
    assert seen.quality is not None
    assert plan.quality is not None
    assert seen.quality == Quality(score=plan.quality.score, parts=[], spread={}, loads=[])
    assert (await house["IN-01"].rota_plan(plan.plan)) == plan
