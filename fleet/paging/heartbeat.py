"""Whether alarming is alive, told by what shares nothing with it but the database: a watch in every controller pages
supervisors by itself when it is not, and lets an outside dead man's switch know while it is."""

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx
import structlog

from fleet.alarms.raising import NewAlarm, clear_alarm, raise_alarm
from fleet.alarms.rules.message import dead_message
from fleet.alarms.rules.standing import standing
from fleet.clock import Clock
from fleet.entries.alarms import AlarmingDead
from fleet.entries.entry import CONTROLLER
from fleet.metrics import Metrics
from fleet.paging.delivery import Delivery
from fleet.paging.routing import Router
from fleet.rounds import go_round
from fleet.store.alarm_pages import Beat
from fleet.store.alarm_people import StoredContact
from fleet.store.store import Store, Transaction
from protocols.alarms import PagingPolicy
from protocols.api.alarms import AlarmingStanding
from protocols.words import duration

EVERY_S = 30.0
_TOLD_EVERY = timedelta(minutes=15)
_TRY_AGAIN = timedelta(minutes=1)
_SWITCH_EVERY = timedelta(minutes=1)
_SWITCH_LIMIT_S = 10.0
KIND = "alarming-dead"

_log = structlog.get_logger(__name__)


class _Found(NamedTuple):
    is_dead: bool
    age: str
    to_tell: list[StoredContact]


class AlarmingWatch:
    """`heartbeat_url`: what is asked once a minute while alarming is alive; None: nothing is."""

    def __init__(
        self, store: Store, clock: Clock, delivery: Delivery, metrics: Metrics, heartbeat_url: str | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._delivery = delivery
        self._metrics = metrics
        self._heartbeat_url = heartbeat_url
        self._switched_at: datetime | None = None

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays. Not at once: what was dead because no controller ran gets
        the time for a round."""
        await asyncio.sleep(EVERY_S)
        await go_round("whether alarming is alive", self.look, EVERY_S)

    async def look(self) -> bool:
        """Whether alarming is alive; pages supervisors where it is not. Raises StoreUnavailable."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await self._found(transaction, now)
        self._metrics.alarming_alive.set(0 if found.is_dead else 1)
        if found.to_tell:
            await self._tell(found, now)
        if not found.is_dead:
            await self._switch(now)
        return not found.is_dead

    async def _found(self, transaction: Transaction, now: datetime) -> _Found:
        beat = await transaction.alarm_pages.standing()
        self._metrics.pages_waiting.set(beat.pages_waiting)
        if standing(beat.at, beat.oldest_due_at, now) != "dead":
            await clear_alarm(transaction, "controller", CONTROLLER, KIND, now)
            return _Found(is_dead=False, age="", to_tell=[])
        age = _age(beat, now)
        if not await transaction.alarm_pages.tell_dead(now, now - _TOLD_EVERY):
            return _Found(is_dead=True, age=age, to_tell=[])
        # Nobody is paged by what is dead: the alarm only shows.
        new = NewAlarm(
            subject_kind="controller",
            subject=CONTROLLER,
            kind=KIND,
            severity="alarm",
            summary=f"alarming has not worked for {age}: nobody is paged of anything",
            rule="heartbeat",
            pages=False,
        )
        await raise_alarm(transaction, new, now)
        router = Router(transaction, PagingPolicy(), now)
        supervisors = await router.supervisors()
        contacts = [contact for person in supervisors for contact in await router.contacts_of(person)]
        told = sorted({one.person_id for one in contacts})
        await transaction.log.append(AlarmingDead(at=now, actor=CONTROLLER, told=told))
        _log.error("alarming is dead", supervisors=told)
        return _Found(is_dead=True, age=age, to_tell=contacts)

    async def _tell(self, found: _Found, now: datetime) -> None:
        """Send it to every supervisor; again in a minute where none could be reached."""
        message = dead_message(found.age)
        errors = [await self._delivery.send(one.channel, one.address, message) for one in found.to_tell]
        if all(errors):
            async with self._store.transaction() as transaction:
                await transaction.alarm_pages.tell_dead_again(now - _TOLD_EVERY + _TRY_AGAIN)
            _log.error("no supervisor could be told that alarming is dead", errors=sorted(set(errors)))

    async def _switch(self, now: datetime) -> None:
        """Tell the outside that alarming is alive."""
        if self._heartbeat_url is None or (self._switched_at is not None and now - self._switched_at < _SWITCH_EVERY):
            return
        self._switched_at = now
        try:
            async with httpx.AsyncClient(timeout=_SWITCH_LIMIT_S, follow_redirects=False) as client:
                answer = await client.post(self._heartbeat_url)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            _log.warning("the outside heartbeat was not taken", error=type(error).__name__)


async def alarming_standing(transaction: Transaction, policy: PagingPolicy, now: datetime) -> AlarmingStanding:
    """Whether alarming works, and who of those on call could not be reached."""
    beat = await transaction.alarm_pages.standing()
    router = Router(transaction, policy, now)
    people = set(await router.supervisors())
    for stored in await transaction.rotas.every():
        if stored.ended_at is None:
            on_call = await router.people_on_call(stored.rota.rota)
            people |= {person for position, person in on_call.items() if position != "shadow"}
    unreachable = 0
    for person in people:
        contacts = await router.contacts_of(person)
        unreachable += all(contact.works is False for contact in contacts)
    return AlarmingStanding(
        standing=standing(beat.at, beat.oldest_due_at, now),
        at=beat.at,
        age_s=None if beat.at is None else max(0.0, (now - beat.at).total_seconds()),
        round_s=beat.round_s,
        pages_waiting=beat.pages_waiting,
        last_sent_at=beat.last_sent_at,
        contacts_failing=beat.contacts_failing,
        unreachable=unreachable,
        last_error=beat.last_error,
    )


def _age(beat: Beat, now: datetime) -> str:
    if beat.at is None:
        return "as long as there was one"
    return duration(max(now - beat.at, now - (beat.oldest_due_at or now)).total_seconds())
