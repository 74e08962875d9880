"""Items of kit and their movements; models, stores and upkeep through `models` and `upkeep`."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import asyncpg
import msgspec

from fleet.errors import Conflict
from fleet.store.connection import Connection
from fleet.store.kit_models import KitModelStore, StoredModel
from fleet.store.kit_upkeep import KitUpkeepStore
from fleet.store.queries import load
from protocols.api.kit import Movement
from protocols.kit import Condition, ItemKind, KitModel, ServiceState

_SQL = load("kit")
_model = msgspec.json.Decoder(KitModel)
_MAX_TERMS = 8


class StoredItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item with its model. `running_h`, as of `running_at`, and `emmc_worn_percent`, as of `last_sampled_at`, follow
    from its unit's reports; None where it has none."""

    item: str
    version: int
    model: str
    kind: ItemKind
    document: KitModel
    serial: str
    unit_id: str | None
    unit_label: str | None
    condition: Condition
    service: ServiceState
    custodian: str
    place: str | None
    deployment_id: str | None
    out_since: datetime | None
    expected_back_at: datetime | None
    added_at: datetime
    running_h: int | None = None
    running_at: datetime | None = None
    emmc_worn_percent: int | None = None
    last_sampled_at: datetime | None = None


class NewStoredItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that comes onto the books; its keeper has it."""

    item: str
    model: str
    serial: str
    unit_id: str | None
    custodian: str
    place: str
    added_at: datetime


class KitReserved(NamedTuple):
    """An item is kept for a deployment; the reservation was not released and is not over."""

    item: str
    deployment_id: str
    starts_at: datetime
    ends_at: datetime


class LateItem(NamedTuple):
    """An item that is out beyond its expected return, not lost."""

    item: str
    custodian: str
    deployment_id: str | None
    expected_back_at: datetime


class KitStore:
    """Kit within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def models(self) -> KitModelStore:
        """Models, their stock, and the unit's own stores."""
        return KitModelStore(self._connection)

    @cached_property
    def upkeep(self) -> KitUpkeepStore:
        """Counters and maintenance."""
        return KitUpkeepStore(self._connection)

    async def next_number(self) -> int:
        """A number that no item has."""
        number: int = await self._connection.fetchval(_SQL["next_number"])
        return number

    async def add(self, new: NewStoredItem) -> None:
        """Enter an item; its movement `new` has to follow in the same transaction. Raises Conflict when another item
        is the unit."""
        try:
            await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new))
        except asyncpg.UniqueViolationError as error:
            raise _unit_taken(new.unit_id) from error

    async def find(
        self,
        *,
        items: Collection[str] | None = None,
        words: str = "",
        kind: str = "",
        model: str = "",
        custodian: str = "",
        deployment: str = "",
    ) -> list[StoredItem]:
        """Items by code: of these codes (None: of any), in whose code, model, kind, serial, unit, store, custodian,
        deployment, condition or service each of `words` occurs in any case (`a|b`: one of both), of a kind, model,
        custodian and deployment where one is named."""
        those = None if items is None else list(items)
        records = await self._connection.fetch(_SQL["every"], those, kind, model, custodian, deployment, _terms(words))
        return [_stored(record) for record in records]

    async def one(self, item: str) -> StoredItem | None:
        """One item."""
        found = await self.find(items=[item])
        return found[0] if found else None

    async def locked(self, items: Iterable[str]) -> dict[str, StoredItem]:
        """Those of these items that there are, which nobody else moves or changes until the transaction ends. Where a
        deployment is locked too, it is locked before."""
        asked = sorted(set(items))
        await self._connection.fetch(_SQL["lock"], asked)
        return {one.item: one for one in await self.find(items=asked)}

    async def of_units(self, unit_ids: Iterable[str]) -> dict[str, str]:
        """The items that these units are, by unit id."""
        records = await self._connection.fetch(_SQL["of_units"], list(unit_ids))
        return {record["unit_id"]: record["item"] for record in records}

    async def reserved(self, items: Iterable[str], now: datetime) -> list[KitReserved]:
        """For what these items are kept, reservations that are over left out, the earliest first."""
        return [KitReserved(*record) for record in await self._connection.fetch(_SQL["reserved"], list(items), now)]

    async def change(self, item: str, serial: str, unit_id: str | None) -> None:
        """Write a locked item's serial and unit; raises Conflict when another item is the unit."""
        try:
            await self._connection.execute(_SQL["change"], item, serial, unit_id)
        except asyncpg.UniqueViolationError as error:
            raise _unit_taken(unit_id) from error

    async def set_condition(self, item: str, condition: Condition) -> None:
        """Write a locked item's condition."""
        await self._connection.execute(_SQL["set_condition"], item, condition)

    async def set_service(self, item: str, service: ServiceState, reason: str) -> None:
        """Write a locked item's service state."""
        await self._connection.execute(_SQL["set_service"], item, service, reason)

    async def move(self, moved: StoredItem, movement: Movement, by: str) -> None:
        """Write where a locked item is now and who has it, with the movement that brought it there."""
        await self._connection.execute(
            _SQL["move"],
            moved.item,
            moved.condition,
            moved.custodian,
            moved.place,
            moved.deployment_id,
            moved.out_since,
            moved.expected_back_at,
        )
        await self.add_movement(movement, by)

    async def add_movement(self, movement: Movement, by: str) -> None:
        """Write a movement alone: an item's first."""
        await self._connection.execute(
            _SQL["add_movement"],
            movement.item,
            movement.at,
            by,
            movement.from_person,
            movement.to_person,
            movement.from_place,
            movement.to_place,
            movement.deployment,
            movement.way,
            movement.how,
            movement.condition,
        )

    async def set_expected_back(self, deployment_id: str, at: datetime) -> list[str]:
        """A deployment's kit is expected back at another time; returns the items that are out for it."""
        records = await self._connection.fetch(_SQL["set_expected_back"], deployment_id, at)
        return [record["item"] for record in records]

    async def movements(self, item: str, limit: int) -> list[Movement]:
        """An item's latest movements, newest first."""
        records = await self._connection.fetch(_SQL["movements"], item, limit)
        return [Movement(**record) for record in records]

    async def last_place(self, item: str) -> str | None:
        """The store that an item lies in or lay in last."""
        place: str | None = await self._connection.fetchval(_SQL["last_place"], item)
        return place

    async def out_for(self, deployment_id: str) -> list[str]:
        """The codes of what is out for a deployment."""
        return [record["item"] for record in await self._connection.fetch(_SQL["out_for"], deployment_id)]

    async def overdue(self, now: datetime) -> list[LateItem]:
        """What is out beyond its expected return at `now`, the longest late first."""
        return [LateItem(*record) for record in await self._connection.fetch(_SQL["late"], now)]

    async def low_models(self) -> list[StoredModel]:
        """Models that run low."""
        return [one for one in await self.models.every() if one.is_low]


def _unit_taken(unit_id: str | None) -> Conflict:
    return Conflict(
        "unit-is-item", f"another item is {unit_id} already", f"look which: fleet kit list --filter {unit_id}"
    )


def _terms(words: str) -> list[str]:
    """For each word, a LIKE pattern for each of its alternatives, with `|` between them."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = [[f"%{one}%" for one in word.split("|") if one] for word in escaped.split()[:_MAX_TERMS]]
    return ["|".join(patterns) for patterns in found if patterns]


def _stored(record: asyncpg.Record) -> StoredItem:
    fields: dict[str, Any] = dict(record)
    return StoredItem(**{**fields, "document": _model.decode(fields["document"])})
