"""Deployments whose planner wants something else than what was authorised."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.deployments import NewIncident, SetDeployment
from tests.support.deployment_house import deployment_house, go, named, planned
from tests.support.mandate_house import refusal
from tests.support.rota_house import RotaHouse


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
