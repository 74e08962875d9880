"""What people try on a walk: each move draws who does what with which arguments, and gives back what is then asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, NamedTuple, get_args

from fleet.client import FleetClient
from protocols.access_record import Modality
from protocols.api.deployments import (
    Attending,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewIncident,
    NewVisit,
    SetDeployment,
    SetKit,
    SetVisits,
    StepAsked,
)
from protocols.api.kit import ConditionSeen, Scan
from protocols.deployments import KitWanted, Step, Work
from protocols.kit import ServiceState
from tests.fuzz.deployments.world import Furniture, World

ENGINEERS = ("TO-11", "TO-12", "TO-13")
PLANNERS = ("SU-01", "SU-02")
APPROVERS = ("AP-01", "AP-01", "SU-02", "SU-01")
WORKERS = (*ENGINEERS, *PLANNERS)
ANYBODY = (*WORKERS, "AP-01")
HOUR = timedelta(hours=1)
STEPS: tuple[Step, ...] = get_args(Step)

WORKS: tuple[list[Work], ...] = ([], ["driving"])
MODALITIES: tuple[list[Modality], ...] = (["video"], ["video"], ["video", "audio"], ["position"])
WAYS: tuple[Literal["out", "in", "hand-over"], ...] = ("out", "out", "in", "in", "hand-over")
SERVICE: tuple[ServiceState, ...] = ("in-service", "in-service", "in-service", "quarantined", "in-repair", "lost")

STARTS_H = (0, 1, 6, 24)
LASTS_H = (3, 48, 48, 96)
VISITS_H = ((1, 2), (1, 4), (3, 6), (25, 30), (48, 60))


class Asked(NamedTuple):
    """What is about to be asked, in words, and the asking."""

    words: str
    ask: Callable[[], Awaitable[object]]


@dataclass
class Known:
    """What a walk knows of: its furniture, and what came of it so far, in order."""

    world: World
    furniture: Furniture
    begun_at: datetime
    deployments: list[str] = field(default_factory=list)
    authorities: list[str] = field(default_factory=list)
    mandates: list[str] = field(default_factory=list)
    is_far: bool = False
    """The walk began from a deployment that was helped."""

    def door(self, person: str) -> FleetClient:
        """Somebody's way in."""
        return self.world.house[person]

    @property
    def now(self) -> datetime:
        """The controller's time."""
        return self.world.house.clock.now

    async def view(self, draw: Random) -> DeploymentView | None:
        """One of the deployments, as SU-01 sees it; None while there is none."""
        if not self.deployments:
            return None
        return await self.door("SU-01").deployment(draw.choice(self.deployments))

    def based_on(self, draw: Random, view: DeploymentView) -> int:
        """The version that somebody saw, rarely an older one."""
        return view.version if draw.random() < 0.93 else max(1, view.version - 1)


def some(draw: Random, there: Any, most: int) -> list[Any]:
    """A few of what is there, in any order."""
    return draw.sample(list(there), draw.randint(0, min(most, len(there))))


async def request(known: Known, draw: Random) -> Asked:
    """Ask for a deployment."""
    person, starts_h = draw.choice(ANYBODY), draw.choice(STARTS_H)
    starts_at = known.now + starts_h * HOUR
    new = NewDeployment(
        kind=draw.choice(("av-capture", "property-tracking")),
        title="a walk",
        site=draw.choice(("NORTH",) * 9 + (None,)),
        starts_at=starts_at,
        expected_back_at=starts_at + draw.choice(LASTS_H) * HOUR,
        wants=[KitWanted(kind="unit", count=1), *some(draw, [KitWanted(kind="battery", count=1)], 1)],
        works=draw.choice(WORKS),
        modalities=draw.choice(MODALITIES),
        lead=draw.choice((*WORKERS, None)),
        rota=draw.choice(("technical", "technical", None)),
        supervisor=draw.choice((*PLANNERS, None)),
    )

    async def ask() -> None:
        known.deployments.append((await known.door(person).request_deployment(new)).row.deployment)

    return Asked(f"{person} asks for a deployment in {starts_h} h until {new.expected_back_at}", ask)


async def incident(known: Known, draw: Random) -> Asked:
    """Take the fast path."""
    person = draw.choice(ANYBODY)
    new = NewIncident(
        site=draw.choice(("NORTH", None)),
        items=draw.choice(([], some(draw, known.furniture.items, 3))),
        authorities=some(draw, known.authorities, 2),
        hours=draw.choice((1, 24, 72)),
        going=draw.random() < 0.3,
    )

    async def ask() -> None:
        known.deployments.append((await known.door(person).begin_incident(new)).row.deployment)

    return Asked(f"{person} has an incident with {new.items or 'what is there'}", ask)


async def change(known: Known, draw: Random) -> Asked | None:
    """Change what was asked for."""
    if (view := await known.view(draw)) is None:
        return None
    person, which = draw.choice(WORKERS), view.row.deployment
    starts_at = draw.choice((None, known.now + draw.choice(STARTS_H) * HOUR))
    ends_at = draw.choice((None, known.now + draw.choice(LASTS_H) * HOUR))
    wanted = SetDeployment(
        based_on=known.based_on(draw, view),
        starts_at=starts_at,
        expected_back_at=ends_at,
        lead=draw.choice((None, *WORKERS)),
        modalities=draw.choice((None, None, None, *MODALITIES)),
        works=draw.choice((None, None, *WORKS)),
    )
    words = f"{person} changes {which}: {starts_at} until {ends_at}, {wanted.lead}, {wanted.modalities}"
    return Asked(words, lambda: known.door(person).set_deployment(which, wanted))


