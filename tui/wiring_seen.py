"""A plan's text as the rules read and judge it, beside the screen: of texts that came meanwhile only the newest."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.reading import Reading, read_plan
from protocols.wiring.findings import Assessment
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy
from tui.asks import Asks
from tui.desk import Answered


class SeenPlan(NamedTuple):
    """A text, what it says, and what the rules say of that: None while the text has faults."""

    text: str
    reading: Reading
    assessment: Assessment | None

    @property
    def plan(self) -> Plan | None:
        """The plan; None while the text has faults, for its names may not hang together."""
        return None if self.reading.faults else self.reading.plan


def seen_plan(text: str, policy: WiringPolicy) -> SeenPlan:
    """Read a text and judge it; never raises."""
    reading = read_plan(text)
    whole = reading.plan is not None and not reading.faults
    return SeenPlan(text, reading, assess(reading.plan, policy) if whole and reading.plan is not None else None)


class PlanChecking:
    """Hands each text's plan to `told`, on the screen's own task. What is old before it was begun is never judged."""

    def __init__(self, screen: Asks, told: Callable[[SeenPlan], None]) -> None:
        self._screen = screen
        self._told = told
        self._next: tuple[str, WiringPolicy] | None = None
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether a text is being judged."""
        return self._is_busy

    def check(self, text: str, policy: WiringPolicy) -> None:
        """Judge `text` as soon as may be."""
        self._next = (text, policy)
        if not self._is_busy:
            self._begin()

    def _begin(self) -> None:
        wanted, self._next = self._next, None
        if wanted is not None and self._screen.is_attached:
            self._is_busy = True
            self._screen.run_worker(self._judge(*wanted), name="wiring check", group="wiring check")

    async def _judge(self, text: str, policy: WiringPolicy) -> None:
        try:
            found = await asyncio.to_thread(seen_plan, text, policy)
            self._screen.post_message(Answered(lambda: self._told(found)))
        finally:
            self._is_busy = False
        self._begin()
