"""How acts of those who are on call are done: alarms that are taken, welfare, coming home, handing over."""

from fleet.client.handovers import sheet_sha256
from fleet.demo.week.planning import ROTA, SUPERVISOR
from fleet.demo.week.stage import OffScript, Stage
from fleet.demo.week.story import Act, Answer, HandOver, Home, Look, OnCall, Story, Take
from protocols.api.alarms import Acknowledging


async def on_call(stage: Stage, story: Story, act: OnCall) -> None:
    """Find who is on call."""
    await find_hero(stage, story, act)


async def find_hero(stage: Stage, story: Story, act: Act) -> None:
    """Whoever has the primary now is the story's HERO. Raises OffScript where nobody has it."""
    (rota,) = [one for one in await stage.doors[SUPERVISOR].on_call() if one.rota == ROTA]
    hero = next((one.person for one in rota.positions if one.position == "primary"), None)
    if hero is None:
        raise OffScript(story.key, act, "nobody is on call")
    stage.heroes[story.key] = hero


async def look(stage: Stage, _story: Story, _act: Look) -> None:
    """Go the controller's rounds."""
    for one in stage.rounds:
        await one()


async def take(stage: Stage, story: Story, act: Take) -> None:
    """Acknowledge open alarms."""
    door, view = stage.door(story, act), await stage.seen(story, act)
    of_deployment = (await door.alarms(deployment=view.row.deployment)).alarms
    of_units = [one for unit in view.row.units for one in (await door.alarms(unit=unit)).alarms]
    found = {one.alarm: one for one in [*of_deployment, *of_units]}
    wanted = [one for one in found.values() if act.kind in ("", one.kind) and one.acknowledged_by is None]
    if act.kind and not wanted:
        raise OffScript(story.key, act, f"no alarm {act.kind} is open: {[one.kind for one in found.values()]}")
    for one in wanted:
        done = await door.acknowledge_alarm(one.alarm, Acknowledging(going=act.going, rota=ROTA if act.going else None))
        if done.problem is not None:
            raise OffScript(story.key, act, f"no call-out: {done.problem.message}")


async def answer(stage: Stage, story: Story, act: Answer) -> None:
    """Answer one's welfare timer."""
    door, who = stage.door(story, act), stage.person(story, act.by)
    (timer,) = await door.welfare(who)
    await door.answer_welfare(timer.welfare)


async def home(stage: Stage, story: Story, act: Home) -> None:
    """Say that one is back from one's call-out."""
    door, who = stage.door(story, act), stage.person(story, act.by)
    (called,) = await door.call_outs(person=who, open_only=True)
    await door.end_call_out(called.call_out, stage.clock())


async def hand_over(stage: Stage, _story: Story, _act: HandOver) -> None:
    """Make the sheet of the next change; both read it."""
    made = await stage.doors[SUPERVISOR].make_handover(ROTA)
    for person in (made.row.outgoing, made.row.incoming):
        read = await stage.doors[person].handover(made.row.handover)
        await stage.doors[person].acknowledge_handover(made.row.handover, sheet_sha256(read.sheet))
