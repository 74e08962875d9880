"""When units are told: a time of day in London, over midnight and over changes of the clock. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from protocols.rollouts import RolloutPlan

LONDON = ZoneInfo("Europe/London")


def is_time(plan: RolloutPlan, now: datetime) -> bool:
    """Whether units are told at `now` (any zone): from `from_time` on, and before `until_time`, by the clock on
    the wall. An hour that comes twice counts twice, one that is left out not at all."""
    if plan.from_time is None or plan.until_time is None:
        return True
    wall = now.astimezone(LONDON).time()
    if plan.from_time < plan.until_time:
        return plan.from_time <= wall < plan.until_time
    return wall >= plan.from_time or wall < plan.until_time
