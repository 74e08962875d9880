"""What the diagram says of each component, in one line. Pure."""

from fleet.wiring.rules.electric import Known, drop_v
from fleet.wiring.rules.marks import joined, number
from fleet.wiring.rules.network import Network
from fleet.wiring.rules.tables import BLADE_COLOURS
from protocols.wiring.parts import Bus, Connector, Fuse, Ground, Load, LoadTerminal, Source, Splice
from protocols.wiring.plan import Battery, Conductor, Plan, Vehicle

_LEAST_V = 0.01

TERMINAL_WORDS: dict[str, str] = {
    "15": "ignition-switched",
    "30": "battery +",
    "30a": "second battery +",
    "50": "starter control",
    "54": "brake",
    "58": "side lights",
    "31": "return",
    "31b": "switched return",
}


def source_words(source: Source) -> str:
    """A source: its terminal, and what is tapped there."""
    tapped = joined(
        (
            source.circuit if source.circuit not in ("general", "battery") else "",
            "" if source.fuse_a is None else f"its own fuse {number(source.fuse_a)} A",
            "" if not source.existing_load_a else f"carries {number(source.existing_load_a)} A already",
            "" if source.colour is None else f"tapped at {source.colour}",
        )
    )
    at = source.place or ("" if source.battery is None else f"battery {source.battery}")
    return joined((f"{source.terminal} {TERMINAL_WORDS[source.terminal]}", at, tapped))


def battery_words(name: str, battery: Battery) -> str:
    """A battery, by what rules take of it."""
    return joined(
        (
            f"battery {name}: {number(battery.capacity_ah)} Ah",
            ""
            if battery.standing_drain_ma is None
            else f"{number(battery.standing_drain_ma)} mA standing without our kit",
        )
    )


def ground_words(ground: Ground) -> str:
    """A ground: its terminal and place."""
    return joined((f"{ground.terminal} {TERMINAL_WORDS[ground.terminal]}", ground.place))


def fuse_words(fuse: Fuse) -> str:
    """A fuse: its rating, the blade's colour, its place."""
    colour = BLADE_COLOURS.get(fuse.rating_a, "") if fuse.kind == "blade" else ""
    kind = joined((colour, "blade" if fuse.kind == "blade" else ""), " ")
    return joined((f"fuse {number(fuse.rating_a)} A", kind, fuse.place))


def splice_words(splice: Splice) -> str:
    """A splice: its kind, rating and place."""
    rating = "" if splice.rating_a is None else f"up to {number(splice.rating_a)} A"
    kind = "busbar" if splice.kind == "busbar" else f"{splice.kind} splice"
    return joined((kind, rating, splice.place))


def connector_words(connector: Connector, label: str = "") -> str:
    """A connector half, for one of its cavities."""
    kind = connector.kind if connector.kind != "device" else "device connector"
    return joined((label, connector.place, connector.part or kind))


def load_words(network: Network, name: str, load: Load) -> str:
    """A load: what it is, and the drop at its peak."""
    return joined((load.description or load.part or "load", drop_words(network, name)))


def drop_words(network: Network, name: str) -> str:
    """The drop on a load's way out and back at its peak and 20 °C; empty where it can not be worked out."""
    flow = next((one for one in network.flows if one.name == name), None)
    if flow is None or flow.feed is None or flow.back is None:
        return ""
    drop = drop_v(network, flow, "peak")
    if not isinstance(drop, Known):
        return ""
    return f"drop {drop.value:.2f} V" if drop.value >= _LEAST_V else f"drop below {_LEAST_V} V"


def terminal_words(terminal: LoadTerminal) -> str:
    """A load's terminal: its role, and the firmware's pin behind it."""
    firmware = terminal.firmware
    behind = "" if firmware is None else joined((f"{firmware.name} pin {firmware.pin}", firmware.function), ": ")
    return joined((terminal.role, behind))


def bus_words(bus: Bus) -> str:
    """A bus: its speed, length and ends."""
    ends = bus.termination_ohm
    return joined(
        (
            f"{bus.kind} bus",
            "" if bus.bitrate_kbit is None else f"{number(bus.bitrate_kbit)} kbit/s",
            "" if bus.length_m is None else f"{number(bus.length_m)} m long",
            "" if ends is None else f"ends {' and '.join(number(one) for one in ends) or 'none'} Ω",
            bus.place,
        )
    )


def conductor_words(conductor: Conductor) -> str:
    """What a conductor has besides size, colour and length."""
    return joined(
        (
            conductor.label,
            "" if conductor.type == "thin-wall" else "old PVC",
            "" if conductor.cable is None else f"in {conductor.cable}",
        )
    )


def vehicle_words(vehicle: Vehicle) -> str:
    """The vehicle as far as wiring needs it."""
    charged = vehicle.alternator
    return joined(
        (
            f"{vehicle.system_v} V",
            vehicle.description,
            ""
            if charged is None
            else f"{charged.kind} alternator {number(charged.charge_min_v)}–{number(charged.charge_max_v)} V",
        )
    )


def point_words(plan: Plan, point: str) -> str:
    """What stands at a point that is no source, fuse or load: splice, ground, cavity, bus line."""
    name, _, pin = point.partition(".")
    if name in plan.splices:
        return splice_words(plan.splices[name])
    if name in plan.grounds:
        return ground_words(plan.grounds[name])
    if name in plan.connectors:
        cavity = plan.connectors[name].cavities.get(pin)
        return connector_words(plan.connectors[name], "" if cavity is None else cavity.label)
    if name in plan.buses:
        return f"{plan.buses[name].kind} {'high' if pin == 'h' else 'low'}"
    return ""
