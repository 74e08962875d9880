"""Plans read and judged beside the event loop: a long one takes the rules a second and more."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from fleet.errors import Conflict, RequestRefused
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.reading import read_plan
from protocols.wiring.findings import Assessment
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy

MAX_WAITING = 8
MAX_EACH = 2
"""How many plans one person may have asked for at a time, so that nobody keeps the others from theirs †."""
_MAX_MESSAGE = 400

T = TypeVar("T")


class Judged(NamedTuple):
    """A plan without faults, and what the rules say of it."""

    plan: Plan
    assessment: Assessment


class PlanJudging:
    """The controller's one place for sums over plans: one at a time, and few that wait."""

    def __init__(self, policy: WiringPolicy) -> None:
        self.policy = policy
        self._place = asyncio.Lock()
        self._asked: Counter[str] = Counter()

    async def judge(self, text: str, who: str) -> Judged:
        """What a text says and what the rules say of it, for somebody; raises RequestRefused `plan-faulty` with line
        and column of its first fault, and Conflict as `work_out` does."""
        return await self.work_out(lambda: judged(text, self.policy), who)

    async def work_out(self, work: Callable[[], T], who: str) -> T:
        """What `work`, which is pure, gives; raises Conflict when too many are asked for at once, or by `who`."""
        if self._asked[who] >= MAX_EACH or self._asked.total() >= MAX_WAITING:
            raise Conflict("too-many-checks", "too many plans are being checked at once", "try again in some seconds")
        self._asked[who] += 1
        try:
            async with self._place:
                return await asyncio.to_thread(work)
        finally:
            self._asked[who] -= 1
            self._asked += Counter()  # forgets whoever waits for nothing


def judged(text: str, policy: WiringPolicy) -> Judged:
    """The same at once. Pure."""
    plan = plan_of(text)
    return Judged(plan, assess(plan, policy))


def plan_of(text: str) -> Plan:
    """What a text without faults says; raises RequestRefused `plan-faulty`. Pure."""
    reading = read_plan(text)
    if reading.plan is not None and not reading.faults:
        return reading.plan
    first, more = reading.faults[0], len(reading.faults) - 1
    others = f"; {more} more" if more else ""
    where = f"line {first.place.line}, column {first.place.column}"
    said = f"{first.path}: {first.message}" if first.path else first.message
    raise RequestRefused(
        "plan-faulty",
        f"{where}: {said[:_MAX_MESSAGE]}{others}",
        f"{first.remedy[:_MAX_MESSAGE]}; all of them: fleet wiring check FILE",
    )
