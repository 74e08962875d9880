"""How a plan's points hang together: what feeds what, where it returns, and which current flows where. Pure.

Current is taken to flow in trees: from a source outwards, and from a load's return to a ground. A link that closes a
ring is in `rings`; a rule tells of it, and no figure is worth anything until it is opened. What joins a source with a
ground, or leads past a fuse, is in `bridges` and `bypasses`; it is told of once, and current is taken not to use it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal, NamedTuple

from fleet.wiring.rules import parting
from fleet.wiring.rules.ways import Forest, Link, LinkKind, Way, grown
from protocols.wiring.parts import Connector, Load
from protocols.wiring.plan import Conductor, Plan
from protocols.wiring.words import TerminalRole

Demand = Literal["running", "peak"]


class Flow(NamedTuple):
    """A load, the way from a source to its supply terminal and the way from its return terminal to a ground; None
    where there is no such way."""

    name: str
    load: Load
    feed: Way | None
    back: Way | None


class Network:
    """The points and links of a plan whose names are right (see `consistency`)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.links: list[Link] = list(_links(plan))
        self.at = _by_point(self.links)

    def conductor(self, name: str) -> Conductor:
        """A conductor of the plan."""
        return self.plan.conductors[name]

    def reached(self, point: str, *, through_fuses: bool = True) -> frozenset[str]:
        """Every point joined to `point`, itself included."""
        seen, waiting = {point}, deque([point])
        while waiting:
            here = waiting.popleft()
            for link in self.at.get(here, ()):
                there = link.other(here)
                if there not in seen and (through_fuses or link.kind != "fuse"):
                    seen.add(there)
                    waiting.append(there)
        return frozenset(seen)

    @cached_property
    def bridges(self) -> list[Link]:
        """The links that join supply with return, shields among them."""
        shields = [
            Link("conductor", name, one.start, one.end) for name, one in self.plan.conductors.items() if one.shield
        ]
        return parting.bridges(self.plan, [*self.links, *shields])

    @cached_property
    def bypasses(self) -> dict[str, list[Link]]:
        """By fuse, the links that lead past it."""
        put_aside = set(self.bridges)
        return parting.bypasses(self.plan, [link for link in self.links if link not in put_aside])

    @cached_property
    def _sound(self) -> dict[str, list[Link]]:
        put_aside = {*self.bridges, *(link for links in self.bypasses.values() for link in links)}
        return _by_point(link for link in self.links if link not in put_aside)

    @cached_property
    def _positive(self) -> Forest:
        return grown(self._sound, self.plan.sources, self.plan.grounds)

    @cached_property
    def _negative(self) -> Forest:
        return grown(self._sound, self.plan.grounds, self.plan.sources)

    @property
    def rings(self) -> list[Link]:
        """Links that close a second way from a source, or between two sources."""
        return self._positive.rings

    @property
    def return_rings(self) -> list[Link]:
        """Links that close a second way to a ground, or between two grounds."""
        return self._negative.rings

    def ring(self, link: Link) -> tuple[Way, Way]:
        """Of a link in `rings` or `return_rings`: the ways to its two ends from where they part, or from two roots."""
        forest = self._positive if link.start in self._positive.roots else self._negative
        ways = [way for end in (link.start, link.end) if (way := forest.way_to(end)) is not None]
        return ways[0].apart_from(ways[-1])

    def onward(self, point: str) -> list[Link]:
        """The links that current takes from a fed point, away from its source."""
        return self._onward.get(point, [])

    @cached_property
    def _onward(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for there, link in self._positive.parents.items():
            found.setdefault(link.other(there), []).append(link)
        return found

    def is_fed(self, point: str) -> bool:
        """Whether a source reaches `point`."""
        return point in self._positive.roots

    def is_return(self, point: str) -> bool:
        """Whether `point` is joined to a ground."""
        return point in self._negative.roots

    def feed(self, point: str) -> Way | None:
        """The way from a source to `point`; None where no source reaches it."""
        return self._positive.way_to(point)

    def back(self, point: str) -> Way | None:
        """The way from `point` to a ground; None where it is joined to none."""
        way = self._negative.way_to(point)
        return None if way is None else way.turned

    def fuse_before(self, point: str) -> str | None:
        """The nearest fuse on the way from a source to `point`; None where there is none."""
        return self._fuse_before.get(point)

    @cached_property
    def _fuse_before(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for there, link in self._positive.parents.items():
            found[there] = link.name if link.kind == "fuse" else found.get(link.other(there))
        return found

    def conductors_behind(self, fuse: str) -> list[tuple[str, bool]]:
        """The conductors that `fuse` protects: those from its outlet until the next fuse, outwards, each with whether
        it is on the fuse's own outlet."""
        return self._behind.get(fuse, [])

    @cached_property
    def _behind(self) -> dict[str, list[tuple[str, bool]]]:
        found: dict[str, list[tuple[str, bool]]] = {}
        for name, conductor in self.plan.conductors.items():
            outer = self.outer_end(name)
            fuse = None if outer is None else self.fuse_before(outer)
            if fuse is not None:
                inner = conductor.start if outer == conductor.end else conductor.end
                found.setdefault(fuse, []).append((name, inner in (f"{fuse}.in", f"{fuse}.out")))
        return found

    def outer_end(self, conductor: str) -> str | None:
        """The end of a fed conductor that is farther from its source; None where no source feeds it, or it closes a
        ring."""
        planned = self.conductor(conductor)
        for end in (planned.end, planned.start):
            parent = self._positive.parents.get(end)
            if parent is not None and (parent.kind, parent.name) == ("conductor", conductor):
                return end
        return None

    @cached_property
    def flows(self) -> list[Flow]:
        """Every load that has a supply terminal, with its ways."""
        found: list[Flow] = []
        for name, load in self.plan.loads.items():
            supply, back = terminal_of(name, load, "supply"), terminal_of(name, load, "return")
            if supply is not None:
                found.append(Flow(name, load, self.feed(supply), None if back is None else self.back(back)))
        return found

    def flows_through(self, kind: LinkKind, name: str) -> list[Flow]:
        """The loads whose current goes through a link."""
        return self._through.get((kind, name), [])

    @cached_property
    def _through(self) -> dict[tuple[LinkKind, str], list[Flow]]:
        found: dict[tuple[LinkKind, str], list[Flow]] = {}
        for flow in self.flows:
            for way in (flow.feed, flow.back):
                for step in way.steps if way is not None else ():
                    found.setdefault((step.link.kind, step.link.name), []).append(flow)
        return found

    def current_a(self, kind: LinkKind, name: str, demand: Demand) -> float | None:
        """The current through a link, amperes; None where a load behind it does not say what it draws."""
        return total_a((flow.load for flow in self.flows_through(kind, name)), demand)

    def current_at_a(self, point: str, demand: Demand) -> float | None:
        """The current through a point, amperes; None where a load does not say what it draws."""
        return total_a((flow.load for flow in self.flows_at(point)), demand)

    def flows_at(self, point: str) -> list[Flow]:
        """The loads whose current goes through a point."""
        return self._at_points.get(point, [])

    @cached_property
    def _at_points(self) -> dict[str, list[Flow]]:
        found: dict[str, list[Flow]] = {}
        for flow in self.flows:
            for way in (flow.feed, flow.back):
                for point in way.points if way is not None else ():
                    found.setdefault(point, []).append(flow)
        return found


def origin_of(flow: Flow) -> str | None:
    """The source that feeds a load; None where none does."""
    return None if flow.feed is None else flow.feed.origin


def terminal_of(name: str, load: Load, role: TerminalRole) -> str | None:
    """The point of a load's terminal with a role; None where it has none."""
    return next((f"{name}.{pin}" for pin, terminal in load.terminals.items() if terminal.role == role), None)


def total_a(loads: Iterable[Load], demand: Demand) -> float | None:
    """What loads draw together, amperes; None where one of them does not say."""
    total = 0.0
    for load in loads:
        drawn = load.running_a if demand == "running" else load.peak_a
        if drawn is None:
            return None
        total += drawn
    return total


def _by_point(links: Iterable[Link]) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.start, []).append(link)
        found.setdefault(link.end, []).append(link)
    return found


def _links(plan: Plan) -> Iterator[Link]:
    for name, conductor in plan.conductors.items():
        if not conductor.shield:
            yield Link("conductor", name, conductor.start, conductor.end)
    for name in plan.fuses:
        yield Link("fuse", name, f"{name}.in", f"{name}.out")
    for name, connector in plan.connectors.items():
        yield from _contacts(name, connector)
    for first, second in mated(plan):
        for pin in plan.connectors[first].cavities:
            if pin in plan.connectors[second].cavities:
                yield Link("mate", f"{first}.{pin}", f"{first}.{pin}", f"{second}.{pin}")


def _contacts(name: str, connector: Connector) -> Iterator[Link]:
    for pin, cavity in connector.cavities.items():
        if cavity.joins is not None:
            yield Link("join", f"{name}.{pin}", f"{name}.{pin}", cavity.joins)
    for first, second in connector.links:
        yield Link("inside", f"{name}.{first}", f"{name}.{first}", f"{name}.{second}")


def mated(plan: Plan) -> list[tuple[str, str]]:
    """The pairs of connectors that mate, each once, whichever of the two says so."""
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for name, connector in plan.connectors.items():
        if connector.mates in plan.connectors and connector.mates != name:
            pairs.setdefault(frozenset((name, connector.mates)), (name, connector.mates))
    return list(pairs.values())
