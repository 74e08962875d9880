"""How a plan hangs together: what is joined wrongly, joined twice, or used twice. Pure."""

from collections.abc import Iterable, Iterator

from fleet.wiring.rules.network import terminal_of
from fleet.wiring.rules.open_rules import is_turned
from fleet.wiring.rules.rule import Case, Found, rule
from fleet.wiring.rules.ways import Link, Way


def link_path(link: Link) -> str:
    """The path in the plan of a link: its conductor, its fuse, or the cavity that makes the contact."""
    if link.kind in ("conductor", "fuse"):
        return f"{link.kind}s.{link.name}"
    connector, _, pin = link.name.partition(".")
    return f"connectors.{connector}.cavities.{pin}"


@rule("supply-to-return", "safety", "no conductor, contact or fuse joins supply with return")
def supply_to_return(case: Case) -> Iterator[Found]:
    """Of each link that joins supply with return, each shield or screen that is live, and each load that is connected
    the wrong way round; else of each source."""
    short = dict.fromkeys(link_path(link) for link in case.network.bridges)
    for path in short:
        name = path.split(".", 1)[1].replace(".cavities.", ".")
        yield Found("fail", path, f"{name} joins supply with return", f"remove {name}, or lead it elsewhere")
    for path, point in _screens(case):
        if path not in short and case.network.is_fed(point):
            name = path.split(".", 1)[1].replace(".terminals.", ".")
            said = f"the screen {name} is live: it is joined to supply at {point}"
            yield Found("fail", path, said, "join it to a ground, or to nothing")
            short[path] = None
    yield from _turned(case)
    if not short:
        for source in case.plan.sources:
            yield Found("pass", f"sources.{source}", f"{source} is joined to no ground")


def _turned(case: Case) -> Iterator[Found]:
    for name, load in case.plan.loads.items():
        supply, back = terminal_of(name, load, "supply"), terminal_of(name, load, "return")
        if is_turned(case.network, supply, back):
            said = f"{name} is connected the wrong way round: its supply is joined to return, its return to supply"
            yield Found("fail", f"loads.{name}", said, f"swap what {supply} and {back} are joined to")


def _screens(case: Case) -> Iterator[tuple[str, str]]:
    """The ends of shields, and the terminals for them, each with its path."""
    for name, conductor in case.plan.conductors.items():
        if conductor.shield:
            yield f"conductors.{name}", conductor.start
            yield f"conductors.{name}", conductor.end
    for name, load in case.plan.loads.items():
        for pin, terminal in load.terminals.items():
            if terminal.role == "screen":
                yield f"loads.{name}.terminals.{pin}", f"{name}.{pin}"


@rule("fused-negative", "safety", "no fuse is in a return")
def fused_negative(case: Case) -> Iterator[Found]:
    """Of each fuse that a source or a ground is joined to."""
    for name in case.plan.fuses:
        sides = (f"{name}.in", f"{name}.out")
        if any(case.network.is_return(side) for side in sides):
            said = f"{name} is in the return: where it blows, what it served is still live"
            yield Found("fail", f"fuses.{name}", said, "fuse the positive only; lead the return past it")
        elif any(case.network.is_fed(side) for side in sides):
            yield Found("pass", f"fuses.{name}", f"{name} is in the positive")


@rule("parallel-fuses", "safety", "no point is fed by two fuses side by side")
def parallel_fuses(case: Case) -> Iterator[Found]:
    """Of each fuse that a source feeds: none shares what it feeds with another."""
    shared = dict(_fused_twice(case))
    for name in case.plan.fuses:
        if name in shared:
            yield Found(
                "fail",
                f"fuses.{name}",
                f"{name} and {shared[name]} feed the same: what is behind carries both ratings before they blow",
                f"remove {name}, or part what it feeds from what {shared[name]} feeds",
            )
        elif any(case.network.is_fed(f"{name}.{side}") for side in ("in", "out")):
            yield Found("pass", f"fuses.{name}", f"{name} alone feeds what is behind it")


