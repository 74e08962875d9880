"""A vehicle's CAN bus and the kit that hears it. Nothing of ours ever sends on one, and no policy has a word about it.
Pure."""

from collections.abc import Iterator, Mapping

from fleet.wiring.rules.network import terminal_of
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule
from fleet.wiring.rules.vehicle_tables import CAN_BUS_MAX_M, CAN_END_MAX_OHM, CAN_END_MIN_OHM, CAN_ENDS, CAN_STUB_MAX_M
from fleet.wiring.rules.ways import Forest, Way, grown
from protocols.wiring.parts import CanPort, Load
from protocols.wiring.words import TerminalRole

_LISTENS = "listen-only"
_ROLES: dict[str, TerminalRole] = {"h": "can-h", "l": "can-l"}


@rule("can-listen-only", "safety", 'mode = "listen-only"; a bus is joined to loads only')
def can_listen_only(case: Case) -> Iterator[Found]:
    """Of each load that hears a bus, or has a terminal for one, or is joined to one; and of each bus that a source, a
    ground or another line is joined to, which acts upon it as a sender would."""
    lines = _lines(case)
    for name, load in case.plan.loads.items():
        yield from _listens(name, load, _joined_buses(case, lines, name, load))
    told: set[str] = set()
    for bus in case.plan.buses:
        disturbed = _disturbed(case, lines, bus, told)
        told.add(bus)
        if disturbed:
            yield Found(
                "fail",
                f"buses.{bus}",
                f"the lines of {bus} are joined to {', '.join(disturbed)}",
                f"take {', '.join(disturbed)} off the lines of {bus}",
            )


@rule("can-stub", "function", "stub_m ≤ can_stub_max_m")
def can_stub(case: Case) -> Iterator[Found]:
    """Of each load that hears a bus: the way from the bus to it, of CAN-H or CAN-L, whichever is longer."""
    lines = _lines(case)
    for name, load in case.plan.loads.items():
        if load.can is not None and load.can.bus in case.plan.buses:
            yield _stub(case, lines, name, load, load.can)


@rule("can-bus", "function", "length_m ≤ can_bus_max_m")
def can_bus(case: Case) -> Iterator[Found]:
    """Of each bus that a load hears."""
    for bus in _heard(case):
        subject, length_m = f"buses.{bus}", case.plan.buses[bus].length_m
        if length_m is None:
            yield missing(subject, f"whether {bus} is too long", [f"{subject}.length_m"])
            continue
        figures = {"length_m": length_m, "can_bus_max_m": CAN_BUS_MAX_M.value}
        if at_most(length_m, CAN_BUS_MAX_M.value):
            yield Found("pass", subject, f"{bus} is {length_m:g} m long", "", figures)
        else:
            yield Found(
                "fail",
                subject,
                f"{bus} is {length_m:g} m long, more than {CAN_BUS_MAX_M.value:g} m",
                "listen on a shorter bus of the vehicle",
                figures,
            )


@rule(
    "can-termination",
    "function",
    "ends = 2; can_end_min_ohm ≤ least_ohm; most_ohm ≤ can_end_max_ohm; no listener is terminated",
)
def can_termination(case: Case) -> Iterator[Found]:
    """Of each bus that a load hears: a resistor of 120 Ω at each of its two ends; and of each load that adds one."""
    for name, load in case.plan.loads.items():
        if load.can is not None and load.can.terminated:
            yield Found(
                "fail",
                f"loads.{name}.can",
                f"{name} puts a terminating resistor of its own on {load.can.bus}",
                f"take the resistor out of {name}: the bus has one at each end",
            )
    for bus in _heard(case):
        yield _terminated(bus, case.plan.buses[bus].termination_ohm)


def _lines(case: Case) -> dict[str, Forest]:
    """What is joined to each line of each bus, as far as sources and grounds."""
    walls = [*case.plan.sources, *case.plan.grounds]
    lines = [f"{bus}.{line}" for bus in case.plan.buses for line in _ROLES]
    return {line: grown(case.network.at, [line], walls) for line in lines}


def _heard(case: Case) -> list[str]:
    heard = {load.can.bus for load in case.plan.loads.values() if load.can is not None}
    return [bus for bus in case.plan.buses if bus in heard]


def _joined_buses(case: Case, lines: Mapping[str, Forest], name: str, load: Load) -> list[str]:
    """The buses that a load is joined to by a terminal that is neither live nor grounded: where those are on a line,
    the bus is told of, and not each load behind."""
    signals = [f"{name}.{pin}" for pin in load.terminals]
    points = [one for one in signals if not case.network.is_fed(one) and not case.network.is_return(one)]
    joined = [line.split(".")[0] for line, forest in lines.items() if any(one in forest.roots for one in points)]
    return list(dict.fromkeys(joined))


