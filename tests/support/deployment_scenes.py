"""A deployment at every step, brought there through the API as people would: for the console's pictures."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from fleet.client import FleetClient
from protocols.api.authorities import DocumentHash, NewAuthority
from protocols.api.checklists import NewEvidence
from protocols.api.deployments import (
    Attending,
    DeploymentView,
    NamedAuthorities,
    NewDeployment,
    NewVisit,
    SetKit,
    SetVisits,
    StepAsked,
)
from protocols.api.kit import NewItem, Scan
from protocols.deployments import ChecklistItem, DeploymentKind, DeploymentState, KitWanted, Step
from protocols.kit import KitModel

SignIn = Callable[[str], AbstractAsyncContextManager[FleetClient]]

STATES: tuple[DeploymentState, ...] = (
    "closed",
    "recovered",
    "maintenance",
    "live",
    "commissioned",
    "fitted",
    "checked-out",
    "authorised",
    "planned",
    "feasible",
    "requested",
)
"""Those that take a unit first, while there are units."""
_WAY: tuple[tuple[Step, str, DeploymentState], ...] = (
    ("assess", "TO-12", "feasible"),
    ("plan", "SU-02", "planned"),
    ("authorise", "SU-05", "authorised"),
    ("check-out", "TO-12", "checked-out"),
    ("fit", "TO-12", "fitted"),
    ("commission", "TO-12", "commissioned"),
    ("go-live", "TO-12", "live"),
    ("maintain", "TO-12", "maintenance"),
    ("recover", "TO-12", "recovered"),
    ("close", "SU-02", "closed"),
)
_PEOPLE = ("TO-12", "SU-02", "SU-05", "AP-04")
_TITLES = ("north yard", "pump house", "east gate", "depot roof", "quay 4", "tower crane", "yard office")
_KINDS: tuple[DeploymentKind, ...] = ("av-capture", "camera-alarm", "property-tracking", "delivery-support")
_MODELS = (
    KitModel(model="scene-unit", kind="unit", name="Van kit 3"),
    KitModel(model="scene-pack", kind="battery", name="Battery 12 V 40 Ah"),
)
_STORE, _SITE = "STORE-9", "K9"
_TRIES = 3


async def lay_down_deployments(sign_in: SignIn) -> None:
    """One deployment in each of STATES, and a handover sheet. What the rules refuse, as of a unit that is not ready,
    stays where it stands, and another is tried."""
    async with AsyncExitStack() as stack:
        doors = {person: await stack.enter_async_context(sign_in(person)) for person in _PEOPLE}
        await _kit(doors["SU-02"])
        authority = await _authority(doors["AP-04"])
        for number, state in enumerate(STATES):
            for again in range(_TRIES):
                if await _bring(doors, number + again * len(STATES), state, authority) == state:
                    break
        await doors["SU-02"].make_handover("technical")


async def _kit(door: FleetClient) -> None:
    """Every unit that is no item yet, and a battery for each deployment."""
    if all(one.site != _SITE for one in (await door.sites(limit=200)).rows):
        await door.put_site(_SITE, 0)
    if any(one.place == _STORE for one in await door.kit_places()):
        return
    await door.put_kit_place(_STORE, "main store", "SU-02")
    for model in _MODELS:
        await door.put_kit_model(model, 0)
    known = {one.unit for one in (await door.kit(kind="unit", limit=500)).rows}
    for unit in (await door.list_units(limit=100)).rows:
        if unit.unit_id not in known and unit.presence == "online":
            await door.add_kit(NewItem(model="scene-unit", place=_STORE, unit=unit.unit_id))
    for _ in STATES:
        await door.add_kit(NewItem(model="scene-pack", place=_STORE))


async def _authority(door: FleetClient) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    new = NewAuthority(
        reference="URN-118/26",
        kinds=["install", "use", "retrieve"],
        modalities=["video", "audio", "position"],
        authorised_by_rank="Superintendent",
        starts_at=now - timedelta(hours=3),
        ends_at=now + timedelta(days=40),
        review_at=[now + timedelta(days=2)],
        document=DocumentHash(salt="5a" * 16, sha256=sha256(b"a scene").hexdigest()),
    )
    return (await door.record_authority(new)).authority_id


async def _bring(doors: dict[str, FleetClient], number: int, state: DeploymentState, authority: str) -> DeploymentState:
    """Ask for one, and go on with it until it is in `state` or a rule refuses; where it is then."""
    door, now = doors["TO-12"], datetime.now(UTC).replace(microsecond=0)
    advice = await door.advice("property-tracking")
    has_unit = bool(advice.kit and advice.kit[0].items) and state not in {"closed", "recovered"}
    wants = [KitWanted(kind="unit", count=1)] if has_unit else []
    new = NewDeployment(
        kind=_KINDS[number % len(_KINDS)],
        title=_TITLES[number % len(_TITLES)],
        site=_SITE,
        starts_at=now,
        expected_back_at=now + timedelta(days=2 + 3 * (number % len(STATES))),
        wants=[*wants, KitWanted(kind="battery", count=1)],
        works=[],
        modalities=["video"],
        lead="TO-12",
        rota="technical",
        supervisor="SU-02",
    )
    view = await door.request_deployment(new)
    for step, person, after in _WAY:
        if view.row.state == state or (step == "maintain" and state != "maintenance"):
            continue
        view = await _ready(doors, view, step, number, authority)
        told = next(one for one in view.steps if one.step == step)
        if any(one.answer == "refused" and one.rule not in {"not-permitted", "same-person"} for one in told.blockers):
            break
        asked = StepAsked(based_on=view.version, reason="as it was planned")
        view = await doors[person].go_step(view.row.deployment, step, asked)
        if after == state:
            break
    return view.row.state


async def _ready(
    doors: dict[str, FleetClient], view: DeploymentView, step: Step, number: int, authority: str
) -> DeploymentView:
    """Do what a step asks for before it."""
    door, about = doors["TO-12"], view.row.deployment
    await _check(door, about, step)
    match step:
        case "plan":
            view = await door.set_visits(about, SetVisits(based_on=view.version, visits=[_visit(number)]))
            await door.set_kit(about, SetKit(based_on=view.version, pick=True))
        case "authorise":
            named = NamedAuthorities(based_on=view.version, authorities=[authority])
            await door.name_authorities(about, named)
        case "check-out":
            for one in view.items:
                await door.scan_kit(Scan(item=one.item, way="out", deployment=about))
        case "commission" if view.row.units:
            await door.judge_readiness(about)
        case "close":
            for one in view.items:
                await door.scan_kit(Scan(item=one.item, way="in", place=_STORE))
    return await door.deployment(about)


async def _check(door: FleetClient, about: str, step: Step) -> None:
    """Meet the checklist of a step."""
    found = [one for one in await door.checklists(about) if one.step == step]
    for item in [item for checklist in found for item in checklist.items]:
        await door.give_evidence(about, _found(step, item))


def _visit(number: int) -> NewVisit:
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1 + 2 * number)
    people = [Attending(person="TO-12", role="lead")]
    return NewVisit(kind="fit", starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), people=people)


def _found(step: Step, item: ChecklistItem) -> NewEvidence:
    """Evidence that meets an item."""
    if item.evidence == "tick":
        return NewEvidence(step=step, key=item.key, ticked=True)
    if item.evidence == "text":
        return NewEvidence(step=step, key=item.key, text="RA-26/118")
    limits = [one for one in (item.at_least, item.at_most) if one is not None]
    return NewEvidence(step=step, key=item.key, number=sum(limits) / len(limits) if limits else 1.0)
