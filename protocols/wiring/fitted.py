"""What was measured on a fitted harness, and how it compares with what the plan predicts."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.people import Moment
from protocols.text import ShortText
from protocols.wiring.words import Name

MAX_MEASURED = 100

MeasuredQuantity = Literal[
    "battery-v",
    "voltage-at-load-v",
    "kit-drain-ma",
    "sense-off-v",
    "sense-on-v",
    "termination-ohm",
]
"""With its unit. `battery-v`: at the posts of a battery, which predictions of voltages start from."""


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value that was measured, in the unit that the quantity's name ends in. `subject`: the battery, load or bus; of
    `kit-drain-ma` the battery that it is drawn from. `by_unit`: read from the unit, not by hand."""

    quantity: MeasuredQuantity
    subject: Name
    value: Annotated[float, Meta(ge=-100_000, le=1_000_000)]
    by_unit: bool = False
    measured_at: Moment | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value beside what the plan predicts, in the same unit. It passes from `low` to `high`, both included.
    `unjudged`: the plan does not say enough, or the battery's voltage was not measured; `sentence` says what."""

    quantity: MeasuredQuantity
    subject: str
    value: float
    predicted: float | None
    low: float | None
    high: float | None
    verdict: Literal["pass", "fail", "unjudged"]
    sentence: str
    by_unit: bool = False
    measured_at: datetime | None = None


class NewFitting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was measured at one visit. With `from_unit` the controller adds the voltage at `load`, the load that the
    unit of the harness's item is (None: the only one there is), from that unit's latest report, and the voltage of the
    battery behind it, where the unit measures one and it was not measured by hand. Nobody else writes `by_unit`, and
    nothing at all is no fitting."""

    measured: Annotated[list[Measured], Meta(max_length=MAX_MEASURED)] = []
    note: ShortText = ""
    from_unit: bool = False
    load: Name | None = None
