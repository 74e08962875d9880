"""Deployments whose planner wants something else than what was authorised."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.deployments.deadline_watch import DeadlineWatch
from fleet.store.store import Store
from protocols.api.deployments import NewIncident, SetDeployment
from tests.support.deployment_house import deployment_house, go, named, planned, requested
from tests.support.kit_house import DAY
from tests.support.mandate_house import Owner, refusal
from tests.support.rota_house import NOW, RotaHouse


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        await made["SU-01"].put_site("SOUTH", 0)
        yield made


async def test_what_was_authorised_for_one_site_is_not_taken_to_another(house: RotaHouse) -> None:
    view = await go(house, await named(house, await planned(house)), "authorise", "AP-01")
    which = view.row.deployment
    moved = SetDeployment(based_on=view.version, site="SOUTH")
    assert await refusal(house["TO-12"].set_deployment(which, moved)) == (409, "deployment-settled")


async def test_an_incident_is_settled_once_its_authorisation_was_made_up_for(house: RotaHouse) -> None:
    view = await house["TO-12"].begin_incident(NewIncident(going=False))
    which = view.row.deployment
    view = await house["TO-12"].set_deployment(which, SetDeployment(based_on=view.version, modalities=["video"]))
    view = await named(house, view)
    assert await refusal(go(house, view, "authorise", "TO-12")) == (403, "role-not-allowed")
    view = await go(house, view, "authorise", "AP-01")
    wider = SetDeployment(based_on=view.version, modalities=["video", "audio"])
    assert await refusal(house["TO-12"].set_deployment(which, wider)) == (409, "deployment-settled")
    view = await house["TO-12"].set_deployment(which, SetDeployment(based_on=view.version, site="NORTH"))
    away = SetDeployment(based_on=view.version, site="SOUTH")
    assert await refusal(house["TO-12"].set_deployment(which, away)) == (409, "deployment-settled")


async def test_who_asked_by_the_fast_path_does_not_authorise_it_afterwards(house: RotaHouse) -> None:
    view = await named(house, await house["SU-01"].begin_incident(NewIncident(going=False)))
    assert await refusal(go(house, view, "authorise", "SU-01")) == (409, "blocked")
    made_up = await go(house, view, "authorise", "SU-02")
    assert made_up.row.owed == view.row.owed - 1


_MANY = """
INSERT INTO deployment (deployment_id, version, kind, state, title, starts_at, expected_back_at, wants, works,
    modalities, lead_id, note, urgent, requested_by, requested_at)
SELECT 'DEP-' || 1000 + number, 1, 'av-capture', 'requested', 'x', $1, $2, '[]', '{}', '{}', 'TO-13', '', false,
    'TO-13', $1
FROM generate_series(1, 2100) AS number"""


async def test_thousands_of_requests_hide_no_deadline(house: RotaHouse, store: Store, owner: Owner) -> None:
    view = await requested(house)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(_MANY, NOW, NOW + 90 * DAY)
    watch = DeadlineWatch(store, house.clock)
    house.clock.go_on(days=5)
    assert await watch.look() > 0
    told = await house["SU-01"].alarms(deployment=view.row.deployment)
    assert told.alarms != []
    assert await watch.look() == 0
    page = await house["SU-01"].deployments()
    assert (page.total, page.rows[0].deployment) == (2101, view.row.deployment)
    about = [one.about for one in await house["TO-12"].duties()]
    assert view.row.deployment in " ".join(about)