def _fused_twice(case: Case) -> Iterator[tuple[str, str]]:
    """The fuses that feed what another feeds already, each with that other, which the plan has before it."""
    order = list(case.plan.fuses)
    for link in case.network.rings:
        one, other = _fuses_each_way(case, link)
        if one and other:
            earlier, later = sorted((one[-1], other[-1]), key=order.index)
            yield later, earlier


def _fuses_each_way(case: Case, link: Link) -> tuple[list[str], list[str]]:
    """The fuses on the two ways that a ring link joins, where both come from one source or one battery. What counts is
    that both are fused: a way past the only fuse is no ring (see `Network.bypasses`)."""
    one, other = case.network.ring(link)
    if not _same_origin(case, one, other):
        return [], []
    around = [*one.names("fuse"), *([link.name] if link.kind == "fuse" else []), *reversed(other.names("fuse"))]
    return around[:1], around[-1:] if len(around) > 1 else []


def _same_origin(case: Case, one: Way, other: Way) -> bool:
    if one.origin == other.origin:
        return True
    sources = [case.plan.sources.get(way.origin) for way in (one, other)]
    batteries = {None if source is None else source.battery for source in sources}
    return len(batteries) == 1 and None not in batteries and all(s is not None and s.terminal == "30" for s in sources)


@rule("two-ways", "safety", "one way leads from a source to each point, and one back to a ground")
def two_ways(case: Case) -> Iterator[Found]:
    """Of each link that closes a ring; else of each source and ground. Two fuses side by side, and rings through a fuse
    in a return, have their own rules."""
    rings = {link_path(link): _joined_sources(case, link) for link in _plain_rings(case)}
    for path, sources in rings.items():
        name = path.split(".", 1)[1].replace(".cavities.", ".")
        said = f"{name} closes a second way: what is behind stays live, or is returned, where the first is opened"
        if sources:
            said = f"{name} joins {' and '.join(sources)}: one feeds into the other, and opening one leaves both live"
        yield Found("fail", path, said, f"remove {name}, or what it doubles")
    if not rings:
        for kind, names in (("sources", case.plan.sources), ("grounds", case.plan.grounds)):
            yield from (Found("pass", f"{kind}.{name}", f"one way leads to each point of {name}") for name in names)


def _joined_sources(case: Case, link: Link) -> list[str]:
    """The two sources that a ring link joins; none where it goes round from one source or to a ground."""
    origins = dict.fromkeys(way.origin for way in case.network.ring(link))
    sources = [name for name in origins if name in case.plan.sources]
    return sources if len(sources) == len(origins) > 1 else []


def _plain_rings(case: Case) -> Iterable[Link]:
    yield from (link for link in case.network.rings if not all(_fuses_each_way(case, link)))
    for link in case.network.return_rings:
        one, other = case.network.ring(link)
        if link.kind != "fuse" and not one.names("fuse") and not other.names("fuse"):
            yield link


@rule("cavity-used-twice", "safety", "conductors ≤ 1")
def cavity_used_twice(case: Case) -> Iterator[Found]:
    """Of each cavity that a conductor ends in."""
    ends: dict[str, list[str]] = {}
    for name, conductor in case.plan.conductors.items():
        ends.setdefault(conductor.start, []).append(name)
        ends.setdefault(conductor.end, []).append(name)
    for connector, planned in case.plan.connectors.items():
        for pin in planned.cavities:
            names = ends.get(f"{connector}.{pin}", [])
            subject, point = f"connectors.{connector}.cavities.{pin}", f"{connector}.{pin}"
            figures = {"conductors": float(len(names))}
            if len(names) > 1:
                said, remedy = f"{point} has {' and '.join(names)}", "splice them before it, or use another cavity"
                yield Found("fail", subject, said, remedy, figures)
            elif names:
                yield Found("pass", subject, f"{point} has {names[0]} alone", "", figures)


RULES = (
    two_ways,
    fused_negative,
    parallel_fuses,
    supply_to_return,
    cavity_used_twice,
)
