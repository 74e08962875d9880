"""All of the week: twenty-five deployments, and what those on call do besides."""

from fleet.demo.week.stories_incidents import INCIDENTS
from fleet.demo.week.stories_quiet import QUIET
from fleet.demo.week.stories_trouble import TROUBLE
from fleet.demo.week.story import HandOver, Look, Story, at

STORIES: tuple[Story, ...] = (*QUIET, *TROUBLE, *INCIDENTS)
"""The deployments."""

ROUNDS = Story(
    key="rounds",
    title="the controller's rounds, and a handover",
    acts=[
        *(Look(at_h=24 * day + hour) for day in range(7) for hour in (8, 20)),
        HandOver(at_h=at(6, 16)),
        Look(at_h=at(6, 23.5)),
    ],
    ends="closed",
)
"""No deployment."""

WEEK: tuple[Story, ...] = (ROUNDS, *STORIES)
"""All that is played."""
