"""Deployments for the house to attack: some to be changed and planned, some to be gone on with."""

from datetime import datetime, timedelta
from typing import Any

from fleet.store.people import Person
from protocols.api.deployments import NewDeployment
from tests.support.controller import RunningApi

_DEPLOYMENTS = 8


async def deployments(api: RunningApi, now: datetime, person_id: str) -> dict[str, list[Any]]:
    """Ask for them in a supervisor's name; returns what is known of them."""
    async with api.services.store.transaction() as transaction:
        caller = await transaction.people.get(person_id)
    assert isinstance(caller, Person)
    new = NewDeployment(
        kind="av-capture", title="a yard", starts_at=now + timedelta(days=1), expected_back_at=now + timedelta(days=2)
    )
    made = [await api.services.deployments.request(new, caller) for _ in range(_DEPLOYMENTS)]
    ids = [one.row.deployment for one in made]
    return {"deployment_id": ids, "deployment": ids[:1], "lead": [person_id], "supervisor": [person_id]}
