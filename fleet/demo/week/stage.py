"""Where a week is played: who acts, what time it is, and what came of it so far."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fleet.client import FleetClient, Refused
from fleet.demo.week.clock import SteppedClock
from fleet.demo.week.story import HERO, Act, Story
from fleet.demo.week.units import WeekUnits
from protocols.api.deployments import DeploymentView

Round = Callable[[], Awaitable[object]]


class OffScript(Exception):
    """Something came otherwise than the week has it."""

    def __init__(self, story: str, act: Act, what: str) -> None:
        self.story, self.act, self.what = story, act, what
        super().__init__(f"{story}, {type(act).__name__} at {act.at_h:g} h: {what}")


@dataclass
class Stage:
    """`doors` are everybody's clients; `rounds` are the controller's own, in the order in which they are gone."""

    doors: Mapping[str, FleetClient]
    clock: SteppedClock
    begins: datetime
    units: WeekUnits
    rounds: Sequence[Round] = ()
    views: dict[str, DeploymentView] = field(default_factory=dict)
    authorities: dict[str, str] = field(default_factory=dict)
    mandates: dict[str, str] = field(default_factory=dict)
    heroes: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def time(self, at_h: float) -> datetime:
        """The instant of an hour of the week, in whole seconds."""
        return self.begins + timedelta(seconds=round(at_h * 3600))

    def person(self, story: Story, person_id: str) -> str:
        """Who is meant."""
        return self.heroes[story.key] if person_id == HERO else person_id

    def door(self, story: Story, act: Act) -> FleetClient:
        """The client of who acts."""
        return self.doors[self.person(story, act.by)]

    def number(self, story: Story) -> str:
        """The deployment's number."""
        return self.number_of(story.key)

    def number_of(self, key: str) -> str:
        """The number of the deployment of a story."""
        return self.views[key].row.deployment

    async def seen(self, story: Story, act: Act) -> DeploymentView:
        """The deployment as it is now."""
        view = self.views[story.key] = await self.door(story, act).deployment(self.number(story))
        return view

    async def done(self, story: Story, act: Act, asked: Awaitable[DeploymentView]) -> None:
        """Keep what an act answers; where it is to be refused, see that it is, and by that rule."""
        if act.refused:
            await self.turned_away(story, act, asked)
        else:
            self.views[story.key] = await asked

    async def turned_away(self, story: Story, act: Act, asked: Awaitable[object]) -> None:
        """See that what is asked is refused as the act says. Raises OffScript."""
        try:
            await asked
        except Refused as refused:
            problem = refused.problem
            if act.refused != problem.code and f"({act.refused};" not in problem.message:
                raise OffScript(story.key, act, f"{problem.code}: {problem.message}") from refused
            self.refused.append((story.key, act.refused))
            return
        raise OffScript(story.key, act, f"it was done, and {act.refused} should have refused it")
