"""The components of a harness. What is None is not known: a rule that needs it says so, and never passes without."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.text import LongText, ShortText
from protocols.wiring.words import (
    CircuitKind,
    Colour,
    ConnectorKind,
    Name,
    NegativeTerminal,
    PinName,
    Point,
    PositiveTerminal,
    TerminalRole,
)

MAX_CAVITIES = 128

_Amps = Annotated[float, Meta(gt=0, le=1000)]
_AmpsOrNone = Annotated[float, Meta(ge=0, le=1000)]
_Volts = Annotated[float, Meta(gt=0, le=1000)]
_Square = Annotated[float, Meta(gt=0, le=120)]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where positive comes from. `battery` is the vehicle's battery behind it. Where a circuit of the vehicle is
    tapped, `fuse_a` is that circuit's own fuse and `existing_load_a` what it carries already; `colour` is of the
    conductor that is tapped."""

    terminal: PositiveTerminal
    battery: Name | None = None
    circuit: CircuitKind = "general"
    place: ShortText = ""
    fuse_a: _Amps | None = None
    existing_load_a: _AmpsOrNone | None = None
    colour: Colour | None = None


class Ground(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where return goes to: a stud, the chassis, a battery's negative."""

    terminal: NegativeTerminal = "31"
    place: ShortText = ""


class Fuse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fuse between its points `NAME.in` and `NAME.out`. `holder_max_a`: the largest fuse its holder is made for."""

    rating_a: _Amps
    kind: Literal["blade", "other"] = "blade"
    holder_max_a: _Amps | None = None
    place: ShortText = ""


class Splice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where three or more conductors meet. `rating_a`: what the splice itself may carry in all."""

    kind: Literal["crimp", "solder", "busbar"] = "crimp"
    rating_a: _Amps | None = None
    place: ShortText = ""


class Cavity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place of a connector, which takes one conductor. `joins`: the point it makes contact with where that is no
    conductor of ours: a load's terminal, a source, a ground, a bus line. `contact`: the part crimped on. What is
    None is as the connector says."""

    joins: Point | None = None
    contact: ShortText = ""
    rating_a: _Amps | None = None
    csa_min_mm2: _Square | None = None
    csa_max_mm2: _Square | None = None
    label: ShortText = ""


class Connector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A connector half with its cavities by name. It `mates` with another, cavity to cavity of the same name; one of
    the two says so. Ratings hold for each cavity that has none of its own. `links` are cavities joined inside."""

    kind: ConnectorKind = "in-line"
    part: ShortText = ""
    mates: Name | None = None
    rating_a: _Amps | None = None
    csa_min_mm2: _Square | None = None
    csa_max_mm2: _Square | None = None
    cavities: Annotated[dict[PinName, Cavity], Meta(max_length=MAX_CAVITIES)] = {}
    links: Annotated[
        list[Annotated[list[PinName], Meta(min_length=2, max_length=2)]], Meta(max_length=MAX_CAVITIES)
    ] = []
    place: ShortText = ""
    note: LongText = ""


class Firmware(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The firmware that uses a load's terminal, and its pin there. `version_min`: from which version on."""

    name: Annotated[ShortText, Meta(min_length=1)]
    pin: Annotated[ShortText, Meta(min_length=1)]
    function: ShortText = ""
    version_min: ShortText = ""


class LoadTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A terminal of a load. `rating_a`: the most it may carry."""

    role: TerminalRole
    rating_a: _Amps | None = None
    firmware: Firmware | None = None


class Cutoff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Low-voltage cut-off: off below `off_v` for `delay_s`, on again above `on_v`."""

    off_v: Annotated[float, Meta(gt=0, le=60)]
    on_v: Annotated[float, Meta(gt=0, le=60)]
    delay_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0


class CanPort(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a load hears a bus. Only `listen-only` can be built; anything else written here is found by a rule that
    nothing turns off. `terminated`: whether it has a terminating resistor of its own."""

    bus: Name
    mode: ShortText
    terminated: bool = False


IgnitionSense = Literal["none", "terminal-15", "voltage", "can", "motion"]
"""How a load knows that the engine runs."""


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Kit that draws current. `peak_a`: the most it draws for longer than an instant; `running_a` for hours;
    `quiescent_ma` with the engine off and the kit asleep. It works from `min_v` to `max_v` and survives
    `transient_max_v`. `rides_cranking`: whether it has to stay on while the engine is started."""

    description: ShortText = ""
    part: ShortText = ""
    peak_a: _AmpsOrNone | None = None
    running_a: _AmpsOrNone | None = None
    quiescent_ma: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    min_v: _Volts | None = None
    max_v: _Volts | None = None
    transient_max_v: _Volts | None = None
    rides_cranking: bool = True
    ignition_sense: IgnitionSense = "none"
    cutoff: Cutoff | None = None
    can: CanPort | None = None
    terminals: Annotated[dict[PinName, LoadTerminal], Meta(min_length=1, max_length=MAX_CAVITIES)] = msgspec.field(
        default_factory=lambda: {"+": LoadTerminal(role="supply"), "-": LoadTerminal(role="return")}
    )


class Bus(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A CAN bus of the vehicle. `length_m`: of its trunk; `termination_ohm`: the resistors at its ends."""

    kind: Literal["CAN"] = "CAN"
    bitrate_kbit: Annotated[float, Meta(gt=0, le=1000)] | None = None
    length_m: Annotated[float, Meta(gt=0, le=1000)] | None = None
    termination_ohm: Annotated[list[Annotated[float, Meta(gt=0, le=1_000_000)]], Meta(max_length=8)] | None = None
    place: ShortText = ""