def _listens(name: str, load: Load, joined: list[str]) -> Iterator[Found]:
    has_terminals = any(terminal.role in _ROLES.values() for terminal in load.terminals.values())
    subject, port = f"loads.{name}.can", load.can
    if port is None:
        if has_terminals or joined:
            yield missing(f"loads.{name}", f"whether {name} only listens", [subject])
        return
    if port.mode == _LISTENS:
        yield Found("pass", subject, f"{name} only listens on {port.bus}")
    else:
        yield Found(
            "fail",
            subject,
            f"{name} is on {port.bus} in mode {port.mode!r}, and nothing of ours may send on a vehicle's bus",
            "choose an interface that is built listen-only; no setting allows another",
        )
    others = [bus for bus in joined if bus != port.bus]
    if others:
        yield missing(f"loads.{name}", f"whether {name} only listens on {', '.join(others)}", [subject])


def _disturbed(case: Case, lines: Mapping[str, Forest], bus: str, told: set[str]) -> list[str]:
    own = [f"{bus}.{line}" for line in _ROLES]
    others = [line for line in lines if line.split(".")[0] not in told]
    foreign = [*case.plan.sources, *case.plan.grounds, *others]
    return [point for point in foreign if any(point != line and point in lines[line].roots for line in own)]


def _stub(case: Case, lines: Mapping[str, Forest], name: str, load: Load, port: CanPort) -> Found:
    subject, limit_m = f"loads.{name}.can", CAN_STUB_MAX_M.value
    ways: list[Way] = []
    for line, role in _ROLES.items():
        point = terminal_of(name, load, role)
        if point is None:
            return missing(subject, f"how far {name} is from {port.bus}", [f"loads.{name}.terminals"])
        way = lines[f"{port.bus}.{line}"].way_to(point)
        if way is None:
            return Found(
                "fail",
                subject,
                f"{point} is not joined to {port.bus}.{line}",
                f"join CAN-{line.upper()} of {name} to CAN-{line.upper()} of {port.bus}, and to nothing else",
            )
        ways.append(way)
    conductors = case.plan.conductors
    stub_m = max(sum(conductors[one].length_m or 0.0 for one in way.names("conductor")) for way in ways)
    names = dict.fromkeys(one for way in ways for one in way.names("conductor"))
    needs = [f"conductors.{one}.length_m" for one in names if conductors[one].length_m is None]
    figures = {"stub_m": stub_m, "can_stub_max_m": limit_m}
    if not at_most(stub_m, limit_m):
        return Found(
            "fail",
            subject,
            f"{name} is {stub_m:.4g} m from {port.bus}, more than {limit_m:g} m",
            f"fit {name} nearer to the bus, so that its stub is at most {limit_m:g} m",
            figures,
        )
    if needs:
        return missing(subject, f"how far {name} is from {port.bus}", needs)
    return Found("pass", subject, f"{name} is {stub_m:.4g} m from {port.bus}", "", figures)


def _terminated(bus: str, termination_ohm: list[float] | None) -> Found:
    subject = f"buses.{bus}"
    if termination_ohm is None:
        return missing(subject, f"the termination of {bus}", [f"{subject}.termination_ohm"])
    low_ohm, high_ohm = CAN_END_MIN_OHM.value, CAN_END_MAX_OHM.value
    figures = {"ends": float(len(termination_ohm)), "can_end_min_ohm": low_ohm, "can_end_max_ohm": high_ohm}
    if termination_ohm:
        figures["least_ohm"], figures["most_ohm"] = min(termination_ohm), max(termination_ohm)
        figures["together_ohm"] = 1 / sum(1 / ohm for ohm in termination_ohm)
    matched = all(at_least(ohm, low_ohm) and at_most(ohm, high_ohm) for ohm in termination_ohm)
    if len(termination_ohm) == CAN_ENDS and matched:
        return Found("pass", subject, f"{bus} has {figures['together_ohm']:.4g} Ω", "", figures)
    has = " and ".join(f"{ohm:g} Ω" for ohm in termination_ohm) or "nothing"
    return Found(
        "fail",
        subject,
        f"{bus} is terminated by {has}, not by 120 Ω at each of two ends",
        "measure the bus with the battery off: 60 Ω; have the vehicle mended before kit is joined to it",
        figures,
    )


RULES = (can_stub, can_bus, can_termination, can_listen_only)
