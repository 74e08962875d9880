"""Planning deployments: nobody and nothing is in two places, what was seen has to be in force, refusals say why."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from fleet.client import Refused
from fleet.store.store import Store
from protocols.api.deployments import NamedAuthorities, NewDeployment, SetDeployment, SetKit, SetVisits
from protocols.api.feed import DeploymentsChanged, Watch
from protocols.api.rota_people import NewAbsence
from tests.support.deployment_house import (
    deployment_house,
    go,
    named,
    planned,
    requested,
    rules_of,
    visit,
)
from tests.support.kit_house import DAY, HOUR
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import NOW, RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def _message(asked: Awaitable[object]) -> str:
    with pytest.raises(Refused) as caught:
        await asked
    return f"{caught.value.problem.code}: {caught.value.problem.message}"


async def test_an_item_is_kept_for_one_deployment_at_a_time(house: RotaHouse) -> None:
    first, second = await requested(house), await requested(house)
    later = await requested(house, starts_at=NOW + 4 * DAY, expected_back_at=NOW + 5 * DAY)
    keep = SetKit(based_on=1, items=["K-0001"])
    await house["TO-12"].set_kit(first.row.deployment, keep)
    await house["TO-12"].set_kit(later.row.deployment, keep)
    said = await _message(house["TO-12"].set_kit(second.row.deployment, keep))
    assert said == (
        f"double-booked: item K-0001 is with {first.row.deployment} from 2026-02-05 12:00 until 2026-02-08 12:00 UTC"
    )
    longer = SetDeployment(based_on=2, expected_back_at=NOW + 4 * DAY + HOUR)
    assert "double-booked" in await _message(house["TO-12"].set_deployment(first.row.deployment, longer))
    assert (await house["TO-12"].deployment(first.row.deployment)).row.expected_back_at == NOW + 4 * DAY
    shorter = SetDeployment(based_on=2, expected_back_at=NOW + 2 * DAY)
    await house["TO-12"].set_deployment(first.row.deployment, shorter)
    assert (await house["TO-12"].kit_item("K-0001")).reservations[0].ends_at == NOW + 2 * DAY
    moved = SetDeployment(based_on=1, starts_at=NOW + 2 * DAY, expected_back_at=NOW + 4 * DAY)
    assert (await house["TO-12"].set_deployment(second.row.deployment, moved)).version == 2
    await house["TO-12"].set_kit(second.row.deployment, SetKit(based_on=2, items=["K-0001"]))


async def test_of_two_planners_at_once_one_gets_the_item_and_one_the_person(house: RotaHouse, owner: Owner) -> None:
    views = [await requested(house) for _ in range(2)]
    keep = SetKit(based_on=1, items=["K-0001", "K-0003"])
    asked = [house["TO-12"].set_kit(one.row.deployment, keep) for one in views]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, Refused)]
    assert [(one.status, one.problem.code) for one in refused] == [(409, "double-booked")]
    kept = await owner.fetch("SELECT item FROM kit_reservation WHERE released_at IS NULL ORDER BY item")
    assert [one["item"] for one in kept] == ["K-0001", "K-0003"]
    at = [(await house["TO-12"].deployment(one.row.deployment)).version for one in views]
    asked = [
        house["TO-12"].set_visits(one.row.deployment, SetVisits(based_on=version, visits=[visit(away=True)]))
        for one, version in zip(views, at, strict=True)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, Refused)]
    assert [(one.status, one.problem.code) for one in refused] == [(409, "double-booked")]
    assert await owner.fetchval("SELECT count(*) FROM visit_person WHERE dropped_at IS NULL") == 1


async def test_a_person_is_on_one_visit_at_a_time_and_away_in_the_rotas_books(house: RotaHouse) -> None:
    first, second = await requested(house), await requested(house)
    away = SetVisits(based_on=1, visits=[visit(away=True, ends_at=NOW + 3 * DAY)])
    view = await house["TO-12"].set_visits(first.row.deployment, away)
    assert [one.kind for one in await house["SU-01"].absences("TO-12")] == ["away"]
    there = SetVisits(based_on=1, visits=[visit("survey", day=2)])
    said = await _message(house["TO-12"].set_visits(second.row.deployment, there))
    assert said.startswith(f"double-booked: person TO-12 is with {first.row.deployment} from 2026-02-05 13:00")
    same = await house["TO-12"].set_visits(first.row.deployment, SetVisits(based_on=2, visits=away.visits))
    assert (same.version, same.visits[0].visit) == (2, view.visits[0].visit)
    await house["TO-12"].set_visits(first.row.deployment, SetVisits(based_on=2, visits=[]))
    withdrawn = [one.withdrawn_at for one in await house["SU-01"].absences("TO-12")]
    assert None not in withdrawn
    assert (await house["TO-12"].set_visits(second.row.deployment, there)).visits


async def test_who_is_not_right_for_a_visit_stops_the_plan_and_is_refused_once_it_was_accepted(
    house: RotaHouse,
) -> None:
    view = await go(house, await requested(house), "assess")
    which = view.row.deployment
    unskilled = SetVisits(based_on=view.version, visits=[visit(person="TO-13")])
    view = await house["TO-12"].set_visits(which, unskilled)
    assert [one.rule for one in view.visits[0].findings] == ["work-competence"]
    assert "work-competence" in rules_of(await house["SU-02"].deployment(which), "plan")
    await go(house, await house["TO-12"].deployment(which), "cancel")
    with_plan = await planned(house)
    swap = SetVisits(based_on=with_plan.version, visits=[visit(person="TO-13")])
    said = await _message(house["TO-12"].set_visits(with_plan.row.deployment, swap))
    assert said.startswith("blocked: ")
    assert "driving-licence" in said
    leave = NewAbsence(person="TO-11", kind="annual", zone="UTC", starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    await house["TO-11"].add_absence(leave)
    swap = SetVisits(based_on=with_plan.version, visits=[visit(person="TO-11")])
    assert "(on-leave; " in await _message(house["TO-12"].set_visits(with_plan.row.deployment, swap))
    assert len((await house["TO-12"].deployment(with_plan.row.deployment)).visits) == 2


async def test_refusals_say_why_and_change_nothing(house: RotaHouse, owner: Owner) -> None:
    view = await requested(house)
    which, engineer = view.row.deployment, house["TO-12"]
    cases = {
        (409, "deployment-changed"): engineer.set_deployment(which, SetDeployment(based_on=2, note="x")),
        (404, "deployment-unknown"): engineer.set_deployment("DEP-99", SetDeployment(based_on=1, note="x")),
        (404, "site-unknown"): engineer.set_deployment(which, SetDeployment(based_on=1, site="SOUTH")),
        (404, "rota-unknown"): engineer.set_deployment(which, SetDeployment(based_on=1, rota="nowhere")),
        (409, "role-not-fit"): engineer.set_deployment(which, SetDeployment(based_on=1, lead="IN-01")),
        (404, "person-unknown"): engineer.set_deployment(which, SetDeployment(based_on=1, supervisor="SU-99")),
        (400, "ends-before-start"): engineer.set_deployment(which, SetDeployment(based_on=1, expected_back_at=NOW)),
        (404, "item-unknown"): engineer.set_kit(which, SetKit(based_on=1, items=["K-9999"])),
        (404, "authority-unknown"): engineer.name_authorities(
            which, NamedAuthorities(based_on=1, authorities=["A-000000000000"])
        ),
        (400, "in-the-past"): engineer.set_visits(which, SetVisits(based_on=1, visits=[visit(day=-3)])),
        (409, "blocked"): go(house, view, "fit"),
        (409, "reason-missing"): go(house, view, "cancel", reason=""),
        (403, "role-not-allowed"): go(house, view, "plan"),
    }
    for expected, asked in cases.items():
        assert await refusal(asked) == expected
    new = NewDeployment(kind="av-capture", title="x", starts_at=NOW + DAY, expected_back_at=NOW + 2 * DAY)
    assert await refusal(house["IN-01"].request_deployment(new)) == (403, "role-not-allowed")
    assert len(await entries(owner, "deployment.")) == 1
    assert (await engineer.deployment(which)).version == 1


async def test_an_authority_may_be_named_dropped_and_named_again_at_once(house: RotaHouse) -> None:
    view = await named(house, await requested(house))
    which, authorities = view.row.deployment, [one.authority_id for one in view.authorities]
    for wanted in ([], authorities):
        asked = NamedAuthorities(based_on=view.version, authorities=wanted)
        view = await house["TO-12"].name_authorities(which, asked)
        assert [one.authority_id for one in view.authorities] == wanted


async def test_what_is_authorised_stays_and_what_is_cancelled_lets_everything_go(house: RotaHouse) -> None:
    view = await named(house, await planned(house))
    view = await go(house, view, "authorise", "AP-01")
    which = view.row.deployment
    settled = SetDeployment(based_on=view.version, modalities=["video"])
    assert await refusal(house["TO-12"].set_deployment(which, settled)) == (409, "deployment-settled")
    view = await house["TO-12"].set_deployment(which, SetDeployment(based_on=view.version, title="yard, north"))
    view = await go(house, view, "cancel")
    assert (view.row.state, view.visits, view.items) == ("cancelled", [], [])
    again = await requested(house)
    assert (await house["TO-12"].set_kit(again.row.deployment, SetKit(based_on=1, pick=True))).items
    assert await refusal(go(house, view, "cancel")) == (409, "deployment-over")


async def test_the_board_shows_the_nearest_deadline_first(house: RotaHouse) -> None:
    late = await requested(house, starts_at=NOW + 20 * DAY, expected_back_at=NOW + 22 * DAY)
    soon = await requested(house, kind="delivery-support")
    gone = await go(house, await requested(house), "cancel")
    page = await house["IN-01"].deployments()
    assert [one.deployment for one in page.rows] == [one.row.deployment for one in (soon, late, gone)]
    assert (page.total, page.states) == (3, {"requested": 2, "cancelled": 1})
    due = page.rows[0].deadline
    assert due is not None
    assert (due.kind, due.due_at, due.stage, due.owner) == ("ends", NOW + 4 * DAY, "14-days", "TO-12")
    found = await house["IN-01"].deployments(states=["cancelled"])
    assert [one.deployment for one in found.rows] == [gone.row.deployment]
    assert (await house["IN-01"].deployments(open_only=True, limit=1, offset=1)).rows[
        0
    ].deployment == late.row.deployment
    assert (await house["IN-01"].deployments("NORTH", kind="delivery-support", person="TO-12")).total == 1
    assert (await house["IN-01"].deployments(person="TO-11")).total == 0


async def test_who_watches_deployments_is_told_that_they_changed(house: RotaHouse) -> None:
    async with house["IN-01"].feed() as feed:
        feed.watch(Watch(deployments=True))
        told = 0
        async with asyncio.timeout(20):
            async for item in feed:
                told += isinstance(item, DeploymentsChanged)
                if isinstance(item, DeploymentsChanged) and told == 1:
                    await requested(house)
                if told == 2:
                    break
    assert told == 2


async def test_visits_that_have_begun_stay_and_may_be_named_again(house: RotaHouse) -> None:
    view = await requested(house)
    which, first = view.row.deployment, visit()
    view = await house["TO-12"].set_visits(which, SetVisits(based_on=1, visits=[first, visit("recover", day=3)]))
    house.clock.go_on(days=1, hours=2)
    view = await house["TO-12"].set_visits(which, SetVisits(based_on=view.version, visits=[first]))
    assert [(one.kind, one.starts_at) for one in view.visits] == [("fit", first.starts_at)]
    view = await house["TO-12"].set_visits(which, SetVisits(based_on=view.version, visits=[]))
    assert [one.kind for one in view.visits] == ["fit"]
