"""Kit at the controller."""

from collections.abc import Sequence

from fleet.client.session import Session
from protocols.api.kit import (
    ConditionSeen,
    ItemChange,
    ItemDetail,
    ItemPage,
    KitStanding,
    Maintained,
    ModelView,
    Movement,
    NewItem,
    NewReading,
    PlaceView,
    Scan,
    ScanResult,
    ServiceChange,
    SetModel,
    SetPlace,
    StockMoved,
)
from protocols.kit import ItemKind, KitModel, ServiceState


class KitRequests:
    """What can be asked about kit; part of `FleetClient`."""

    _session: Session

    async def kit(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        *,
        kind: ItemKind | None = None,
        model: str | None = None,
        standing: KitStanding | None = None,
        custodian: str | None = None,
        deployment: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> ItemPage:
        """Rows `offset` … `offset + limit` (at most 500) of the items that pass all that is asked for, by code."""
        query = {
            "filter": filter or None,
            "kind": kind,
            "model": model,
            "standing": standing,
            "custodian": custodian,
            "deployment": deployment,
            "offset": offset,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/kit", ItemPage, query=query)

    async def kit_item(self, item: str) -> ItemDetail:
        """All of one item."""
        return await self._session.request("GET", f"/api/kit/{item}", ItemDetail)

    async def kit_movements(self, item: str) -> list[Movement]:
        """Through whose hands an item went, newest first, at most 200."""
        return await self._session.request("GET", f"/api/kit/{item}/movements", list[Movement])

    async def add_kit(self, new: NewItem) -> ItemDetail:
        """Enter an item; the keeper of its store has it."""
        return await self._session.request("POST", "/api/kit", ItemDetail, body=new)

    async def change_kit(self, item: str, change: ItemChange) -> ItemDetail:
        """Write an item's serial, or which unit it is."""
        return await self._session.request("PATCH", f"/api/kit/{item}", ItemDetail, body=change)

    async def scan_kit(self, scan: Scan) -> ScanResult:
        """Custody out, in or from hand to hand."""
        return await self._session.request("POST", "/api/kit/scan", ScanResult, body=scan)

    async def see_kit_condition(self, item: str, seen: ConditionSeen) -> ItemDetail:
        """Enter an item's condition as this person sees it."""
        return await self._session.request("POST", f"/api/kit/{item}/condition", ItemDetail, body=seen)

    async def change_kit_service(self, item: str, state: ServiceState, reason: str) -> ItemDetail:
        """Quarantine an item; release it, end its repair, lose or dispose of it."""
        body = ServiceChange(state=state, reason=reason)
        return await self._session.request("POST", f"/api/kit/{item}/service", ItemDetail, body=body)

    async def kit_maintained(self, item: str, done: Maintained) -> ItemDetail:
        """Maintenance was done."""
        return await self._session.request("POST", f"/api/kit/{item}/maintained", ItemDetail, body=done)

    async def read_kit(self, item: str, reading: NewReading) -> ItemDetail:
        """This person has read a counter."""
        return await self._session.request("POST", f"/api/kit/{item}/readings", ItemDetail, body=reading)

    async def kit_models(self) -> list[ModelView]:
        """Models, and how much is left of each."""
        return await self._session.request("GET", "/api/kit-models", list[ModelView])

    async def put_kit_model(self, model: KitModel, version: int) -> ModelView:
        """Lay a model down in the place of `version`, 0 for a new one."""
        body = SetModel(version=version, model=model)
        return await self._session.request("PUT", f"/api/kit-models/{model.model}", ModelView, body=body)

    async def move_kit_stock(
        self, model: str, change: int, *, deployment: str | None = None, note: str = ""
    ) -> ModelView:
        """Stock of a counted model came (positive) or was used."""
        body = StockMoved(change=change, deployment=deployment, note=note)
        return await self._session.request("POST", f"/api/kit-models/{model}/stock", ModelView, body=body)

    async def kit_places(self) -> list[PlaceView]:
        """Stores, vans and benches, and who keeps them."""
        return await self._session.request("GET", "/api/kit-places", list[PlaceView])

    async def put_kit_place(self, place: str, name: str, keeper: str) -> PlaceView:
        """Name a store and its keeper."""
        body = SetPlace(name=name, keeper=keeper)
        return await self._session.request("PUT", f"/api/kit-places/{place}", PlaceView, body=body)

    async def kit_labels(self, items: Sequence[str]) -> bytes:
        """Labels of at most 200 items, as a PDF."""
        return await self._session.fetch("/api/kit-labels", {"items": ",".join(items)})
