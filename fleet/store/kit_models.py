"""Models of kit with what is left of them, and the unit's own stores, vans and benches."""

from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.kit import ModelView, PlaceView
from protocols.kit import KitModel

_SQL = load("kit_models")
_model = msgspec.json.Decoder(KitModel)


class StoredModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model: `available` in service and not out, `total` all but lost and disposed ones; of a counted one both are
    its stock."""

    model: KitModel
    version: int
    available: int
    total: int

    @property
    def is_low(self) -> bool:
        """Whether so few are left that somebody should order; a limit of 0 never asks."""
        return 0 < self.model.low_at >= self.available

    def view(self) -> ModelView:
        """As the API shows it."""
        return ModelView(
            model=self.model, version=self.version, available=self.available, total=self.total, low=self.is_low
        )


class KitModelStore:
    """Models, stock and stores within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def every(self) -> list[StoredModel]:
        """All models, by id."""
        return await self._found("")

    async def one(self, model: str) -> StoredModel | None:
        """One model."""
        found = await self._found(model)
        return found[0] if found else None

    async def locked(self, model: str) -> StoredModel | None:
        """One model, which nobody else changes until the transaction ends."""
        await self._connection.execute(_SQL["lock"], model)
        return await self.one(model)

    async def _found(self, model: str) -> list[StoredModel]:
        return [
            StoredModel(**{**dict(record), "model": _model.decode(record["model"])})
            for record in await self._connection.fetch(_SQL["every"], model)
        ]

    async def add(self, new: KitModel, by: str, now: datetime) -> bool:
        """Enter a model; False where there is one of that id."""
        text = msgspec.json.encode(new).decode()
        added = await self._connection.fetchval(_SQL["add"], new.model, new.kind, new.counted, text, by, now)
        return added is not None

    async def change(self, new: KitModel, version: int, by: str, now: datetime) -> None:
        """Write a locked model anew."""
        text = msgspec.json.encode(new).decode()
        await self._connection.execute(_SQL["change"], new.model, version, text, by, now)

    async def move_stock(
        self, model: str, change: int, deployment: str | None, note: str, by: str, now: datetime
    ) -> int:
        """Add to a locked counted model's stock; returns what is left."""
        await self._connection.execute(_SQL["add_stock_move"], model, change, deployment, note, by, now)
        left: int = await self._connection.fetchval(_SQL["move_stock"], model, change)
        return left

    async def told_low(self) -> set[str]:
        """The models of which an alarm that still lasts says that they run low."""
        return {record["subject"] for record in await self._connection.fetch(_SQL["told_low"])}

    async def places(self) -> list[PlaceView]:
        """All stores, vans and benches, by code."""
        return [PlaceView(**record) for record in await self._connection.fetch(_SQL["places"], "")]

    async def place(self, place: str) -> PlaceView | None:
        """One of them."""
        record = await self._connection.fetchrow(_SQL["places"], place)
        return None if record is None else PlaceView(**record)

    async def kept_place(self, place: str) -> PlaceView | None:
        """One of them, which gets no other keeper until the transaction ends: many may hold it so at once."""
        await self._connection.execute(_SQL["share_place"], place)
        return await self.place(place)

    async def set_place(self, place: str, name: str, keeper: str) -> None:
        """Write a store's name and keeper, or a new one."""
        await self._connection.execute(_SQL["lock_place"], place)
        await self._connection.execute(_SQL["set_place"], place, name, keeper)

    async def lying_in(self, place: str, other_than: str) -> list[str]:
        """The codes of what lies in a store and somebody else than `other_than` has, lost and disposed ones left
        out."""
        return [record["item"] for record in await self._connection.fetch(_SQL["lying_in"], place, other_than)]
