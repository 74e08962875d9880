"""Which links join what has to be apart: supply with return, and the two sides of a fuse. Pure.

Opening the fewest conductors tells best which of them is the mistake: of a way from a source to a ground every link is
on it, but only one has all supplies on its one side and all returns on its other.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from fleet.wiring.rules.ways import Link, LinkKind
from protocols.wiring.plan import Plan

_FOREVER = 1_000_000
_WEIGHTS: dict[LinkKind, int] = {"conductor": 4, "mate": 6, "join": 6, "inside": 6, "fuse": 12}
_TERMINAL_WEIGHT = 5
_FUSE_SIDE_WEIGHT = 1
_MOST_PASSED = 8
_ONE, _OTHER = "<", ">"
"""No point has such a name."""

_Room = dict[str, dict[str, int]]


def reached(links: Iterable[Link], starts: Iterable[str]) -> frozenset[str]:
    """Every point that `links` join to one of `starts`, these included."""
    at: dict[str, list[str]] = {}
    for link in links:
        at.setdefault(link.start, []).append(link.end)
        at.setdefault(link.end, []).append(link.start)
    seen = set(starts)
    waiting = deque(seen)
    while waiting:
        for there in at.get(waiting.popleft(), ()):
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return frozenset(seen)


def bridges(plan: Plan, links: Sequence[Link]) -> list[Link]:
    """The links that join a source with a ground: without them none does."""
    if not reached(links, plan.sources) & plan.grounds.keys():
        return []
    one = dict.fromkeys(plan.sources, _FOREVER)
    other = dict.fromkeys(plan.grounds, _FOREVER)
    for name, load in plan.loads.items():
        for pin, terminal in load.terminals.items():
            if terminal.role in ("supply", "ignition-sense"):
                one[f"{name}.{pin}"] = _TERMINAL_WEIGHT
            elif terminal.role == "return":
                other[f"{name}.{pin}"] = _TERMINAL_WEIGHT
    crossing, _ = _fewest(links, one, other)
    return _between(links, crossing, plan.sources, plan.grounds)


def bypasses(plan: Plan, links: Sequence[Link]) -> dict[str, list[Link]]:
    """By fuse, the links that lead past it from a source to its other side: without them it is on the only way. Of no
    more than eight fuses, for each takes its time; past the others lead a second way and what has no fuse before it."""
    unfused = [link for link in links if link.kind != "fuse"]
    live = reached(unfused, plan.sources)
    found: dict[str, list[Link]] = {}
    for fuse in plan.fuses:
        inner, outer = f"{fuse}.in", f"{fuse}.out"
        if inner in live and outer in live and len(found) < _MOST_PASSED:
            ways = [_past(plan, unfused, inner, outer), _past(plan, unfused, outer, inner)]
            found[fuse] = min(ways, key=lambda way: way[1])[0]
            put_aside = set(found[fuse])
            unfused = [link for link in unfused if link not in put_aside]
            live = reached(unfused, plan.sources)
    return found


def _past(plan: Plan, unfused: Sequence[Link], inner: str, outer: str) -> tuple[list[Link], int]:
    """The links past a fuse whose source is at `inner`, and how much that asks for."""
    other = dict.fromkeys((f"{name}.{side}" for name in plan.fuses for side in ("in", "out")), _FUSE_SIDE_WEIGHT)
    for name, load in plan.loads.items():
        other |= {f"{name}.{pin}": _TERMINAL_WEIGHT for pin in load.terminals}
    other[outer] = _FOREVER
    del other[inner]
    one = dict.fromkeys([*plan.sources, inner], _FOREVER)
    crossing, weight = _fewest(unfused, one, other)
    return _between(unfused, crossing, one, [outer]), weight


def _between(links: Sequence[Link], crossing: Sequence[Link], one: Iterable[str], other: Iterable[str]) -> list[Link]:
    """Those of `crossing` that join what reaches `one` with what reaches `other`."""
    put_aside = set(crossing)
    rest = [link for link in links if link not in put_aside]
    near, far = reached(rest, one), reached(rest, other)
    return [
        link
        for link in crossing
        if (link.start in near and link.end in far) or (link.start in far and link.end in near)
    ]


def _fewest(links: Sequence[Link], one: Mapping[str, int], other: Mapping[str, int]) -> tuple[list[Link], int]:
    """The links to open, nearest to `other`, so that the points of `one` are apart from those of `other`, and their
    weight (maximum flow and minimum cut); a point may be left on the wrong side for its own weight."""
    room: _Room = {_ONE: {}, _OTHER: {}}
    for link in links:
        _add(room, link.start, link.end, _WEIGHTS[link.kind], _WEIGHTS[link.kind])
    for point, weight in one.items():
        _add(room, _ONE, point, weight, 0)
    for point, weight in other.items():
        _add(room, point, _OTHER, weight, 0)
    weight = 0
    while pushed := _pushed(room):
        weight += pushed
    far = _joined_to_other(room)
    return [link for link in links if (link.start in far) != (link.end in far)], weight


def _add(room: _Room, start: str, end: str, forth: int, back: int) -> None:
    there, here = room.setdefault(start, {}), room.setdefault(end, {})
    there[end] = there.get(end, 0) + forth
    here[start] = here.get(start, 0) + back


def _pushed(room: _Room) -> int:
    """What more goes through along a shortest way; 0 where nothing does."""
    before: dict[str, str] = {_ONE: _ONE}
    waiting = deque([_ONE])
    while waiting and _OTHER not in before:
        here = waiting.popleft()
        for there, left in room[here].items():
            if left > 0 and there not in before:
                before[there] = here
                waiting.append(there)
    if _OTHER not in before:
        return 0
    way = [_OTHER]
    while way[-1] != _ONE:
        way.append(before[way[-1]])
    steps = [(start, end) for end, start in pairwise(way)]
    least = min(room[start][end] for start, end in steps)
    for start, end in steps:
        room[start][end] -= least
        room[end][start] += least
    return least


def _joined_to_other(room: _Room) -> frozenset[str]:
    seen, waiting = {_OTHER}, deque([_OTHER])
    while waiting:
        here = waiting.popleft()
        for there in room[here]:
            if there not in seen and room[there].get(here, 0) > 0:
                seen.add(there)
                waiting.append(there)
    return frozenset(seen)
