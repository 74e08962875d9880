"""Keeping reports, events and texts of log entries as long as the settings say; partitions of reports are made ahead of
time."""

from datetime import date, datetime, timedelta

import msgspec
import structlog

from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER, kind_of
from fleet.entries.people_and_units import EventsErased, RetentionSet, TelemetryErased
from fleet.keeping.erasure import erase_texts
from fleet.mandates.lapsing import discard_lapsed
from fleet.rounds import go_round
from fleet.settings import RetentionSettings
from fleet.store.events import ControllerEvent
from fleet.store.store import Store, Transaction

DAYS_AHEAD = 7
CLOCKS_APART_DAYS = 2
EVENTS_AT_ONCE = 10_000
_EVERY_S = 3600.0

_log = structlog.get_logger(__name__)


def clocks_agree(today: date, database_today: date) -> bool:
    """Whether the controller's day may decide what is erased: it is within CLOCKS_APART_DAYS of PostgreSQL's.

    So one wrong clock erases nothing. The times reports were received at are no third witness: the controller's own
    clock wrote them, and a fleet that rests for a week would keep what has to go. Where the controller and PostgreSQL
    share a machine they share its clock, and only that machine's time service protects what is stored.
    """
    return abs((today - database_today).days) <= CLOCKS_APART_DAYS


class Retention:
    """Tidies once an hour, so that a controller that was down at midnight misses nothing."""

    def __init__(self, store: Store, settings: RetentionSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    async def run(self) -> None:
        """Tidy until cancelled; a lost database only delays."""
        await go_round("retention", self.tidy, _EVERY_S)

    async def tidy(self) -> None:
        """Make the partitions of today and the week to come, and erase what is older than is kept.

        Nothing is erased while this controller's clock and PostgreSQL's disagree, see `clocks_agree`: an alarm is
        raised instead, once until a person takes it.
        """
        now = self._clock()
        today = now.date()
        async with self._store.transaction() as transaction:
            made = await transaction.retention.ensure_health_partitions(today, DAYS_AHEAD)
        if made:
            _log.info("partitions of reports were made", made=made)
        async with self._store.transaction() as transaction:
            database_today = await transaction.retention.today()
            if not clocks_agree(today, database_today):
                await _refuse(transaction, now, database_today)
                return
            await self._tell_settings(transaction, now)
            await self._erase_reports(transaction, now)
        while await self._erase_some_events(now):
            pass
        await erase_texts(self._store, self._settings, now)
        await discard_lapsed(self._store, now)

    async def _tell_settings(self, transaction: Transaction, now: datetime) -> None:
        """Enter what the settings say unless the last such entry says the same: it stands before what they erase.

        Controllers with different settings each enter theirs, since each erases by its own.
        """
        kept = msgspec.structs.asdict(self._settings)
        entry = RetentionSet(at=now, actor=CONTROLLER, **kept)
        last = await transaction.log.newest(kind_of(entry))
        if last is None or not kept.items() <= msgspec.json.decode(last).items():
            await transaction.log.append(entry)

    async def _erase_reports(self, transaction: Transaction, now: datetime) -> None:
        kept_from = now.date() - timedelta(days=self._settings.health_days)
        erased = await transaction.retention.drop_health_partitions(kept_from)
        if not erased:
            return
        entry = TelemetryErased(
            at=now,
            actor=CONTROLLER,
            kept_from=kept_from,
            partitions=erased.partitions,
            rows_estimated=erased.rows_estimated,
            rows_outside=erased.rows_outside,
        )
        await transaction.log.append(entry)
        _log.info("reports past keeping were erased", partitions=erased.partitions, rows_outside=erased.rows_outside)

    async def _erase_some_events(self, now: datetime) -> bool:
        """Erase one bounded lot; False when that was the last."""
        kept_from = now.date() - timedelta(days=self._settings.event_days)
        async with self._store.transaction() as transaction:
            erased = await transaction.retention.erase_events(kept_from, EVENTS_AT_ONCE)
            if erased.first is None or erased.last is None:
                return False
            entry = EventsErased(
                at=now, actor=CONTROLLER, kept_from=kept_from, rows=erased.rows, first=erased.first, last=erased.last
            )
            await transaction.log.append(entry)
            transaction.changed.events = True
        _log.info("events past keeping were erased", rows=erased.rows)
        return erased.rows == EVENTS_AT_ONCE


async def _refuse(transaction: Transaction, now: datetime, database_today: date) -> None:
    event = ControllerEvent(
        kind="retention-refused",
        severity="alarm",
        summary=f"nothing is erased: the controller's clock says {now.date()}, PostgreSQL's {database_today};"
        " set the clock that is wrong",
        repeat_key="retention-refused",
    )
    if await transaction.events.add(event, now):
        _log.error("nothing is erased: clocks disagree", controller=str(now.date()), database=str(database_today))
    transaction.changed.events = True
