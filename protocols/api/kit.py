"""Kit as the API shows it: items, models, stock, places, custody, maintenance, labels.

`GET /api/kit` (query: `filter`, `kind`, `model`, `standing` as KitStanding, `custodian`, `deployment`, `offset`,
`limit` ≤ 500) → ItemPage, by code; `GET /api/kit/{item}` → ItemDetail; `POST /api/kit` with NewItem → ItemDetail: the
keeper of its place is custodian; `PATCH /api/kit/{item}` with ItemChange → ItemDetail;
`POST /api/kit/scan` with Scan → ScanResult: custody out and in, by the code on the label;
`POST /api/kit/{item}/condition` with ConditionSeen → ItemDetail; `POST /api/kit/{item}/service` with ServiceChange →
ItemDetail (quarantine: anyone who keeps kit; release, repair's end, lost, disposed: `manage-kit`);
`POST /api/kit/{item}/maintained` with Maintained → ItemDetail; `POST /api/kit/{item}/readings` with NewReading →
ItemDetail;
`GET /api/kit/{item}/movements` → list[Movement], newest first, at most 200;
`GET /api/kit-models` → list[ModelView]; `PUT /api/kit-models/{model}` with SetModel → ModelView (`manage-kit`);
`POST /api/kit-models/{model}/stock` with StockMoved → ModelView: counted ones only;
`GET /api/kit-places` → list[PlaceView]; `PUT /api/kit-places/{place}` with SetPlace → PlaceView (`manage-kit`);
`GET /api/kit-labels` (query: `items`, at most 200, comma-separated) → application/pdf, labels with Code 128 and QR.

Reading takes `see-deployments`, changing `keep-kit`, except where `manage-kit` is named.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.deployments import DeploymentId
from protocols.ids import PersonId, UnitId
from protocols.kit import (
    MAX_COUNTER,
    Condition,
    CounterName,
    DueMaintenance,
    ItemCode,
    ItemKind,
    KitModel,
    ModelId,
    PlaceCode,
    ServiceState,
)
from protocols.people import Moment
from protocols.text import ONE_LINE, ShortText

_Serial = Annotated[str, Meta(max_length=40, pattern=ONE_LINE)]
_Why = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]

KitStanding = Literal[
    "available", "reserved", "out", "overdue", "unserviced", "quarantined", "in-repair", "failed", "gone"
]
"""One word for whether it can go out now: `available` it can; `reserved` for a deployment that has begun or begins
within 24 h; `out` with somebody; `overdue` out beyond its expected return; `unserviced` maintenance is overdue, or it
is damaged; `failed` its condition; `gone` lost or disposed of. The first that holds, from the right."""


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item, new to the books. `unit` is the unit that it is, for kind `unit` once it has joined."""

    model: ModelId
    serial: _Serial = ""
    place: PlaceCode
    unit: UnitId | None = None


class ItemChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changes; None stays. `unit` can be set once."""

    based_on: Annotated[int, Meta(ge=1)]
    serial: _Serial | None = None
    unit: UnitId | None = None


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label was scanned, or its code typed. `out`: the caller takes the item, for a deployment or (None) for the
    bench; `in`: it is put back to `place`, and whoever keeps that place has it; `hand-over`: the caller takes it from
    whoever has it. `place` None for `in`: where it lay before. `expected_back_at` is for `out` without a deployment;
    with one it is the deployment's. `condition` is what was seen; out goes by the worse of it and what is known."""

    item: ItemCode
    way: Literal["out", "in", "hand-over"]
    how: Literal["scan", "typed"] = "scan"
    deployment: DeploymentId | None = None
    place: PlaceCode | None = None
    expected_back_at: Moment | None = None
    condition: Condition | None = None
    note: ShortText = ""


class ConditionSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The item's condition as the caller sees it."""

    condition: Condition
    note: ShortText = ""


class ServiceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Its service state from now on, and why."""

    state: ServiceState
    reason: _Why


class Maintained(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Maintenance by a rule of its model was done, at `counter_value` where the rule goes by one (None: at the latest
    reading)."""

    rule: Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
    done_at: Moment
    counter_value: Annotated[int, Meta(ge=0, le=MAX_COUNTER)] | None = None
    note: ShortText = ""


class NewReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A counter as somebody read it now. A lower one than before needs `reason`."""

    counter: CounterName
    value: Annotated[int, Meta(ge=0, le=MAX_COUNTER)]
    reason: ShortText = ""


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One item. `custodian` has it; `place` is where it is kept, None while it is out; `deployment` what it is out
    for, `reserved_for` the deployment that has it next. `why` says in words why it can not go out, empty when it
    can."""

    item: str
    model: str
    model_name: str
    kind: ItemKind
    serial: str
    unit: str | None
    unit_label: str | None
    condition: Condition
    service: ServiceState
    standing: KitStanding
    why: str
    custodian: str
    place: str | None
    deployment: str | None
    reserved_for: str | None
    reserved_from: datetime | None
    out_since: datetime | None
    expected_back_at: datetime | None
    next_maintenance: DueMaintenance | None
    version: int


class CounterView(msgspec.Struct, frozen=True, kw_only=True):
    """A counter's latest reading; `read_by` None: it follows from the unit's reports."""

    counter: CounterName
    value: int
    read_at: datetime
    read_by: str | None


class MaintenanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance that was done."""

    rule: str
    done_at: datetime
    done_by: str
    counter_value: int | None
    note: str


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Custody passed. `from_person` None: new to the books. Places are codes; on a deployment there is none."""

    item: str
    at: datetime
    from_person: str | None
    to_person: str
    from_place: str | None
    to_place: str | None
    deployment: str | None
    way: Literal["new", "out", "in", "hand-over", "fast-path"]
    how: Literal["scan", "typed", "desk"]
    condition: Condition


class ItemDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All of one item; movements newest first, at most 20."""

    row: ItemView
    maintenance: list[DueMaintenance]
    counters: list[CounterView]
    maintained: list[MaintenanceView]
    movements: list[Movement]
    reservations: list["ReservationView"]


class ReservationView(msgspec.Struct, frozen=True, kw_only=True):
    """An item is kept for a deployment in a time."""

    item: str
    deployment: str
    starts_at: datetime
    ends_at: datetime


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`; `standings` counts all that pass the other filters, by standing."""

    total: int
    offset: int
    rows: list[ItemView]
    standings: dict[str, int]


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the scan did, in a sentence, and the item. `left_to_scan` are the codes still to go out for the deployment,
    or to come back from it."""

    sentence: str
    row: ItemView
    left_to_scan: list[str]


class SetModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model as it shall be; `version` is the one that was seen, 0 for a new one. Kind and `counted` stay."""

    version: Annotated[int, Meta(ge=0)]
    model: KitModel


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model, and how much of it there is: items in service and not out, or the stock of a counted one."""

    model: KitModel
    version: int
    available: int
    total: int
    low: bool


class StockMoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stock came (positive) or was used (negative), for a deployment where there is one."""

    change: Annotated[int, Meta(ge=-100_000, le=100_000)]
    deployment: DeploymentId | None = None
    note: ShortText = ""


class SetPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A store, van or bench, and who keeps it. With another keeper everything there passes into their custody, each a
    movement."""

    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
    keeper: PersonId


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A store, van or bench, who keeps it, and how many items are there."""

    place: str
    name: str
    keeper: str
    items: int
