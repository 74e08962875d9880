"""Kit and sites for the house to attack: items to be moved and changed, stock, a store, sites to be erased."""

from typing import Any

from fleet.store.people import Person
from protocols.api.kit import NewItem, SetModel, SetPlace
from protocols.api.sites import SetSite
from protocols.kit import KitModel, MaintenanceRule
from tests.support.controller import RunningApi

_ITEMS = 24
_CHANGED = 8
_SITES = 8


async def kit(api: RunningApi, person_id: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Make them in a supervisor's name; returns what is known of them, and what some operations are to be done to."""
    services = api.services
    async with services.store.transaction() as transaction:
        caller = await transaction.people.get(person_id)
    assert isinstance(caller, Person)
    rule = MaintenanceRule(rule="capacity", what="test", counter="battery_cycles", every_count=100)
    for model in (
        KitModel(model="pack-12", kind="battery", name="Battery 12 V", maintenance=[rule]),
        KitModel(model="fuse-10a", kind="other", name="Fuse", counted=True, low_at=5),
    ):
        await services.kit_models.set_model(model.model, SetModel(version=0, model=model), caller)
    await services.kit_models.set_place("STORE-1", SetPlace(name="main store", keeper=person_id), caller)
    new = NewItem(model="pack-12", serial="B-77", place="STORE-1")
    items = [(await services.kit.add(new, caller)).row.item for _ in range(_ITEMS)]
    sites = [f"FUZZ-{number}" for number in range(_SITES)]
    for site in sites:
        await services.sites.set_site(site, SetSite(version=0, address="14 Wharf Lane"), caller)
    known = {
        "item": items[_CHANGED:],
        "model": ["pack-12"],
        "place": ["STORE-1"],
        "site": sites[: _SITES // 2],
        "keeper": [person_id],
        "custodian": [person_id],
    }
    only = {
        "PATCH /api/kit/{item}": items[:_CHANGED],
        "POST /api/kit-models/{model}/stock": ["fuse-10a"],
        "POST /api/sites/{site}/erase": sites[_SITES // 2 :],
    }
    return known, only
