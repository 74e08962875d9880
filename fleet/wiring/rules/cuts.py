"""What has to be cut, bought and labelled for a plan. Pure."""

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from fleet.wiring.rules.network import Network
from fleet.wiring.rules.tables import BLADE_COLOURS
from protocols.wiring.advice import BomLine, Cut, LabelText
from protocols.wiring.parts import Connector, Fuse, Splice
from protocols.wiring.plan import Conductor, Plan
from protocols.wiring.policy import WiringPolicy

MAX_LABEL_CHARS = 40
"""What fits on a flag label."""

_CUT_STEP_MM = 10
_UNKNOWN_SIZE = "size not said"


def cut_list(plan: Plan, policy: WiringPolicy | None = None) -> list[Cut]:
    """Every conductor that is cut, in the plan's order. A shield is not: it is its cable's."""
    house = policy or WiringPolicy()
    return [
        Cut(
            conductor=name,
            csa_mm2=one.csa_mm2,
            type=one.type,
            colour=one.colour or "",
            length_m=one.length_m,
            cut_mm=None if one.length_m is None else cut_mm(one.length_m, house),
            start=one.start,
            end=one.end,
        )
        for name, one in plan.conductors.items()
        if not one.shield
    ]


def cut_mm(length_m: float, policy: WiringPolicy) -> int:
    """What is cut for a length: with the allowance, and what both ends take, rounded up to 10 mm."""
    wanted_mm = length_m * 1000 * (1 + policy.cut_allowance_percent / 100) + 2 * policy.termination_mm
    return ceil(round(wanted_mm / _CUT_STEP_MM, 6)) * _CUT_STEP_MM


class _Bought(NamedTuple):
    kind: str
    part: str
    quantity: float
    unit: str
    used_by: str


def bill_of_materials(plan: Plan, policy: WiringPolicy | None = None) -> list[BomLine]:
    """Everything to buy, alike things in one line. Wire and cable are in metres as cut; those of unknown length are
    counted in lines of their own. A cable is as long as the longest of its conductors."""
    found: dict[tuple[str, str, str], list[_Bought]] = {}
    for one in (*_wires(plan, policy or WiringPolicy()), *_protection(plan), *_contacts(plan), *_labels(plan)):
        found.setdefault((one.kind, one.part, one.unit), []).append(one)
    return [
        BomLine(
            kind=kind,
            part=part,
            quantity=round(sum(one.quantity for one in ones), 3),
            unit=unit,
            used_by=list(dict.fromkeys(one.used_by for one in ones if one.used_by)),
        )
        for (kind, part, unit), ones in found.items()
    ]


def label_list(plan: Plan) -> list[LabelText]:
    """What is written on both ends of each conductor: its name, the end it is on → the end it goes to, its terminal's
    number in DIN 72552 where it has one, size and colour; shortened where it would not fit a flag label."""
    network = Network(plan)
    return [
        LabelText(conductor=name, at=here, text=_label(name, one, here, there, _terminal(network, one)))
        for name, one in plan.conductors.items()
        if not one.shield
        for here, there in ((one.start, one.end), (one.end, one.start))
    ]


def wire_words(conductor: Conductor) -> str:
    """A conductor as a shop would call it: `2.5 mm² thin-wall RD`."""
    size = _UNKNOWN_SIZE if conductor.csa_mm2 is None else f"{conductor.csa_mm2:g} mm²"
    return " ".join(word for word in (size, conductor.type, conductor.colour or "any colour") if word)


def fuse_words(fuse: Fuse) -> str:
    """A fuse as a shop would call it: `blade fuse 7.5 A brown`."""
    if fuse.kind != "blade":
        return f"fuse {fuse.rating_a:g} A"
    colour = BLADE_COLOURS.get(fuse.rating_a)
    return f"blade fuse {fuse.rating_a:g} A {colour}" if colour else f"blade fuse {fuse.rating_a:g} A (no such rating)"


def _wires(plan: Plan, policy: WiringPolicy) -> Iterable[_Bought]:
    cut = {one.conductor: one.cut_mm for one in cut_list(plan, policy)}
    cables: dict[str, list[str]] = {}
    for name, long_mm in cut.items():
        conductor = plan.conductors[name]
        if conductor.cable is None:
            yield _length("wire", wire_words(conductor), [long_mm], name)
        else:
            cables.setdefault(conductor.cable, []).append(name)
    for cable, names in cables.items():
        yield _length("cable", _cable_words(plan, cable, names), [cut[name] for name in names], cable)


