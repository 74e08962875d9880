"""The reporting loop: sample, judge, spool, hand to the link."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from edge_agent.access_record.chain_text import Tip
from edge_agent.clock import Clock, StepWatch
from edge_agent.readers.reading import Figure
from edge_agent.sampler import Sample, Sampler, to_report
from edge_agent.spool.keeper import Now, Rows
from edge_agent.spool.rows import Draft, event_draft, health_draft
from edge_agent.spool.spool import Spool
from edge_agent.watch import Happening, Watch

_log = structlog.get_logger(__name__)


class Clockwork:
    """The unit's clocks, and whether the one on the wall has jumped of late."""

    def __init__(self, clock: Clock) -> None:
        """Watch `clock` from now on."""
        self.clock = clock
        self._steps = StepWatch(clock.wall_ms(), clock.mono_ms())

    def now(self) -> Now:
        """All clocks at once."""
        wall_ms, mono_ms = self.clock.wall_ms(), self.clock.mono_ms()
        return Now(wall_ms, mono_ms, self._steps.trusted_wall_ms(wall_ms, mono_ms))

    def step(self) -> Happening | None:
        """A jump of the wall clock since the last call, as an event in the making."""
        jump_ms = self._steps.observe(self.clock.wall_ms(), self.clock.mono_ms())
        if jump_ms is None:
            return None
        way = "forward" if jump_ms > 0 else "back"
        return Happening("clock-stepped", "info", f"the clock was set {way} by {abs(jump_ms) / 1000:.0f} s")


class Reporter:
    """Makes health reports at the wanted pace, and at once when asked."""

    def __init__(
        self,
        sampler: Sampler,
        spool: Spool,
        offer: Callable[[Rows], None],
        clockwork: Clockwork,
        every_s: Callable[[], int],
        access: Callable[[], Tip | None],
    ) -> None:
        """`offer` takes rows that are spooled; `every_s` is asked anew after each report, `access` before: it gives
        length and head of the unit's own chain of records, None where there is none to speak of."""
        self._sampler = sampler
        self._spool = spool
        self._offer = offer
        self._clockwork = clockwork
        self._every_s = every_s
        self._access = access
        self._watch = Watch()
        self._pace_changed = asyncio.Event()
        self.figures: Mapping[str, Figure] = {}
        """Those of the last report."""

    async def run(self) -> None:
        """Report until cancelled. Reports stay on the beat of the first one, whatever each takes."""
        clock = self._clockwork.clock
        due_ms = clock.mono_ms()
        while True:
            await self.report()
            self._pace_changed.clear()
            every_ms = self._every_s() * 1000
            now_ms = clock.mono_ms()
            due_ms += every_ms * max(1, -((due_ms - now_ms) // every_ms))
            try:
                async with asyncio.timeout((due_ms - now_ms) / 1000):
                    await self._pace_changed.wait()
            except TimeoutError:
                continue
            due_ms = clock.mono_ms()

    def change_pace(self) -> None:
        """`every_s` has a new answer: report now, and go on with that."""
        self._pace_changed.set()

    async def report(self) -> None:
        """Sample once and spool the report, with the events the sample gives rise to."""
        sample = await self._sampler.sample()
        self.figures = sample.figures
        step = self._clockwork.step()
        happenings = [*([step] if step else []), *self._watch.judge(sample)]
        at_ms = self._clockwork.clock.wall_ms()
        await self._keep([*_events(happenings, at_ms), self._health(sample, at_ms)])

    async def event(self, happening: Happening) -> None:
        """Spool one event."""
        await self._keep(_events([happening], self._clockwork.clock.wall_ms()))

    def _health(self, sample: Sample, at_ms: int) -> Draft:
        tally, access = self._spool.tally, self._access()
        return health_draft(
            at_ms,
            lambda seq: to_report(
                sample,
                seq=seq,
                sampled_at_ms=at_ms,
                spool_waiting=tally.waiting,
                spool_dropped=tally.dropped,
                access=access,
            ),
        )

    async def _keep(self, drafts: Sequence[Draft]) -> None:
        self._offer(await self._spool.append(drafts))


def _events(happenings: Sequence[Happening], at_ms: int) -> list[Draft]:
    for happening in happenings:
        _log.info("event", kind=happening.kind, severity=happening.severity, summary=happening.summary)
    return [event_draft(at_ms, *happening) for happening in happenings]
