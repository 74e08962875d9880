"""The move that helps: what a deployment needs next, done by somebody who may, so that walks come far."""

from random import Random

from protocols.api.deployments import Attending, DeploymentView, NamedAuthorities, NewVisit, SetKit, SetVisits
from protocols.api.kit import Scan
from protocols.deployments import Step
from tests.fuzz.deployments import papers
from tests.fuzz.deployments.moves import APPROVERS, ENGINEERS, HOUR, PLANNERS, Asked, Known, go


async def help_on(known: Known, draw: Random) -> Asked | None:
    """The next thing that one of the deployments lacks, or its next step."""
    if not known.deployments:
        return None
    # Most help goes to one of them: what is shared between all brings none far.
    which = known.deployments[0] if draw.random() < 0.6 else draw.choice(known.deployments)
    view = await known.door("SU-01").deployment(which)
    owed = [one for one in view.steps if one.skipped and one.owed_until is not None]
    if owed and draw.random() < 0.3:
        return _step(known, draw, view, owed[0].step)
    match view.row.state:
        case "requested" | "feasible" | "planned":
            return await _plan(known, draw, view)
        case "authorised" | "checked-out":
            return await _take(known, draw, view)
        case "recovered":
            return await _bring(known, draw, view)
        case "closed" | "cancelled":
            return None
        case _:
            return await _work(known, draw, view)


def _step(known: Known, draw: Random, view: DeploymentView, step: Step) -> Asked:
    people = {"plan": PLANNERS, "close": PLANNERS, "authorise": APPROVERS}.get(step, ENGINEERS)
    able = [one for one in people if step != "authorise" or one != view.requested_by]
    return go(known, draw.choice(able), view, step, view.version)


async def _plan(known: Known, draw: Random, view: DeploymentView) -> Asked:
    which, door = view.row.deployment, known.door("SU-01")
    if view.row.state == "requested":
        return _step(known, draw, view, "assess")
    if view.row.state == "planned":
        return await _authority(known, draw, view) or _step(known, draw, view, "authorise")
    if not view.visits:
        starts_at = known.now.replace(minute=0, second=0) + draw.choice((1, 2, 5)) * HOUR
        people = [Attending(person=draw.choice(ENGINEERS[:2]))]
        wanted = NewVisit(kind="fit", starts_at=starts_at, ends_at=starts_at + HOUR, people=people)
        asked = SetVisits(based_on=view.version, visits=[wanted])
        return Asked(f"SU-01 sends {people[0].person} for {which}", lambda: door.set_visits(which, asked))
    if not any(one.kind == "unit" for one in view.items):
        picked = SetKit(based_on=view.version, pick=True)
        return Asked(f"SU-01 has kit picked for {which}", lambda: door.set_kit(which, picked))
    return _step(known, draw, view, "plan")


async def _authority(known: Known, draw: Random, view: DeploymentView) -> Asked | None:
    """Have authorities recorded and named; None where some that are in force are named."""
    which, door = view.row.deployment, known.door("TO-12")
    if any(one.state == "in-force" for one in view.authorities) and draw.random() < 0.8:
        return None
    if not known.authorities or draw.random() < 0.3:
        return await papers.record(known, draw, "AP-01")
    named = NamedAuthorities(based_on=view.version, authorities=list(known.authorities)[-10:])
    return Asked(f"TO-12 rests {which} on all", lambda: door.name_authorities(which, named))


async def _take(known: Known, draw: Random, view: DeploymentView) -> Asked:
    which = view.row.deployment
    left = [one.item for one in view.items if one.deployment != which]
    if left:
        person, asked = draw.choice(ENGINEERS), Scan(item=left[0], way="out", deployment=which)
        return Asked(f"{person} takes {left[0]} for {which}", lambda: known.door(person).scan_kit(asked))
    if view.row.state == "authorised":
        return _step(known, draw, view, "check-out")
    return await _authority(known, draw, view) or _step(known, draw, view, "fit")


async def _work(known: Known, draw: Random, view: DeploymentView) -> Asked | None:
    which = view.row.deployment
    step: Step = {"fitted": "commission", "commissioned": "go-live", "maintenance": "resume"}.get(  # type: ignore[assignment] # all are steps
        view.row.state, "recover"
    )
    if step == "commission" and not view.certificates:
        await known.world.report(known.furniture, well=draw.random() < 0.9)
        return Asked(f"TO-12 judges {which}", lambda: known.door("TO-12").judge_readiness(which))
    if draw.random() < 0.15:
        step = draw.choice(("recover", "maintain"))
    return await _authority(known, draw, view) if draw.random() < 0.2 else _step(known, draw, view, step)


async def _bring(known: Known, draw: Random, view: DeploymentView) -> Asked:
    which = view.row.deployment
    out = [one.item for one in view.items if one.deployment == which]
    if out:
        person, asked = draw.choice(ENGINEERS), Scan(item=out[0], way="in", place="STORE-1")
        return Asked(f"{person} brings {out[0]} of {which}", lambda: known.door(person).scan_kit(asked))
    if view.row.alarms:
        alarms = (await known.door("SU-01").alarms(open_only=True)).alarms
        if alarms:
            first = alarms[0].alarm
            return Asked(f"SU-01 acknowledges {first}", lambda: known.door("SU-01").acknowledge_alarm(first))
    return _step(known, draw, view, "close")
