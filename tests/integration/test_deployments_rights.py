"""What the controllers' role in the database can not do to deployments, whatever a program does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fleet.entries.deployments import DeploymentChanged, MadeUp
from fleet.store.store import Store
from protocols.api.deployments import NewIncident, SetKit, SetVisits
from tests.support.controller_role import refused_to_controller
from tests.support.deployment_house import deployment_house, go, requested, visit
from tests.support.kit_house import DAY
from tests.support.mandate_house import Owner
from tests.support.rota_house import NOW, RotaHouse

_STEP = (
    "INSERT INTO deployment_step (deployment_id, step, from_state, to_state, at, by)"
    " VALUES ($1, 'plan', $2, $3, $4, $5)"
)
_DEPLOYMENT = (
    "INSERT INTO deployment (deployment_id, version, kind, state, title, starts_at, expected_back_at, wants, works,"
    " modalities, note, urgent, requested_by, requested_at) SELECT 'DEP-77', 1, kind, 'requested', title, starts_at,"
    " expected_back_at, wants, works, modalities, note, urgent, requested_by, requested_at FROM deployment"
)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def role(house: RotaHouse, owner: Owner) -> Owner:
    """What a controller can do, once the house is there."""
    await owner.execute("SET ROLE muster_controller")
    return owner


async def test_a_state_is_come_to_by_a_step_and_a_step_holds_with_its_entry(house: RotaHouse, role: Owner) -> None:
    view = await go(house, await requested(house), "assess")
    which = view.row.deployment
    await refused_to_controller(role, "UPDATE deployment SET state = 'live'")
    await refused_to_controller(role, "UPDATE deployment SET kind = 'critical-incident'")
    await refused_to_controller(role, "UPDATE deployment SET urgent = true")
    await refused_to_controller(role, "UPDATE deployment SET requested_by = 'SU-01'")
    await refused_to_controller(role, "DELETE FROM deployment")
    await refused_to_controller(role, _DEPLOYMENT)
    await refused_to_controller(role, _STEP, which, "feasible", "planned", NOW, "SU-01")
    await refused_to_controller(role, _STEP, which, "requested", "live", NOW, "SU-01")
    for change in ("to_state = 'live'", "by = 'SU-02'", "skipped = true", "made_up_at = now(), made_up_by = 'SU-01'"):
        await refused_to_controller(role, f"UPDATE deployment_step SET {change}")
    await refused_to_controller(role, "DELETE FROM deployment_step")
    entry = DeploymentChanged(
        at=NOW,
        actor="SU-01",
        deployment=which,
        step="authorise",
        from_state="feasible",
        to_state="planned",
        warnings=[],
        reason=None,
    )

    async def plan_with_another_entry() -> None:
        async with house.api.services.store.transaction() as transaction:
            await transaction.log.append(entry)
            await transaction._connection.execute(_STEP, which, "feasible", "planned", NOW, "SU-01")
            await transaction._connection.execute("UPDATE deployment SET state = 'planned'")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await plan_with_another_entry()
    assert (await house["TO-12"].deployment(which)).row.state == "feasible"


async def test_paperwork_is_owed_until_it_is_made_up_for_with_its_entry(house: RotaHouse, role: Owner) -> None:
    which = (await house["TO-12"].begin_incident(NewIncident(going=False))).row.deployment
    made_up = "UPDATE deployment_step SET made_up_by = 'SU-01', made_up_at = $1 WHERE step = 'plan'"
    await refused_to_controller(role, made_up, NOW)
    await refused_to_controller(role, "UPDATE deployment_step SET owed_until = NULL")
    async with house.api.services.store.transaction() as transaction:
        await transaction.log.append(MadeUp(at=NOW, actor="SU-01", deployment=which, step="plan"))
        await transaction._connection.execute(made_up, NOW)
    await refused_to_controller(role, made_up, NOW + timedelta(hours=1))


async def test_nothing_and_nobody_is_put_in_two_places(house: RotaHouse, role: Owner) -> None:
    first, second = [(await requested(house)).row.deployment for _ in range(2)]
    await house["TO-12"].set_kit(first, SetKit(based_on=1, items=["K-0001"]))
    reserve = "INSERT INTO kit_reservation (item, deployment_id, during, made_at) VALUES ('K-0001', $1, $2, $3)"
    span = asyncpg.Range(NOW + 2 * DAY, NOW + 9 * DAY)
    await refused_to_controller(role, reserve, second, span, NOW)
    await role.execute("UPDATE kit_reservation SET released_at = $1", NOW)
    await refused_to_controller(role, "UPDATE kit_reservation SET released_at = NULL")
    await refused_to_controller(role, "UPDATE kit_reservation SET deployment_id = $1", second)
    await role.execute(reserve, second, span, NOW)
    await house["TO-12"].set_visits(first, SetVisits(based_on=2, visits=[visit()]))
    made = await role.fetchval("SELECT visit_id FROM visit")
    await refused_to_controller(role, "UPDATE visit SET ends_at = $1", NOW + 9 * DAY)
    await role.execute(
        "INSERT INTO visit SELECT 'V-2', $1, kind, starts_at, ends_at, works, away, made_at, NULL FROM visit", second
    )
    again = (
        "INSERT INTO visit_person (visit_id, person_id, role, during)"
        " SELECT 'V-2', person_id, role, during FROM visit_person"
    )
    await refused_to_controller(role, again)
    await role.execute("UPDATE visit_person SET dropped_at = $1 WHERE visit_id = $2", NOW, made)
    await role.execute(again)
    await refused_to_controller(role, "UPDATE visit_person SET dropped_at = NULL")
    for table in ("kit_reservation", "visit", "visit_person", "deployment_authority"):
        await refused_to_controller(role, f"DELETE FROM {table}")
