"""A harness as it is planned: the file that people write, and what every rule takes. Nothing in it names a person, a
vehicle's keeper or its registration.

A *point* is where a conductor can end: a source, ground or splice by its name (`B1`), a side of a fuse (`F1.in`,
`F1.out`), a cavity (`X1.3`), a terminal of a load (`camera.+`), a line of a bus (`powertrain.h`, `powertrain.l`).
Names of components are unique across all kinds. Current runs source → fuse → … → load → … → ground.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.text import LongText, ShortText
from protocols.wiring.parts import Bus, Connector, Fuse, Ground, Load, Source, Splice
from protocols.wiring.words import CableType, Colour, Name, Point, ResistanceTable

MAX_COMPONENTS = 200
MAX_CONDUCTORS = 500
MAX_TEXT_CHARS = 128 * 1024
"""How long the text of a plan may be."""

_Share = Annotated[float, Meta(ge=0.01, le=1)]
_Volts = Annotated[float, Meta(gt=0, le=100)]


class Battery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A battery of the vehicle. `soh`, `soc_now` and `soc_min` are shares of 1. `standing_drain_ma` is the vehicle's
    own, without our kit. `crank_min_v` is the lowest voltage at its posts while the engine is started. What is None
    is not known."""

    capacity_ah: Annotated[float, Meta(ge=0.1, le=1000)]
    soh: _Share = 1.0
    soc_now: _Share = 0.9
    soc_min: Annotated[float, Meta(ge=0, le=1)] = 0.6
    standing_drain_ma: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    crank_min_v: _Volts | None = None


class Alternator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What charges. A `smart` one follows demand, so that its voltage does not tell whether the engine runs."""

    kind: Literal["conventional", "smart"]
    charge_min_v: _Volts
    charge_max_v: _Volts


class Vehicle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The vehicle as far as wiring needs it. `crank_s`: how long the voltage dips when the engine is started.
    `stand_days`: how long it has to be able to stand and start again; None: the policy's."""

    system_v: Literal[12, 24]
    description: ShortText = ""
    batteries: Annotated[dict[Name, Battery], Meta(max_length=8)] = {}
    alternator: Alternator | None = None
    load_dump: Literal["suppressed", "unsuppressed"] | None = None
    crank_s: Annotated[float, Meta(ge=0, le=60)] | None = None
    stand_days: Annotated[float, Meta(gt=0, le=365)] | None = None


class Conductor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One wire, from one point to another. `route` names the way it takes; conductors of one `cable` are one sheath;
    a `shield` is the cable's. What is None is not known."""

    start: Point = msgspec.field(name="from")
    end: Point = msgspec.field(name="to")
    csa_mm2: Annotated[float, Meta(gt=0, le=120)] | None = None
    length_m: Annotated[float, Meta(ge=0, le=100)] | None = None
    colour: Colour | None = None
    type: CableType = "thin-wall"
    resistance: ResistanceTable = "iec-60228"
    route: ShortText = ""
    cable: Name | None = None
    shield: bool = False
    label: ShortText = ""


class Cable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sheath around conductors that name it."""

    part: ShortText = ""
    sheath: Colour | None = None
    note: LongText = ""


class ExtraPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something to buy that no rule looks at: conduit, clips, grommets."""

    part: ShortText
    quantity: Annotated[float, Meta(gt=0, le=10_000)] = 1
    unit: Literal["pcs", "m"] = "pcs"


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A harness. `hot_c`, degrees Celsius, is the hottest place it passes, where that is hotter than the policy's."""

    muster_wiring: Literal[1]
    name: Name
    title: ShortText = ""
    revision: ShortText = ""
    note: LongText = ""
    hot_c: Annotated[float, Meta(ge=20, le=150)] | None = None
    vehicle: Vehicle | None = None
    sources: Annotated[dict[Name, Source], Meta(max_length=MAX_COMPONENTS)] = {}
    grounds: Annotated[dict[Name, Ground], Meta(max_length=MAX_COMPONENTS)] = {}
    fuses: Annotated[dict[Name, Fuse], Meta(max_length=MAX_COMPONENTS)] = {}
    splices: Annotated[dict[Name, Splice], Meta(max_length=MAX_COMPONENTS)] = {}
    connectors: Annotated[dict[Name, Connector], Meta(max_length=MAX_COMPONENTS)] = {}
    loads: Annotated[dict[Name, Load], Meta(max_length=MAX_COMPONENTS)] = {}
    buses: Annotated[dict[Name, Bus], Meta(max_length=16)] = {}
    cables: Annotated[dict[Name, Cable], Meta(max_length=MAX_COMPONENTS)] = {}
    conductors: Annotated[dict[Name, Conductor], Meta(max_length=MAX_CONDUCTORS)] = {}
    extras: Annotated[list[ExtraPart], Meta(max_length=MAX_COMPONENTS)] = []
