"""A house with kit: a store that SU-01 keeps, models, and deployments that may be brought to any state.

People, keys and the clock are those of a rota house without a rota.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from fleet.entries.deployments import DeploymentChanged, DeploymentRequested
from fleet.entries.entry import HashedText
from fleet.store.deployments import StoredDeployment, StoredStep
from fleet.store.store import Store
from protocols.api.kit import NewItem
from protocols.deployments import DeploymentState
from protocols.kit import KitModel, MaintenanceRule
from tests.support.rota_house import NOW, RotaHouse, rota_house

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEALS = MaintenanceRule(rule="seals", what="check the seals", every_days=365, procedure="OP014")
CYCLES = MaintenanceRule(rule="capacity", what="capacity test", counter="battery_cycles", every_count=100)
FAN = MaintenanceRule(rule="fan", what="change the fan", counter="running_h", every_count=1000)
MODELS = (
    KitModel(model="van-kit", kind="unit", name="Van kit 3", training="unit:van-kit", maintenance=[SEALS, FAN]),
    KitModel(model="pack-12", kind="battery", name="Battery 12 V 40 Ah", low_at=1, maintenance=[CYCLES]),
    KitModel(model="fuse-10a", kind="other", name="Blade fuse 10 A", counted=True, low_at=20),
)
WAY: tuple[DeploymentState, ...] = get_args(DeploymentState)


@asynccontextmanager
async def kit_house(store: Store, dsn: str, home: Path) -> AsyncIterator[RotaHouse]:
    """The house: STORE-1 is kept by SU-01, VAN-2 by TO-11; the models of MODELS, and no items yet."""
    async with rota_house(store, dsn, home, with_rota=False) as house:
        for place, name, keeper in (("STORE-1", "main store", "SU-01"), ("VAN-2", "the blue van", "TO-11")):
            await house["SU-01"].put_kit_place(place, name, keeper)
        for model in MODELS:
            await house["SU-01"].put_kit_model(model, 0)
        yield house


async def add(house: RotaHouse, model: str = "pack-12", serial: str = "", place: str = "STORE-1") -> str:
    """Let TO-11 enter an item; returns its code."""
    made = await house["TO-11"].add_kit(NewItem(model=model, serial=serial, place=place))
    return made.row.item


async def deployment(house: RotaHouse, state: DeploymentState = "authorised", **changes: Any) -> str:
    """A deployment of TO-12 for the three days from the house's now on, in a state; returns its number."""
    now: datetime = house.clock.now
    async with house.api.services.store.transaction() as transaction:
        fields: dict[str, Any] = {
            "deployment_id": await transaction.deployments.new_number(),
            "version": 1,
            "kind": "av-capture",
            "state": "requested",
            "title": "north yard",
            "site": None,
            "starts_at": now,
            "expected_back_at": now + 3 * DAY,
            "wants": [],
            "works": [],
            "modalities": [],
            "lead_id": "TO-12",
            "rota_id": None,
            "supervisor_id": "SU-01",
            "note": "",
            "urgent": False,
            "requested_by": "TO-12",
            "requested_at": now,
        }
        new = StoredDeployment(**(fields | changes))
        await transaction.deployments.add(new)
        await transaction.log.append(
            DeploymentRequested(
                at=new.requested_at,
                actor=new.requested_by,
                deployment=new.deployment_id,
                deployment_kind=new.kind,
                site_code=new.site,
                starts_at=new.starts_at,
                expected_back_at=new.expected_back_at,
                works=new.works,
                modalities=new.modalities,
                lead=new.lead_id,
                rota=None,
                supervisor=new.supervisor_id,
                urgent=new.urgent,
                title=HashedText(new.title),
                note=None,
            )
        )
        await _go(house, transaction, new, state)
    return new.deployment_id


async def go_on(house: RotaHouse, deployment_id: str, state: DeploymentState) -> None:
    """Bring a deployment to a state, whatever its rules say."""
    async with house.api.services.store.transaction() as transaction:
        found = await transaction.deployments.locked(deployment_id)
        assert found is not None
        await _go(house, transaction, found, state)


async def _go(house: RotaHouse, transaction: Any, before: StoredDeployment, state: DeploymentState) -> None:
    if before.state == state:
        return
    now, which = house.clock.now, before.deployment_id
    step: dict[str, Any] = {"step": "plan", "from_state": before.state, "to_state": state, "at": now}
    await transaction.deployments.add_step(StoredStep(deployment_id=which, by="SU-01", **step))
    await transaction.log.append(DeploymentChanged(actor="SU-01", deployment=which, warnings=[], reason=None, **step))
    await transaction.deployments.put(StoredDeployment(**{**_fields(before), "state": state}))


def _fields(stored: StoredDeployment) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in stored.__struct_fields__}


__all__ = ["CYCLES", "DAY", "HOUR", "MODELS", "NOW", "add", "deployment", "go_on", "kit_house"]
