"""Whether a plan hangs together: its names, and figures that can not both be so. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from fleet.wiring.rules.contradictions import contradictions
from fleet.wiring.rules.scalars import nearest
from protocols.wiring.parts import Connector
from protocols.wiring.plan import Plan

_KINDS = ("sources", "grounds", "fuses", "splices", "connectors", "loads", "buses")
"""The components that have points, by their field in a plan."""

_ONE_POINT = ("sources", "grounds", "splices")
_FUSE_SIDES = ("in", "out")
_BUS_LINES = ("h", "l")
_ONLY_ONE = ("supply", "return", "ignition-sense", "can-h", "can-l")


class Inconsistency(NamedTuple):
    """A part of a plan that does not agree with another; `path` and `remedy` as a `Fault` has them."""

    path: str
    message: str
    remedy: str


def inconsistencies(plan: Plan) -> list[Inconsistency]:
    """Everything that has to be mended before a rule can judge the plan; empty where nothing has."""
    return [
        *_names_used_twice(plan),
        *_bad_conductors(plan),
        *_bad_connectors(plan),
        *_bad_mates(plan),
        *_unknown_batteries(plan),
        *_bad_loads(plan),
        *(Inconsistency(*one) for one in contradictions(plan)),
    ]


def _names_used_twice(plan: Plan) -> Iterator[Inconsistency]:
    first: dict[str, str] = {}
    for kind in (*_KINDS, "cables"):
        for name in getattr(plan, kind):
            if name in first:
                message = f"{name} is also one of the {first[name]}"
                yield Inconsistency(f"{kind}.{name}", message, "give one of them another name")
            first.setdefault(name, kind)


def _bad_conductors(plan: Plan) -> Iterator[Inconsistency]:
    for name, conductor in plan.conductors.items():
        path = f"conductors.{name}"
        yield from _bad_point(plan, f"{path}.from", conductor.start)
        yield from _bad_point(plan, f"{path}.to", conductor.end)
        if conductor.start == conductor.end:
            message = f"{name} goes from {conductor.start} to itself"
            yield Inconsistency(f"{path}.to", message, "write where its other end is")
        yield from _unknown(f"{path}.cable", "cable", conductor.cable, plan.cables)


def _bad_point(plan: Plan, path: str, point: str) -> Iterator[Inconsistency]:
    component, _, part = point.partition(".")
    kind = next((one for one in _KINDS if component in getattr(plan, one)), None)
    if kind is None:
        known = [name for one in _KINDS for name in getattr(plan, one)]
        yield Inconsistency(path, f"there is no {component}", _add_or_write(component, known))
    elif kind in _ONE_POINT:
        if part:
            yield Inconsistency(path, f"{component} is one point, without parts", f"write {component}")
    else:
        parts = _parts(plan, kind, component)
        if part not in parts:
            message = f"{component} has no {part}" if part else f"{component} is no point by itself"
            yield Inconsistency(path, message, _one_of([f"{component}.{one}" for one in parts]) + _or_add(kind, part))


def _or_add(kind: str, part: str) -> str:
    where = {"connectors": "cavities", "loads": "terminals"}.get(kind)
    return f", or add {part} to its {where}" if where and part else ""


def _parts(plan: Plan, kind: str, component: str) -> Iterable[str]:
    match kind:
        case "fuses":
            return _FUSE_SIDES
        case "buses":
            return _BUS_LINES
        case "connectors":
            return plan.connectors[component].cavities
        case _:
            return plan.loads[component].terminals


def _bad_connectors(plan: Plan) -> Iterator[Inconsistency]:
    for name, connector in plan.connectors.items():
        path = f"connectors.{name}"
        for pin, cavity in connector.cavities.items():
            if cavity.joins is None:
                continue
            yield from _bad_point(plan, f"{path}.cavities.{pin}.joins", cavity.joins)
            if cavity.joins == f"{name}.{pin}":
                message = f"{cavity.joins} joins itself"
                yield Inconsistency(f"{path}.cavities.{pin}.joins", message, "write what it makes contact with")
        yield from _bad_links(name, connector)


def _bad_links(name: str, connector: Connector) -> Iterator[Inconsistency]:
    for number, (first, second) in enumerate(connector.links):
        path = f"connectors.{name}.links.{number}"
        for pin in dict.fromkeys((first, second)):
            if pin not in connector.cavities:
                yield Inconsistency(path, f"{name} has no cavity {pin}", _one_of(connector.cavities))
        if first == second:
            yield Inconsistency(path, f"{pin} is linked to itself", "write two cavities")


def _bad_mates(plan: Plan) -> Iterator[Inconsistency]:
    """Pairs are two: what two others mate with, or what mates with another than with the one that says so, is none."""
    said_by: dict[str, str] = {}
    for name, connector in plan.connectors.items():
        path = f"connectors.{name}.mates"
        if connector.mates is None:
            continue
        yield from _unknown(path, "connector", connector.mates, plan.connectors)
        if connector.mates not in plan.connectors:
            continue
        other = plan.connectors[connector.mates]
        if connector.mates == name:
            yield Inconsistency(path, f"{name} mates with itself", "write the other half")
        elif other.mates is not None and other.mates != name:
            message = f"{name} mates with {connector.mates}, and that with {other.mates}"
            yield Inconsistency(path, message, "let both halves say the same, or one of them nothing")
        elif connector.mates in said_by:
            message = f"{said_by[connector.mates]} mates with {connector.mates} already"
            yield Inconsistency(path, message, "a connector mates with one other")
        said_by.setdefault(connector.mates, name)


def _unknown_batteries(plan: Plan) -> Iterator[Inconsistency]:
    known = plan.vehicle.batteries if plan.vehicle is not None else {}
    for name, source in plan.sources.items():
        yield from _unknown(f"sources.{name}.battery", "battery", source.battery, known)


def _bad_loads(plan: Plan) -> Iterator[Inconsistency]:
    for name, load in plan.loads.items():
        path = f"loads.{name}"
        if load.can is not None:
            yield from _unknown(f"{path}.can.bus", "bus", load.can.bus, plan.buses)
        first: dict[str, str] = {}
        for pin, terminal in load.terminals.items():
            if terminal.role in first and terminal.role in _ONLY_ONE:
                message = f"{pin} is a second {terminal.role} terminal beside {first[terminal.role]}"
                yield Inconsistency(f"{path}.terminals.{pin}", message, "split the load in two, or mend the role")
            first.setdefault(terminal.role, pin)


def _unknown(path: str, what: str, name: str | None, known: Mapping[str, object]) -> Iterator[Inconsistency]:
    if name is not None and name not in known:
        yield Inconsistency(path, f"there is no {what} {name}", _add_or_write(name, list(known)))


def _add_or_write(name: str, known: list[str]) -> str:
    close = nearest(name, known)
    return f"write {close}, or add {name}" if close else f"add {name}, or write another"


def _one_of(words: Iterable[str]) -> str:
    known = list(words)
    shown = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
    return f"write one of {shown}" if known else "add it there"
