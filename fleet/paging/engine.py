"""The engine: looks every few seconds, and whenever something is told to have changed, for what is to be raised and who
is to be paged. One controller at a time does; a round that ended is a beat of the heart."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from fleet.alarms.judging import AT_ONCE, forget_units_out, judge_events, judge_reports, judge_silence
from fleet.alarms.rules.paging import Due, Paged, Waiting, due_pages
from fleet.clock import Clock
from fleet.errors import StoreUnavailable
from fleet.feed.hub import Hub, Subscription
from fleet.metrics import Metrics
from fleet.paging.routing import Router
from fleet.store.alarm_pages import NewPage
from fleet.store.alarms import StoredAlarm
from fleet.store.store import Store, Transaction
from protocols.alarms import DEFAULT_RULES, AlarmRules

EVERY_S = 15.0
_PAUSE_S = 0.25
_AGAIN_S = 5.0
_MOST_LOTS = 20
_MOST_WAITING = 2_000
"""Alarms that are paged in one round †, the worst and then the oldest: what a storm raises last waits."""

_log = structlog.get_logger(__name__)
_Step = Callable[[Transaction, AlarmRules, datetime], Awaitable[int]]


async def rules_in_force(transaction: Transaction) -> AlarmRules:
    """What somebody has laid down, else the defaults."""
    stored = await transaction.alarms.rules()
    return DEFAULT_RULES if stored is None else stored.rules


async def until_changed(subscription: Subscription, limit_s: float) -> None:
    """Wait until alarms, events or units' words changed, at most `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                change = await subscription.take()
                if change.alarms or change.events or change.all:
                    return
    except TimeoutError:
        return


class Alarming:
    """Runs in every controller; whoever has the lock of a moment does the work."""

    def __init__(self, store: Store, clock: Clock, hub: Hub, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._hub = hub
        self._metrics = metrics

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        with self._hub.subscribe() as subscription:
            while True:
                try:
                    await self.look()
                except StoreUnavailable as error:
                    _log.warning("alarms wait for the database", detail=error.detail)
                    await asyncio.sleep(_AGAIN_S)
                    continue
                await asyncio.sleep(_PAUSE_S)
                await until_changed(subscription, EVERY_S)

    async def look(self) -> None:
        """One round. What fails beside paging is told in the heartbeat and keeps no page back; raises
        StoreUnavailable."""
        began = time.monotonic()
        faults = [
            await self._in_lots("events", judge_events),
            await self._in_lots("reports", judge_reports),
            await self._in_lots("silence", _judge_silence),
        ]
        now = self._clock()
        async with self._store.transaction() as transaction:
            if not await transaction.alarm_pages.try_lock():
                return
            await queue_pages(transaction, now)
            await transaction.alarm_pages.forget_links(now)
            error = "; ".join(fault for fault in faults if fault)[:200]
            await transaction.alarm_pages.beat(now, time.monotonic() - began, error)
        self._metrics.alarming_beat_at.set(now.timestamp())

    async def _in_lots(self, what: str, step: _Step) -> str:
        """Do a step until it has nothing more to do; returns what went wrong, in a few words."""
        try:
            for _ in range(_MOST_LOTS):
                async with self._store.transaction() as transaction:
                    if not await transaction.alarm_pages.try_lock():
                        return ""
                    done = await step(transaction, await rules_in_force(transaction), self._clock())
                if done < AT_ONCE:
                    break
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a rule that fails must not silence the others
            _log.exception("alarms can not be judged", what=what)
            return f"{what}: {type(error).__name__}"
        return ""


async def _judge_silence(transaction: Transaction, rules: AlarmRules, now: datetime) -> int:
    await forget_units_out(transaction, now)
    await judge_silence(transaction, rules, now)
    return 0


async def queue_pages(transaction: Transaction, now: datetime) -> None:
    """Queue every page that is due; what is in maintenance is paged from its window's end on."""
    waiting = await transaction.alarms.page(now, waiting=True, limit=_MOST_WAITING)
    held = [one.alarm_id for one in waiting if one.in_maintenance]
    if held:
        await transaction.alarms.page_anew(held, now)
    alarms = [one for one in waiting if not one.in_maintenance]
    if not alarms:
        return
    policy = (await rules_in_force(transaction)).policy
    router = Router(transaction, policy, now)
    who = await router.who(alarms)
    so_far = await pages_so_far(transaction, alarms)
    for alarm in alarms:
        for due in due_pages(Waiting(alarm.paged_from), policy, who[alarm.alarm_id], so_far[alarm.alarm_id], now):
            await _queue(transaction, router, alarm, due, now)


async def pages_so_far(transaction: Transaction, alarms: list[StoredAlarm]) -> dict[str, list[Paged]]:
    """The pages of alarms since their paging began, by the alarm's id."""
    found: dict[str, list[Paged]] = {one.alarm_id: [] for one in alarms}
    for alarm_id, round_, level, person, state in await transaction.alarm_pages.of_alarms(found):
        found[alarm_id].append(Paged(round_, level, person, state))
    return found


async def _queue(transaction: Transaction, router: Router, alarm: StoredAlarm, due: Due, now: datetime) -> None:
    transaction.changed.alarms = True
    place = {"alarm_id": alarm.alarm_id, "paged_from": alarm.paged_from, "round": due.round, "level": due.level}
    if not due.people:
        await transaction.alarm_pages.queue(NewPage(**place, error=due.said), now)  # type: ignore[arg-type] # fields
        return
    await transaction.alarms.set_level(alarm.alarm_id, due.level)
    for person in due.people:
        for contact in await router.contacts_of(person):
            page = NewPage(**place, person_id=person, contact_id=contact.contact_id)  # type: ignore[arg-type] # fields
            await transaction.alarm_pages.queue(page, now)
