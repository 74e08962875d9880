"""Points that are joined, and the ways that current takes between them. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

LinkKind = Literal["conductor", "fuse", "mate", "join", "inside"]


class Link(NamedTuple):
    """Two points that are joined. `name`: of the conductor or fuse; of a contact, the cavity's point."""

    kind: LinkKind
    name: str
    start: str
    end: str

    def other(self, point: str) -> str:
        """The end that is not `point`."""
        return self.end if point == self.start else self.start


class Step(NamedTuple):
    """A link on a way, and the point that it leads to."""

    link: Link
    to: str


class Way(NamedTuple):
    """From `origin` along `steps`, in the direction of the current."""

    origin: str
    steps: tuple[Step, ...]

    def names(self, kind: LinkKind) -> list[str]:
        """The names of its links of one kind, in order."""
        return [step.link.name for step in self.steps if step.link.kind == kind]

    @property
    def points(self) -> list[str]:
        """Every point it goes through, both ends included."""
        return [self.origin, *(step.to for step in self.steps)]

    def apart_from(self, other: "Way") -> tuple["Way", "Way"]:
        """Both ways from where they part; as they are where they begin at two points."""
        shared = 0
        for mine, theirs in zip(self.steps, other.steps, strict=False):
            if self.origin != other.origin or mine != theirs:
                break
            shared += 1
        return Way(self.points[shared], self.steps[shared:]), Way(other.points[shared], other.steps[shared:])

    @property
    def turned(self) -> "Way":
        """The same way in the other direction."""
        points = self.points
        steps = [Step(step.link, points[at]) for at, step in enumerate(self.steps)]
        return Way(points[-1], tuple(reversed(steps)))


class Forest(NamedTuple):
    """Trees that grow from roots: for each point the link that leads to it, and the root of its tree."""

    parents: dict[str, Link]
    roots: dict[str, str]
    rings: list[Link]

    def way_to(self, point: str) -> Way | None:
        """The way from its root to `point`; None where no root reaches it."""
        if point not in self.roots:
            return None
        steps: list[Step] = []
        here = point
        while here in self.parents:
            link = self.parents[here]
            steps.append(Step(link, here))
            here = link.other(here)
        return Way(here, tuple(reversed(steps)))


def grown(at: Mapping[str, Sequence[Link]], roots: Iterable[str], walls: Iterable[str]) -> Forest:
    """The trees that grow breadth first from all roots at once, not beyond `walls`; `at` has each point's links."""
    walled = frozenset(walls)
    parents: dict[str, Link] = {}
    rooted = {root: root for root in roots}
    rings: list[Link] = []
    waiting = deque(rooted)
    used: set[Link] = set()
    while waiting:
        here = waiting.popleft()
        for link in () if here in walled else at.get(here, ()):
            if link in used:
                continue
            used.add(link)
            there = link.other(here)
            if there in rooted:
                rings.append(link)
            else:
                rooted[there], parents[there] = rooted[here], link
                waiting.append(there)
    return Forest(parents, rooted, rings)
