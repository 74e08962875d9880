"""The sweeper: lets a unit's word change when time passes without a report."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from fleet.clock import Clock
from fleet.errors import StoreUnavailable
from fleet.metrics import Metrics
from fleet.presence.rules import Verdict, judge_presence
from fleet.settings import PresenceSettings
from fleet.store.events import ControllerEvent
from fleet.store.store import Store
from fleet.store.telemetry import DuePresence
from protocols.backoff import Backoff

_EVERY_S = 1.0
_AT_ONCE = 500

_log = structlog.get_logger(__name__)


class Sweeper:
    """Looks once a second at the units whose word may be due; several controllers share the work row by row."""

    def __init__(
        self,
        store: Store,
        settings: PresenceSettings,
        clock: Clock,
        listening_since: Callable[[], datetime | None],
        metrics: Metrics,
    ) -> None:
        """`listening_since` tells since when units have been heard without a break: silence before does not count."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._listening_since = listening_since
        self._metrics = metrics

    async def run(self) -> None:
        """Sweep until cancelled; a lost database only delays."""
        backoff = Backoff(base_s=_EVERY_S, cap_s=10.0)
        while True:
            try:
                swept = await self.sweep()
            except StoreUnavailable as error:
                _log.warning("presence waits for the database", detail=error.detail)
                await asyncio.sleep(backoff.next_s())
                continue
            backoff.reset()
            if swept < _AT_ONCE:
                await asyncio.sleep(_EVERY_S)

    async def sweep(self) -> int:
        """Look at the units that are due now, at most 500; returns how many there were. Raises StoreUnavailable.

        While units can not be heard here nothing changes: another controller may hear them.
        """
        since = self._listening_since()
        if since is None:
            return 0
        now = self._clock()
        async with self._store.transaction() as transaction:
            due = await transaction.telemetry.take_due(now, _AT_ONCE)
            words: list[tuple[str, str, datetime | None]] = []
            for unit in due:
                verdict = judge_presence(unit.last_report_at, unit.report_every_s, now, self._settings, since)
                words.append((unit.unit_id, verdict.word, verdict.changes_at))
                if verdict.word == unit.presence:
                    continue
                transaction.changed.units.add(unit.unit_id)
                self._metrics.presence_changes.labels(verdict.word).inc()
                if _deserves_event(unit, verdict):
                    await transaction.events.add(_went_quiet(unit, now), now)
                    transaction.changed.events = True
            await transaction.telemetry.set_presence(words)
        return len(due)


def _deserves_event(unit: DuePresence, verdict: Verdict) -> bool:
    return verdict.word == "quiet" and unit.state == "active"


def _went_quiet(unit: DuePresence, now: datetime) -> ControllerEvent:
    assert unit.last_report_at is not None, "a unit without a report is never due"
    silent = timedelta(seconds=int((now - unit.last_report_at).total_seconds()))
    return ControllerEvent(
        unit_id=unit.unit_id,
        kind="unit-quiet",
        severity="warning",
        summary=f"no report for {silent}",
        repeat_key=f"quiet:{unit.unit_id}",
    )
