"""How acts in the field are done: steps with their checklists, custody, conditions, reports, readiness, incidents."""

from fleet.client import FleetClient
from fleet.demo.week.planning import ROTA
from fleet.demo.week.stage import OffScript, Stage
from fleet.demo.week.story import Check, Go, In, Incident, Judge, Out, Reports, Seen, Story, Wired
from fleet.demo.week.watching import find_hero
from fleet.wiring.rules.library import template_text
from protocols.api.checklists import NewEvidence
from protocols.api.deployments import NewIncident, StepAsked
from protocols.api.kit import ConditionSeen, Scan
from protocols.deployments import ChecklistItem, Step
from protocols.wiring.fitted import Measured, NewFitting

_OVER_LEAST = 5.0
_VAN_MEASURED = (
    Measured(quantity="battery-v", subject="main", value=12.62),
    Measured(quantity="voltage-at-load-v", subject="camera", value=12.47),
    Measured(quantity="kit-drain-ma", subject="main", value=18.6),
    Measured(quantity="sense-off-v", subject="camera", value=0.04),
    Measured(quantity="sense-on-v", subject="camera", value=12.4),
    Measured(quantity="termination-ohm", subject="body", value=60.3),
)
"""Of the library's van, with the engine off."""
_REASONS: dict[Step, str] = {"maintain": "work on the supply", "cancel": "not needed any more"}


async def incident(stage: Stage, story: Story, act: Incident) -> None:
    """Whoever is on call goes."""
    await find_hero(stage, story, act)
    new = NewIncident(title=story.title, site=story.site, hours=act.hours, rota=ROTA)
    await stage.done(story, act, stage.doors[stage.heroes[story.key]].begin_incident(new))


async def go(stage: Stage, story: Story, act: Go) -> None:
    """Go a step."""
    door = stage.door(story, act)
    if not act.unchecked:
        await _fill_in(door, stage.number(story), act.step, len(stage.views[story.key].items))
    view = stage.views[story.key]
    reason = _REASONS.get(act.step, "as it was planned")
    asked = StepAsked(based_on=view.version, reason=reason, window_h=act.window_h)
    await stage.done(story, act, door.go_step(view.row.deployment, act.step, asked))


async def check(stage: Stage, story: Story, act: Check) -> None:
    """Fill a checklist in."""
    await _fill_in(stage.door(story, act), stage.number(story), act.step, len(stage.views[story.key].items))


async def _fill_in(door: FleetClient, number: str, step: Step, items: int) -> None:
    for checklist in await door.checklists(number):
        if checklist.step == step:
            asked = {one.key: one for one in checklist.items}
            for key in checklist.missing:
                await door.give_evidence(number, _evidence(step, asked[key], items))


def _evidence(step: Step, item: ChecklistItem, items: int) -> NewEvidence:
    """What a good answer to the item is; counts are of the deployment's items."""
    if item.evidence == "text":
        return NewEvidence(step=step, key=item.key, text=f"RA-26/{len(item.key):02}, read and signed")
    if item.evidence == "tick":
        return NewEvidence(step=step, key=item.key, ticked=True)
    return NewEvidence(step=step, key=item.key, number=float(items) if "count" in item.key else _good(item))


def _good(item: ChecklistItem) -> float:
    if item.at_least is None:
        return item.at_most or 0.0
    return item.at_least + _OVER_LEAST if item.at_most is None else (item.at_least + item.at_most) / 2


async def out(stage: Stage, story: Story, act: Out) -> None:
    """Scan each label out."""
    view, door = await stage.seen(story, act), stage.door(story, act)
    for one in view.items:
        if one.deployment != view.row.deployment:
            scan = Scan(item=one.item, way="out", deployment=view.row.deployment)
            if act.refused and one.condition != "good":
                await stage.turned_away(story, act, door.scan_kit(scan))
            else:
                await door.scan_kit(scan)


async def put_in(stage: Stage, story: Story, act: In) -> None:
    """Scan each label in."""
    door = stage.door(story, act)
    for one in (await door.kit(deployment=stage.number(story))).rows:
        if one.place is None:
            await door.scan_kit(Scan(item=one.item, way="in", place=act.place, condition=one.condition))


async def see(stage: Stage, story: Story, act: Seen) -> None:
    """Enter a condition; what failed is kept apart at once."""
    door = stage.door(story, act)
    item = next(one.item for one in stage.views[story.key].items if one.kind == act.kind)
    await door.see_kit_condition(item, ConditionSeen(condition=act.condition, note="found at the bench"))
    if act.condition == "failed":
        await door.change_kit_service(item, "quarantined", "failed at the bench")


async def report(stage: Stage, story: Story, act: Reports) -> None:
    """Let the deployment's units report."""
    units = [one.unit for one in stage.views[story.key].items if one.unit is not None]
    await stage.units.report(units, low=act.low)


async def judge(stage: Stage, story: Story, act: Judge) -> None:
    """Judge readiness."""
    made = await stage.door(story, act).judge_readiness(stage.number(story))
    if not made or any(one.passed != act.passes for one in made):
        failed = [line.name for one in made for line in one.lines if line.result != "pass"]
        raise OffScript(story.key, act, f"judged otherwise: {failed}")


async def wired(stage: Stage, story: Story, act: Wired) -> None:
    """Keep a harness, give it, and enter what was measured."""
    view, door = await stage.seen(story, act), stage.door(story, act)
    harness = (await door.keep_harness(template_text(act.template))).row.harness
    item = next(one.item for one in view.items if one.unit is not None)
    await door.give_harness(view.row.deployment, harness, item=item)
    measured = NewFitting(measured=list(_VAN_MEASURED), note="engine off, doors shut")
    made = (await door.fit_harness(view.row.deployment, harness, measured)).fittings[0]
    if not made.passed:
        raise OffScript(story.key, act, "; ".join(one.sentence for one in made.compared if one.verdict != "pass"))