def _visit(known: Known, draw: Random) -> NewVisit:
    from_h, to_h = draw.choice(VISITS_H)
    base = draw.choice((known.begun_at, known.now)).replace(minute=0, second=0)
    people = draw.sample(ENGINEERS, draw.choice((1, 1, 2)))
    return NewVisit(
        kind=draw.choice(("fit", "fit", "recover", "maintain", "survey")),
        starts_at=base + from_h * HOUR,
        ends_at=base + to_h * HOUR,
        people=[Attending(person=one) for one in people],
        away=draw.random() < 0.2,
        works=draw.choice((None, *WORKS)),
    )


async def visits(known: Known, draw: Random) -> Asked | None:
    """Plan who goes."""
    if (view := await known.view(draw)) is None:
        return None
    person, which = draw.choice(WORKERS), view.row.deployment
    wanted = SetVisits(
        based_on=known.based_on(draw, view), visits=[_visit(known, draw) for _ in range(draw.randint(0, 3))]
    )
    told = "; ".join(
        f"{one.kind} {one.starts_at:%d %H:%M}-{one.ends_at:%d %H:%M} {[man.person for man in one.people]}"
        for one in wanted.visits
    )
    return Asked(f"{person} plans for {which}: {told}", lambda: known.door(person).set_visits(which, wanted))


async def kit(known: Known, draw: Random) -> Asked | None:
    """Keep kit."""
    if (view := await known.view(draw)) is None:
        return None
    person, which = draw.choice(WORKERS), view.row.deployment
    wanted = SetKit(
        based_on=known.based_on(draw, view), items=some(draw, known.furniture.items, 3), pick=draw.random() < 0.5
    )
    words = f"{person} keeps {wanted.items} for {which}{', picked' if wanted.pick else ''}"
    return Asked(words, lambda: known.door(person).set_kit(which, wanted))


async def name_papers(known: Known, draw: Random) -> Asked | None:
    """Name authorities."""
    if (view := await known.view(draw)) is None:
        return None
    person, which = draw.choice(WORKERS), view.row.deployment
    named = NamedAuthorities(based_on=known.based_on(draw, view), authorities=some(draw, known.authorities, 3))
    words = f"{person} rests {which} on {named.authorities}"
    return Asked(words, lambda: known.door(person).name_authorities(which, named))


async def step(known: Known, draw: Random) -> Asked | None:
    """Go any step, or one that could be next."""
    if (view := await known.view(draw)) is None:
        return None
    coming = [one.step for one in view.steps if one.is_next]
    going: Step = draw.choice(coming if coming and draw.random() < 0.7 else STEPS)
    return go(known, draw.choice(ANYBODY), view, going, known.based_on(draw, view))


def go(known: Known, person: str, view: DeploymentView, going: Step, based_on: int) -> Asked:
    """Somebody goes a step."""
    asked = StepAsked(based_on=based_on, reason="as it was told")
    which = view.row.deployment
    return Asked(f"{person}: {going} {which}", lambda: known.door(person).go_step(which, going, asked))


async def scan(known: Known, draw: Random) -> Asked:
    """Take, bring or take over an item."""
    person, item = draw.choice(WORKERS), draw.choice(known.furniture.items)
    way = draw.choice(WAYS)
    about = draw.choice((None, *known.deployments)) if way == "out" else None
    asked = Scan(item=item, way=way, deployment=about)
    return Asked(f"{person} scans {item} {way} for {about}", lambda: known.door(person).scan_kit(asked))


async def swap(known: Known, draw: Random) -> Asked | None:
    """Bring something back from where it is, or take another thing there."""
    if (view := await known.view(draw)) is None:
        return None
    person, which = draw.choice(ENGINEERS), view.row.deployment
    out = [one.item for one in view.items if one.deployment == which]
    others = [one for one in known.furniture.items if one not in out]
    if out and draw.random() < 0.5:
        asked = Scan(item=draw.choice(out), way="in", place="STORE-1")
    elif others:
        asked = Scan(item=draw.choice(others), way="out", deployment=which)
    else:
        return None
    return Asked(f"{person} swaps {asked.item} {asked.way} for {which}", lambda: known.door(person).scan_kit(asked))


async def service(known: Known, draw: Random) -> Asked:
    """See an item's condition, or have it out of service."""
    person, item = draw.choice(WORKERS), draw.choice(known.furniture.items)
    if draw.random() < 0.3:
        seen = ConditionSeen(condition=draw.choice(("good", "worn", "damaged")))
        words = f"{person} finds {item} {seen.condition}"
        return Asked(words, lambda: known.door(person).see_kit_condition(item, seen))
    state = draw.choice(SERVICE)
    words = f"{person} has {item} {state}"
    return Asked(words, lambda: known.door(person).change_kit_service(item, state, "on a walk"))


async def keeper(known: Known, draw: Random) -> Asked:
    """Another person keeps the store."""
    person, keeps = draw.choice(PLANNERS), draw.choice(("SU-01", "SU-02", "TO-11"))
    words = f"{person} gives STORE-1 to {keeps}"
    return Asked(words, lambda: known.door(person).put_kit_place("STORE-1", "main store", keeps))
