"""Harnesses for the house to attack, some of them given to deployments."""

from collections.abc import Sequence
from typing import Any

from fleet.store.people import Person
from fleet.wiring.rules.library import TEMPLATES, template_text
from protocols.api.wiring import GiveHarness, NewHarness
from tests.support.controller import RunningApi


async def wiring(api: RunningApi, person_id: str, deployments: Sequence[str]) -> dict[str, list[Any]]:
    """Keep them in a supervisor's name, and give each deployment all; returns what is known of them."""
    services = api.services
    async with services.store.transaction() as transaction:
        caller = await transaction.people.get(person_id)
    assert isinstance(caller, Person)
    kept = [await services.wiring.keep(NewHarness(text=template_text(one)), caller) for one in TEMPLATES]
    ids = [one.row.harness for one in kept]
    for deployment in deployments:
        for harness in ids:
            await services.deployment_wiring.give(deployment, GiveHarness(harness=harness), caller)
    return {"harness_id": ids, "harness": ids, "revision": [0, 1]}
