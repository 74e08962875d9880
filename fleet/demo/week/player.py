"""Plays stories in the order of their times: by the people's clients, the real routes, and a clock that is put on."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fleet.client import ClientError
from fleet.demo.week import fieldwork, planning, watching
from fleet.demo.week import story as told
from fleet.demo.week.stage import OffScript, Stage
from fleet.demo.week.story import Act, Story

_Doing = Callable[[Stage, Story, Any], Awaitable[None]]

_HOW: dict[type[Act], _Doing] = {
    told.Ask: planning.ask,
    told.Visits: planning.visits,
    told.Keep: planning.keep,
    told.Swap: planning.swap,
    told.Recorded: planning.recorded,
    told.Named: planning.named,
    told.Statement: planning.statement,
    told.Mandated: planning.mandated,
    told.Unmandated: planning.unmandated,
    told.KitHome: planning.kit_home,
    told.Incident: fieldwork.incident,
    told.Go: fieldwork.go,
    told.Check: fieldwork.check,
    told.Out: fieldwork.out,
    told.In: fieldwork.put_in,
    told.Seen: fieldwork.see,
    told.Reports: fieldwork.report,
    told.Judge: fieldwork.judge,
    told.Wired: fieldwork.wired,
    told.OnCall: watching.on_call,
    told.Look: watching.look,
    told.Take: watching.take,
    told.Answer: watching.answer,
    told.Home: watching.home,
    told.HandOver: watching.hand_over,
}


async def play(stage: Stage, stories: Iterable[Story]) -> None:
    """Play every act at its time. Raises OffScript for what came otherwise than the stories have it."""
    acts = [(act.at_h, story, act) for story in stories for act in story.acts]
    # Stable: acts of one time come in the order in which their stories have them.
    for at_h, story, act in sorted(acts, key=lambda one: one[0]):
        stage.clock.go_to(stage.time(at_h))
        try:
            await _HOW[type(act)](stage, story, act)
        except ClientError as error:
            raise OffScript(story.key, act, str(error)) from error
