"""Kit: items and their custody, condition, service and maintenance; models, stock, stores, labels."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from litestar import Request, get, patch, post, put
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Response

from fleet.api.access import caller_of
from fleet.api.log_asked import PersonAsked, exactly
from fleet.api.parameters import Offset, WordsAsked
from fleet.api.services import Given
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
from protocols.kit import ItemKind

ApiRequest = Request[object, object, State]
_CODE = r"K-[0-9]{4,6}"
ItemInPath: TypeAlias = Annotated[str, PathParameter(pattern=rf"^{_CODE}$(?!\n)")]
ModelInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$(?!\n)")]
PlaceInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Z0-9][A-Z0-9-]{0,11}$(?!\n)")]
ModelAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([a-z0-9][a-z0-9-]{1,39})?$(?!\n)")]
DeploymentAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^(DEP-[0-9]{1,6})?$(?!\n)")]
ItemsAsked: TypeAlias = Annotated[str, QueryParameter(pattern=rf"^{_CODE}(,{_CODE}){{0,199}}$(?!\n)")]
KindAsked: TypeAlias = Annotated[Literal["any", ItemKind], QueryParameter()]
StandingAsked: TypeAlias = Annotated[Literal["any", KitStanding], QueryParameter()]
ItemsAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=500)]

_SEE: Mapping[str, Any] = MappingProxyType({"permission": "see-deployments"})
_SEE_ONE: Mapping[str, Any] = MappingProxyType({"permission": "see-deployments", "refuses": [404]})
_KEEP: Mapping[str, Any] = MappingProxyType({"permission": "keep-kit", "refuses": [404, 409]})
_MANAGE: Mapping[str, Any] = MappingProxyType({"permission": "manage-kit", "refuses": [404, 409]})


@get("/api/kit", opt=dict(_SEE))
async def list_items(
    services: Given,
    filter: WordsAsked = "",  # noqa: A002  the query parameter's own name
    kind: KindAsked = "any",
    model: ModelAsked = "",
    standing: StandingAsked = "any",
    custodian: PersonAsked = "",
    deployment: DeploymentAsked = "",
    offset: Offset = 0,
    limit: ItemsAtOnce = 100,
) -> ItemPage:
    """Items by code, each with whether it may go out and why not."""
    return await services.kit.items(
        words=filter,
        kind="" if kind == "any" else kind,
        model=model,
        standing="" if standing == "any" else standing,
        custodian=custodian,
        deployment=deployment,
        offset=offset,
        limit=limit,
    )


@get("/api/kit/{item:str}", opt=dict(_SEE_ONE))
async def one_item(services: Given, item: ItemInPath) -> ItemDetail:
    """All of one item."""
    return await services.kit.item(item)


@get("/api/kit/{item:str}/movements", opt=dict(_SEE_ONE))
async def list_movements(services: Given, item: ItemInPath) -> list[Movement]:
    """Through whose hands an item went, newest first."""
    return await services.kit.movements(item)


@post("/api/kit", opt=dict(_KEEP))
async def add_item(request: ApiRequest, services: Given, data: JSONBody[NewItem]) -> ItemDetail:
    """Enter an item; the keeper of its store has it."""
    new = await exactly(request, type(data))
    return await services.kit.add(new, caller_of(request).person)


@patch("/api/kit/{item:str}", opt=dict(_KEEP))
async def change_item(request: ApiRequest, services: Given, item: ItemInPath, data: JSONBody[ItemChange]) -> ItemDetail:
    """Write an item's serial, or which unit it is."""
    new = await exactly(request, type(data))
    return await services.kit.change(item, new, caller_of(request).person)


@post("/api/kit/scan", opt=dict(_KEEP), status_code=200)
async def scan(request: ApiRequest, services: Given, data: JSONBody[Scan]) -> ScanResult:
    """Custody out, in or from hand to hand, by the code on the label."""
    asked = await exactly(request, type(data))
    return await services.kit_scans.scan(asked, caller_of(request).person)


