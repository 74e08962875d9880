"""Kit: units and accessories, what they are called, and when they may go out.

An item has one custodian at any time, a person. What is counted and not labelled piece by piece (tape, fuses, cable
ties) is stock of a model.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.text import ONE_LINE

ItemKind = Literal["unit", "battery", "antenna", "lens", "loom", "enclosure", "camera", "tool", "other"]

Condition = Literal["good", "worn", "damaged", "failed"]
"""As the person saw it who had it in hand last. `failed` can not go out; `damaged` not until it was serviced."""

ServiceState = Literal["in-service", "quarantined", "in-repair", "lost", "disposed"]
"""Only what is in service can go out. What is disposed of, or lost, stays on the books with its last custodian."""

CounterName = Literal["running_h", "battery_cycles", "emmc_worn_percent"]
"""`running_h` and `emmc_worn_percent` of a unit follow from its reports; what has no unit is read by hand."""

ItemCode = Annotated[str, Meta(pattern=r"^K-[0-9]{4,6}$(?!\n)")]
"""What the label says, in text, as Code 128 and as QR: `K-0042`."""

ModelId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$(?!\n)")]
PlaceCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,11}$(?!\n)")]
"""A store, van or bench of the unit's own: a code. Where a deployment's kit is, is the deployment's site."""

MAX_COUNTER = 10_000_000
"""Largest value of a counter."""


class MaintenanceRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has to be done to every item of a model, by date, by counter, or by both, whichever comes first. A unit of
    measure is in the counter's name. `procedure` is the reference of the unit's own procedure, as `OP014`."""

    rule: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$(?!\n)")]
    what: Annotated[str, Meta(min_length=1, max_length=120, pattern=ONE_LINE)]
    every_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    counter: CounterName | None = None
    every_count: Annotated[int, Meta(ge=1, le=MAX_COUNTER)] | None = None
    procedure: Annotated[str, Meta(max_length=20, pattern=r"^[A-Z0-9./-]*$(?!\n)")] = ""

    def __post_init__(self) -> None:
        if (self.counter is None) != (self.every_count is None):
            raise ValueError("counter and every_count come together")
        if self.every_days is None and self.counter is None:
            raise ValueError("a maintenance rule goes by every_days, by a counter, or by both")


class KitModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model of kit. `counted`: no labels, only a quantity. `low_at`: when so few or fewer are left in service and not
    out (of counted ones: in stock) it runs low; 0 never. `training` is a competence needed by who fits it, as
    `unit:van-kit`; empty: none."""

    model: ModelId
    kind: ItemKind
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)]
    counted: bool = False
    low_at: Annotated[int, Meta(ge=0, le=100_000)] = 0
    training: Annotated[str, Meta(max_length=40, pattern=r"^([a-z][a-z0-9:-]{0,39})?$(?!\n)")] = ""
    maintenance: Annotated[list[MaintenanceRule], Meta(max_length=20)] = []


class DueMaintenance(msgspec.Struct, frozen=True, kw_only=True):
    """When an item's maintenance is due: `due_at` by date, `left` by counter (negative: over), None where it does not
    go by that, or the counter was never read. `standing`: `overdue` at and after the limit, `soon` from 14 days or a
    tenth of the count before †, `unknown` where the counter was never read."""

    rule: str
    what: str
    procedure: str
    due_at: datetime | None
    counter: CounterName | None
    left: int | None
    standing: Literal["in-time", "soon", "overdue", "unknown"]
