"""A plan as rows: from each source outwards, through each load and back to its ground, each conductor once. Pure.

Where a way parts, the smaller branches are indented and the largest goes straight on, so that the deepest plan is
indented a few times only.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from fleet.wiring.rules import diagram_words as words
from fleet.wiring.rules.diagram_chains import BACK, BRANCH, CAVITY, FEED, RING, Stop, arrive, branched, guided
from fleet.wiring.rules.diagram_remarks import Remarks
from fleet.wiring.rules.diagram_rows import Figures, Row
from fleet.wiring.rules.marks import Mark, number
from fleet.wiring.rules.network import Network, terminal_of
from fleet.wiring.rules.ways import Link, grown
from protocols.wiring.plan import Plan

_SIGNS = {"source": "●", "ground": "╧", "splice": "◆", "connector": CAVITY.text, "bus": "═"}


class Block(NamedTuple):
    """Rows that belong together, under a title where they do not speak for themselves."""

    title: str
    rows: list[Row]


class _Tree(NamedTuple):
    """What is reached from roots: the links that lead on from each point, how much is behind each, and the rings."""

    onward: dict[str, list[Link]]
    weight: dict[str, int]
    rings: dict[str, list[Link]]


class Drawing:
    """Rows of a plan whose names are right (see `consistency`)."""

    def __init__(self, plan: Plan, network: Network, remarks: Remarks) -> None:
        self._plan, self._network, self._remarks = plan, network, remarks
        self._drawn: set[Link] = set()
        self._seen: set[str] = set()
        self._loads: set[str] = set()

    def blocks(self) -> list[Block]:
        """A block for each source, then buses, then what is joined to neither, then shields."""
        plan = self._plan
        feeds = self._tree(plan.sources, plan.grounds)
        found = [
            Block("", self._chain(name, feeds)) for name in sorted(plan.sources, key=lambda name: -feeds.weight[name])
        ]
        for name, bus in plan.buses.items():
            rows = [Row(Mark(_SIGNS["bus"]), name, words.bus_words(bus), remarks=self._remarks.take(f"buses.{name}"))]
            tree = self._tree((f"{name}.h", f"{name}.l"), (*plan.sources, *plan.grounds))
            for line in ("h", "l"):
                rows += branched(self._chain(f"{name}.{line}", tree), is_last=line == "l")
            found.append(Block("", rows))
        found += self._rest()
        shields = [
            self._wire(name, FEED)._replace(text=f"{one.start} → {one.end}")
            for name, one in plan.conductors.items()
            if one.shield
        ]
        return [*found, *([Block("shields", shields)] if shields else [])]

    def _rest(self) -> Iterator[Block]:
        """What neither a source nor a bus leads to, so that nothing is left out."""
        for name, load in self._plan.loads.items():
            if name not in self._loads:
                first = terminal_of(name, load, "supply") or f"{name}.{next(iter(load.terminals))}"
                yield Block(f"{name}, not fed", self._chain(first, self._tree((first,), self._plan.grounds)))
        for name in self._plan.grounds:
            if any(link not in self._drawn for link in self._network.at.get(name, ())):
                yield Block(f"also at {name}", self._chain(name, self._tree((name,), self._plan.sources), BACK))
        title = "joined to no source"
        for link in self._network.links:
            if link not in self._drawn and link.kind != "fuse":
                yield Block(title, self._chain(link.start, self._tree((link.start,), ())))
                title = ""
        for name in self._plan.fuses:
            if f"{name}.in" not in self._seen:
                yield Block("joined to nothing", [*self._station(f"{name}.in")])

    def _tree(self, roots: Iterable[str], walls: Iterable[str]) -> _Tree:
        at = {point: [link for link in links if link not in self._drawn] for point, links in self._network.at.items()}
        forest = grown(at, roots, walls)
        onward: dict[str, list[Link]] = {}
        for point, link in forest.parents.items():
            onward.setdefault(link.other(point), []).append(link)
        weight = dict.fromkeys(forest.roots, 1)
        for point in reversed(list(forest.parents)):
            weight[forest.parents[point].other(point)] += weight[point]
        rings: dict[str, list[Link]] = {}
        for ring in forest.rings:
            rings.setdefault(ring.start, []).append(ring)
        return _Tree(onward, weight, rings)

    def _chain(self, root: str, tree: _Tree, guide: str = FEED) -> list[Row]:
        """From a point straight on to the end of its largest branch, smaller branches within."""
        stops: list[Stop] = []
        here, arrived = root, None
        while True:
            arrive(stops, list(self._station(here, arrived)), arrived)
            stops += [Stop([self._ring(link)], is_branch=True) for link in self._undrawn(tree.rings, here)]
            ways = sorted(self._undrawn(tree.onward, here), key=partial(_weight_behind, tree, here))
            self._drawn.update(ways)
            if not ways:
                break
            if back := self._return(here):
                stops.append(Stop(guided(back, BACK, 0), is_branch=True))
            stops += [Stop(self._branch(link, here, tree, guide), is_branch=True) for link in ways[:-1]]
            arrived = ways[-1]
            if arrived.kind == "conductor":
                stops.append(Stop([self._wire(arrived.name, guide)]))
            here = arrived.other(here)
        turn = len(stops)
        stops += self._return(here)
        return guided(stops, guide, turn)

    def _undrawn(self, links: Mapping[str, list[Link]], point: str) -> list[Link]:
        return [link for link in links.get(point, ()) if link not in self._drawn]

    def _branch(self, link: Link, here: str, tree: _Tree, guide: str) -> list[Row]:
        rows = self._chain(link.other(here), tree, guide)
        if link.kind != "conductor":
            return rows
        return [self._wire(link.name, BRANCH)._replace(guide=Mark(guide)), *rows]

    def _ring(self, link: Link) -> Row:
        self._drawn.add(link)
        text = f"a second way to {link.end}"
        if link.kind == "conductor":
            return self._wire(link.name, RING)._replace(text=text)
        return Row(Mark(RING, "fair"), link.name, text)

    def _wire(self, name: str, sign: str) -> Row:
        conductor = self._plan.conductors[name]
        currents = [self._network.current_a("conductor", name, demand) for demand in ("running", "peak")]
        is_loaded = bool(self._network.flows_through("conductor", name))
        figures = Figures(
            number(conductor.csa_mm2),
            conductor.colour or "?",
            number(conductor.length_m),
            *(number(current) if is_loaded else "–" for current in currents),
        )
        base = (conductor.colour or "")[:2]
        painted = Mark(sign, "colour", base) if base else Mark(sign)
        remarks = self._remarks.take(f"conductors.{name}", *_cable_path(conductor.cable))
        return Row(painted, name, words.conductor_words(conductor), figures, remarks)

    def _station(self, point: str, arrived: Link | None = None) -> Iterator[Row]:
        """The rows of a point itself: none for the far side of a fuse that was drawn."""
        self._seen.add(point)
        name, _, pin = point.partition(".")
        plan = self._plan
        if name in plan.fuses:
            if arrived is None or arrived.kind != "fuse":
                self._seen.update((f"{name}.in", f"{name}.out"))
                remarks = self._remarks.take(f"fuses.{name}")
                yield Row(Mark("▬", "strong"), name, words.fuse_words(plan.fuses[name]), remarks=remarks)
        elif name in plan.loads:
            yield self._load(name, pin)
        elif name in plan.sources:
            yield self._source(name)
        else:
            kind = next((kind for kind in _SIGNS if name in getattr(plan, _plural(kind))), "connector")
            remarks = self._remarks.take(f"{_plural(kind)}.{name}", f"connectors.{name}.cavities.{pin}")
            yield Row(Mark(_SIGNS[kind], "strong"), point, words.point_words(plan, point), remarks=remarks)

    def _source(self, name: str) -> Row:
        source = self._plan.sources[name]
        battery = () if source.battery is None else (f"vehicle.batteries.{source.battery}",)
        remarks = self._remarks.take(f"sources.{name}", *battery)
        return Row(Mark(_SIGNS["source"], "strong"), name, words.source_words(source), remarks=remarks)

    def _load(self, name: str, pin: str) -> Row:
        load = self._plan.loads[name]
        terminal = load.terminals.get(pin)
        paths = [f"loads.{name}.terminals.{pin}"]
        if name in self._loads or terminal is None or terminal.role != "supply":
            text = "" if terminal is None else words.terminal_words(terminal)
            return Row(Mark("▪", "strong"), f"{name}.{pin}", text, remarks=self._remarks.take(*paths))
        self._loads.add(name)
        text = words.load_words(self._network, name, load)
        return Row(Mark("■", "strong"), f"{name}.{pin}", text, remarks=self._remarks.take(f"loads.{name}", *paths))

    def _return(self, point: str) -> list[Stop]:
        """From a load's supply terminal what lies from its return to a ground, or to where another's was drawn."""
        name = point.partition(".")[0]
        load = self._plan.loads.get(name)
        if load is None or point != terminal_of(name, load, "supply"):
            return []
        back = terminal_of(name, load, "return")
        if back is None:
            return []
        stops = [Stop([self._load(name, back.partition(".")[2])])]
        way = self._network.back(back)
        for step in way.steps if way is not None else ():
            if step.link in self._drawn:
                joined = way.points[-1] if way is not None else ""
                return [*stops, Stop([Row(Mark("╰"), "", f"with the return above to {joined}")])]
            self._drawn.add(step.link)
            if step.link.kind == "conductor":
                stops.append(Stop([self._wire(step.link.name, BACK)]))
            arrive(stops, list(self._station(step.to, step.link)), step.link)
        return stops


def _weight_behind(tree: _Tree, here: str, link: Link) -> int:
    return tree.weight[link.other(here)]


def _plural(kind: str) -> str:
    return "buses" if kind == "bus" else f"{kind}s"


def _cable_path(cable: str | None) -> tuple[str, ...]:
    return () if cable is None else (f"cables.{cable}",)