@post("/api/kit/{item:str}/condition", opt=dict(_KEEP), status_code=200)
async def see_condition(
    request: ApiRequest, services: Given, item: ItemInPath, data: JSONBody[ConditionSeen]
) -> ItemDetail:
    """Enter an item's condition as the caller sees it."""
    asked = await exactly(request, type(data))
    return await services.kit.see_condition(item, asked, caller_of(request).person)


@post("/api/kit/{item:str}/service", opt=dict(_KEEP), status_code=200)
async def change_service(
    request: ApiRequest, services: Given, item: ItemInPath, data: JSONBody[ServiceChange]
) -> ItemDetail:
    """Quarantine an item; release it, end its repair, lose or dispose of it, which takes a supervisor."""
    asked = await exactly(request, type(data))
    return await services.kit.change_service(item, asked, caller_of(request).person)


@post("/api/kit/{item:str}/maintained", opt=dict(_KEEP), status_code=200)
async def maintained(request: ApiRequest, services: Given, item: ItemInPath, data: JSONBody[Maintained]) -> ItemDetail:
    """Maintenance by a rule of the item's model was done."""
    asked = await exactly(request, type(data))
    return await services.kit_upkeep.maintained(item, asked, caller_of(request).person)


@post("/api/kit/{item:str}/readings", opt=dict(_KEEP), status_code=200)
async def add_reading(request: ApiRequest, services: Given, item: ItemInPath, data: JSONBody[NewReading]) -> ItemDetail:
    """The caller has read a counter of the item."""
    asked = await exactly(request, type(data))
    return await services.kit_upkeep.read(item, asked, caller_of(request).person)


@get("/api/kit-models", opt=dict(_SEE))
async def list_models(services: Given) -> list[ModelView]:
    """Models, and how much is left of each."""
    return await services.kit_models.models()


@put("/api/kit-models/{model:str}", opt=dict(_MANAGE))
async def put_model(request: ApiRequest, services: Given, model: ModelInPath, data: JSONBody[SetModel]) -> ModelView:
    """Lay a model down, or anew."""
    asked = await exactly(request, type(data))
    return await services.kit_models.set_model(model, asked, caller_of(request).person)


@post("/api/kit-models/{model:str}/stock", opt=dict(_KEEP), status_code=200)
async def move_stock(request: ApiRequest, services: Given, model: ModelInPath, data: JSONBody[StockMoved]) -> ModelView:
    """Stock of a counted model came or was used."""
    asked = await exactly(request, type(data))
    return await services.kit_models.move_stock(model, asked, caller_of(request).person)


@get("/api/kit-places", opt=dict(_SEE))
async def list_places(services: Given) -> list[PlaceView]:
    """Stores, vans and benches, and who keeps them."""
    return await services.kit_models.places()


@put("/api/kit-places/{place:str}", opt=dict(_MANAGE))
async def put_place(request: ApiRequest, services: Given, place: PlaceInPath, data: JSONBody[SetPlace]) -> PlaceView:
    """Name a store and its keeper, into whose custody everything there passes."""
    asked = await exactly(request, type(data))
    return await services.kit_models.set_place(place, asked, caller_of(request).person)


@get("/api/kit-labels", opt=dict(_SEE_ONE), media_type="application/pdf")
async def labels(services: Given, items: ItemsAsked) -> Response[bytes]:
    """Labels with Code 128 and QR, on sheets of 3 × 8."""
    return Response(
        await services.kit.labels(items.split(",")),
        media_type="application/pdf",
        headers={"content-disposition": 'attachment; filename="labels.pdf"'},
    )


HANDLERS = [
    list_items,
    one_item,
    list_movements,
    add_item,
    change_item,
    scan,
    see_condition,
    change_service,
    maintained,
    add_reading,
    list_models,
    put_model,
    move_stock,
    list_places,
    put_place,
    labels,
]