def _length(kind: str, part: str, cuts_mm: list[int | None], used_by: str) -> _Bought:
    known = [one for one in cuts_mm if one is not None]
    if len(known) < len(cuts_mm):
        return _Bought(kind, f"{part}, length not said", 1, "pcs", used_by)
    return _Bought(kind, part, max(known) / 1000, "m", used_by)


def _cable_words(plan: Plan, cable: str, names: list[str]) -> str:
    planned = plan.cables.get(cable)
    if planned is not None and planned.part:
        return planned.part
    cores: dict[str, int] = {}
    for name in names:
        csa = plan.conductors[name].csa_mm2
        size = _UNKNOWN_SIZE if csa is None else f"{csa:g} mm²"
        cores[size] = cores.get(size, 0) + 1
    is_shielded = any(one.shield and one.cable == cable for one in plan.conductors.values())
    words = " + ".join(f"{count} × {size}" for size, count in cores.items())
    return f"{'shielded ' if is_shielded else ''}cable {words}"


def _protection(plan: Plan) -> Iterable[_Bought]:
    for name, fuse in plan.fuses.items():
        yield _Bought("fuse", fuse_words(fuse), 1, "pcs", name)
    for name, fuse in plan.fuses.items():
        holds = "" if fuse.holder_max_a is None else f", up to {fuse.holder_max_a:g} A"
        yield _Bought("fuse holder", f"{'blade ' if fuse.kind == 'blade' else ''}fuse holder{holds}", 1, "pcs", name)
    for name, splice in plan.splices.items():
        yield _Bought("splice", _splice_words(splice), 1, "pcs", name)


def _splice_words(splice: Splice) -> str:
    words = splice.kind if splice.kind == "busbar" else f"{splice.kind} splice"
    return words if splice.rating_a is None else f"{words}, {splice.rating_a:g} A"


def _contacts(plan: Plan) -> Iterable[_Bought]:
    for name, connector in plan.connectors.items():
        yield _Bought("connector", connector.part or _connector_words(connector), 1, "pcs", name)
    for name, connector in plan.connectors.items():
        for pin, cavity in connector.cavities.items():
            point = f"{name}.{pin}"
            ends = [one for one in plan.conductors.values() if point in (one.start, one.end) and not one.shield]
            if cavity.contact:
                yield _Bought("contact", cavity.contact, 1, "pcs", name)
            elif ends and connector.kind != "terminal":
                csa = ends[0].csa_mm2
                size = _UNKNOWN_SIZE if csa is None else f"{csa:g} mm²"
                whose = connector.part or _connector_words(connector)
                yield _Bought("contact", f"contact for {size}, to suit {whose}", 1, "pcs", name)


def _connector_words(connector: Connector) -> str:
    if connector.kind == "terminal":
        return "terminal"
    return f"{len(connector.cavities)}-way {connector.kind} connector"


def _labels(plan: Plan) -> Iterable[_Bought]:
    for name, conductor in plan.conductors.items():
        if not conductor.shield:
            yield _Bought("label", "flag label", 2, "pcs", name)
    for extra in plan.extras:
        yield _Bought("extra", extra.part, extra.quantity, extra.unit, "")


def _terminal(network: Network, conductor: Conductor) -> str:
    plan = network.plan
    for point in (conductor.start, conductor.end):
        feed = network.feed(point)
        if feed is not None:
            return plan.sources[feed.origin].terminal
    for point in (conductor.start, conductor.end):
        back = network.back(point)
        if back is not None:
            return plan.grounds[back.points[-1]].terminal
    return ""


def _label(name: str, one: Conductor, here: str, there: str, terminal: str) -> str:
    size = "" if one.csa_mm2 is None else f"{one.csa_mm2:g}"
    tail = (terminal, size, one.colour or "")
    tries = (
        (name, f"{here}→{there}", *tail),
        (name, f"→{there}", *tail),
        (name, f"→{there.partition('.')[0]}", *tail),
        (name, *tail),
    )
    texts = [" ".join(word for word in words if word) for words in tries]
    return next((text for text in texts if len(text) <= MAX_LABEL_CHARS), texts[-1][:MAX_LABEL_CHARS])
