"""Which conductors of a plan are wires of one WireViz cable or bundle, which has one gauge and one length. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fleet.wiring.rules.wireviz_words import figure, notes_of, number, shown
from protocols.wiring.plan import Conductor, Plan

_NAME = re.compile("[A-Za-z][A-Za-z0-9_-]{0,23}")


class Group(NamedTuple):
    """A WireViz cable: its designator, the conductors that are its wires in order, and its shield. `sheath`: the
    plan's cable; None for a bundle."""

    name: str
    conductors: list[str]
    sheath: str | None = None
    shield: str | None = None

    @property
    def wires(self) -> list[tuple[str, object]]:
        """Each conductor with how WireViz refers to it."""
        return [*((name, count) for count, name in enumerate(self.conductors, start=1)), *self._shields]

    @property
    def _shields(self) -> list[tuple[str, object]]:
        return [] if self.shield is None else [(self.shield, "s")]


class _Alike(NamedTuple):
    """What all wires of a WireViz cable have in common."""

    csa_mm2: float | None
    length_m: float | None
    type: str
    route: str


def _alike(conductor: Conductor) -> _Alike:
    return _Alike(conductor.csa_mm2, conductor.length_m, conductor.type, conductor.route)


def grouped(plan: Plan, connectors: Iterable[str], lost: list[str]) -> list[Group]:
    """Every conductor of a plan in one group; what that changes is added to `lost`. `connectors`: names that WireViz
    cables may not have."""
    taken = {*connectors}
    groups: list[Group] = []
    for sheath in plan.cables:
        groups += _of_sheath(plan, sheath, taken, lost)
    loose = {name: conductor for name, conductor in plan.conductors.items() if conductor.cable is None}
    lost.extend(f"conductors.{name}.shield: a wire here, for it is of no cable" for name in loose if loose[name].shield)
    bundles = _bundles(loose, taken | set(loose))
    taken.update(bundles)
    groups += [Group(route, names) for route, names in bundles.items()]
    components = {*connectors, *plan.cables}
    lost.extend(
        f"conductors.{name}: read under another name, for something else is called {name}"
        for group in groups
        for name in group.conductors
        if name in components
    )
    bundled = {name for names in bundles.values() for name in names}
    for name in loose:
        if name not in bundled:
            groups.append(Group(_free(name, taken), [name]))
            if groups[-1].name != name:
                lost.append(f"conductors.{name}: called {groups[-1].name}, for something else is called {name}")
    return groups


def _of_sheath(plan: Plan, sheath: str, taken: set[str], lost: list[str]) -> list[Group]:
    inside = {name: conductor for name, conductor in plan.conductors.items() if conductor.cable == sheath}
    if not inside:
        lost.append(f"cables.{sheath}: it has no conductors, and WireViz draws none without")
        return []
    shields = [name for name, conductor in inside.items() if conductor.shield]
    shield = shields[0] if shields and len(shields) < len(inside) else None
    lost.extend(
        f"conductors.{name}.shield: a wire here, for a cable has one shield" for name in shields if name != shield
    )
    parts: dict[_Alike, list[str]] = {}
    for name, conductor in inside.items():
        if name != shield:
            parts.setdefault(_alike(conductor), []).append(name)
    groups = [Group(_free(sheath, taken), names, sheath) for names in parts.values()]
    if len(groups) > 1:
        lost.append(
            f"cables.{sheath}: drawn as {', '.join(group.name for group in groups)}, "
            "for a cable has one gauge, one length, one type and one route"
        )
    if shield is not None:
        groups[0] = groups[0]._replace(shield=shield)
        lost.extend(_of_shield(groups[0].name, shield, inside[shield], inside[groups[0].conductors[0]]))
    return groups


def _of_shield(cable: str, name: str, shield: Conductor, wire: Conductor) -> list[str]:
    """What a shield says otherwise than its cable does."""
    said = _alike(shield)._asdict()
    usual = {**_alike(wire)._asdict(), "csa_mm2": None}
    differing = [field for field, value in said.items() if value != usual[field]]
    named = [] if name == f"{cable}-s" else [f"conductors.{name}: a shield has no name, and is read as {cable}-s"]
    return named + [
        f"conductors.{name}.{field}: WireViz has no place for it, the shield is as the cable"
        for field in (*differing, *(["label"] if shield.label else []))
    ]


def _bundles(loose: Mapping[str, Conductor], taken: set[str]) -> dict[str, list[str]]:
    """Loose conductors of one route that are alike; two or more, and the route's name may be a designator."""
    routes: dict[str, list[str]] = {}
    for name, conductor in loose.items():
        if _NAME.fullmatch(conductor.route) and conductor.route not in taken:
            routes.setdefault(conductor.route, []).append(name)
    return {
        route: names
        for route, names in routes.items()
        if len(names) > 1 and len({_alike(loose[name]) for name in names}) == 1
    }


def _free(name: str, taken: set[str]) -> str:
    free = next(
        one for count in range(1, len(taken) + 2) if (one := name if count == 1 else f"{name}-{count}") not in taken
    )
    taken.add(free)
    return free


def cable_of(plan: Plan, group: Group) -> dict[str, object]:
    """The attributes of a group as a WireViz cable."""
    wires = [plan.conductors[name] for name in group.conductors]
    first, sheath = wires[0], plan.cables.get(group.sheath or "")
    colours = [wire.colour or "" for wire in wires]
    route = first.route if group.name != first.route or group.sheath is not None or len(wires) == 1 else ""
    said: dict[str, object] = {
        "category": "bundle" if sheath is None else None,
        "type": first.type,
        "pn": shown(sheath.part) if sheath is not None else None,
        "gauge": f"{number(first.csa_mm2)} mm2" if first.csa_mm2 is not None else None,
        "length": figure(first.length_m) if first.length_m is not None else None,
        "color": sheath.sheath if sheath is not None else None,
        "wirecount": len(wires),
        "colors": colours if any(colours) else None,
        "wirelabels": _labels(plan, group),
        "shield": (plan.conductors[group.shield].colour or True) if group.shield is not None else None,
        "notes": notes_of(route=shown(route), note=shown(sheath.note) if sheath is not None else ""),
    }
    return {field: value for field, value in said.items() if value}


def _labels(plan: Plan, group: Group) -> list[str]:
    """A bundle of one wire bears the conductor's name itself; elsewhere each wire does."""
    labels = [plan.conductors[name].label for name in group.conductors]
    if group.sheath is None and group.name == group.conductors[0]:
        return [shown(label) for label in labels] if any(labels) else []
    named = zip(group.conductors, labels, strict=True)
    return [f"{name}: {shown(label)}" if label else name for name, label in named]
