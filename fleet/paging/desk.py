"""Alarms for those who see and take them; each change with its entry in one transaction."""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from msgspec import structs

from fleet.alarms.rules.paging import Waiting, next_level, next_page_at
from fleet.alarms.taking import take
from fleet.clock import Clock
from fleet.errors import Conflict, Forbidden, NotFound, RequestRefused
from fleet.paging.engine import pages_so_far, rules_in_force
from fleet.paging.heartbeat import alarming_standing
from fleet.paging.routing import Router
from fleet.rota.call_out_desk import CallOutDesk
from fleet.store.alarms import StoredAlarm
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.alarms import AcknowledgedHow, PageLevel, PagingPolicy
from protocols.api.alarms import (
    Acknowledging,
    AlarmAcknowledged,
    AlarmDetail,
    AlarmingStanding,
    AlarmPage,
    AlarmView,
)
from protocols.api.call_outs import NewCallOut
from protocols.api.problems import Problem
from protocols.people import may


class LinkSeen(NamedTuple):
    """A link that may be used: the alarm, and in whose name."""

    alarm: AlarmView
    person_id: str


class AlarmDesk:
    """Every method raises StoreUnavailable; those about one alarm NotFound, those that take one Conflict. Who may
    not see deployments sees no alarm of a deployment or a person, and of no alarm which deployment it is of."""

    def __init__(self, store: Store, clock: Clock, call_outs: CallOutDesk) -> None:
        self._store = store
        self._clock = clock
        self._call_outs = call_outs

    async def alarms(
        self, caller: Person, *, open_only: bool, unit_id: str, deployment_id: str, before: str, limit: int
    ) -> AlarmPage:
        """Alarms, newest first; `limit` counts those too that the caller may not see."""
        if deployment_id and not may(caller.role, "see-deployments"):
            return AlarmPage(alarms=[], next_before=None)
        async with self._store.transaction() as transaction:
            found = await transaction.alarms.page(
                self._clock(),
                open_only=open_only,
                unit_id=unit_id,
                deployment_id=deployment_id,
                before=before,
                limit=limit,
            )
        views = [view for one in found if (view := _shown(one.view(), caller)) is not None]
        return AlarmPage(alarms=views, next_before=found[-1].alarm_id if len(found) == limit else None)

    async def alarm(self, alarm_id: str, caller: Person) -> AlarmDetail:
        """An alarm with whom it paged, and its events."""
        found = await self.details([alarm_id], caller)
        if not found:
            raise _unknown(alarm_id)
        return found[0]

    async def details(self, alarm_ids: Sequence[str], caller: Person) -> list[AlarmDetail]:
        """Those of these alarms that there are, with whom they paged, and their events."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            policy = (await rules_in_force(transaction)).policy
            router = Router(transaction, policy, now)
            known = [await transaction.alarms.page(now, alarm_id=one, limit=1) for one in dict.fromkeys(alarm_ids)]
            those = [await _detail(transaction, router, policy, alarm, now) for found in known for alarm in found]
        shown = [(one, _shown(one.alarm, caller)) for one in those]
        return [structs.replace(one, alarm=view) for one, view in shown if view is not None]

    async def acknowledge(self, alarm_id: str, asked: Acknowledging, caller: Person) -> AlarmAcknowledged:
        """Take an alarm. That the call-out could not be recorded does not undo it: `problem` says why."""
        if asked.going and not may(caller.role, "serve-rota"):
            raise Forbidden(caller.role, "serve-rota")
        now = self._clock()
        async with self._store.transaction() as transaction:
            locked = await transaction.alarms.locked(alarm_id)
            if locked is None:
                raise _unknown(alarm_id)
            taken = await _take(transaction, locked, caller, asked.how, now)
            rota_id = asked.rota or await _rota_of(transaction, taken, now)
        return await self._and_go(taken, rota_id, asked.going, caller, now)

    async def link(self, token: str) -> LinkSeen:
        """What a link acknowledges; raises NotFound for one that is not good any more, Conflict for an alarm that
        nobody has to take any more."""
        async with self._store.transaction() as transaction:
            alarm, person = await _linked(transaction, token, self._clock())
        return LinkSeen(alarm.view(), person.person_id)

    async def acknowledge_by_link(self, token: str, *, going: bool) -> AlarmAcknowledged:
        """Take an alarm in the name of whom a page went to, whatever their role; a link does it once. Raises as `link`
        does; `going` Forbidden too."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            alarm, person = await _linked(transaction, token, now)
            if going and not may(person.role, "serve-rota"):
                raise Forbidden(person.role, "serve-rota")
            locked = await transaction.alarms.locked(alarm.alarm_id)
            assert locked is not None, "alarms are never deleted"
            taken = await _take(transaction, locked, person, "link", now)
            await transaction.alarm_pages.use_link(_hashed(token), now)
            rota_id = await _rota_of(transaction, taken, now)
        return await self._and_go(taken, rota_id, going, person, now)

    async def standing(self) -> AlarmingStanding:
        """Whether alarming works."""
        async with self._store.transaction() as transaction:
            policy = (await rules_in_force(transaction)).policy
            return await alarming_standing(transaction, policy, self._clock())

    async def _and_go(
        self, taken: StoredAlarm, rota_id: str | None, going: bool, caller: Person, now: datetime
    ) -> AlarmAcknowledged:
        if not going:
            return AlarmAcknowledged(alarm=taken.view(), call_out=None)
        if rota_id is None:
            problem = Problem(
                code="no-rota", message="the alarm goes to no rota", remedy="record the call-out and name its rota"
            )
            return AlarmAcknowledged(alarm=taken.view(), call_out=None, problem=problem)
        reference = taken.deployment_id or taken.label or taken.subject
        asked = NewCallOut(rota=rota_id, person=caller.person_id, left_home_at=now, reference=reference[:80])
        try:
            recorded = await self._call_outs.record(asked, caller)
        except RequestRefused as error:
            return AlarmAcknowledged(alarm=taken.view(), call_out=None, problem=error.problem)
        return AlarmAcknowledged(alarm=taken.view(), call_out=recorded.call_out.call_out)


async def _detail(
    transaction: Transaction, router: Router, policy: PagingPolicy, alarm: StoredAlarm, now: datetime
) -> AlarmDetail:
    next_at: datetime | None = None
    level: PageLevel | None = None
    if alarm.waits and not alarm.in_maintenance:
        who = (await router.who([alarm]))[alarm.alarm_id]
        so_far = (await pages_so_far(transaction, [alarm]))[alarm.alarm_id]
        waiting = Waiting(alarm.paged_from)
        next_at = next_page_at(waiting, policy, who, so_far, now)
        if next_at is not None:
            level = next_level(waiting, policy, who, so_far, next_at)
    rota_id = None if alarm.route_to else await router.rota_of(alarm)
    return AlarmDetail(
        alarm=alarm.view(),
        pages=await transaction.alarm_pages.views(alarm.alarm_id),
        events=await transaction.alarms.events(alarm.alarm_id),
        next_page_at=next_at,
        next_level=level,
        paged_by=rota_id or "",
    )


def _shown(alarm: AlarmView, caller: Person) -> AlarmView | None:
    """An alarm as the caller may see it; None where they may not."""
    if may(caller.role, "see-deployments"):
        return alarm
    return None if alarm.subject_kind in ("deployment", "person") else structs.replace(alarm, deployment=None)


async def _take(
    transaction: Transaction, locked: StoredAlarm, caller: Person, how: AcknowledgedHow, now: datetime
) -> StoredAlarm:
    _check_open(locked)
    await take(transaction, locked, caller.person_id, how, now)
    return await _known(transaction, locked.alarm_id, now)


def _check_open(alarm: StoredAlarm) -> None:
    if alarm.acknowledged_by is not None:
        raise Conflict(
            "alarm-taken",
            f"{alarm.acknowledged_by} has acknowledged this alarm already",
            "ask them whether somebody goes; who goes too records it: fleet oncall out",
        )


async def _linked(transaction: Transaction, token: str, now: datetime) -> tuple[StoredAlarm, Person]:
    hashed = _hashed(token)
    link = await transaction.alarm_pages.locked_link(hashed)
    good = link is not None and hmac.compare_digest(link.token_sha256, hashed)
    if link is None or not good or link.used_at is not None or link.expires_at <= now:
        raise NotFound("link-unknown", "this link is not good any more", "sign in to acknowledge the alarm")
    person = await transaction.people.get(link.person_id)
    if person is None or not person.may_sign_in(now):
        raise NotFound("link-unknown", "this link is not good any more", "ask somebody whose access is in force")
    alarm = await _known(transaction, link.alarm_id, now)
    _check_open(alarm)
    return alarm, person


async def _rota_of(transaction: Transaction, alarm: StoredAlarm, now: datetime) -> str | None:
    policy = (await rules_in_force(transaction)).policy
    return await Router(transaction, policy, now).rota_of(alarm)


async def _known(transaction: Transaction, alarm_id: str, now: datetime) -> StoredAlarm:
    found = await transaction.alarms.one(alarm_id, now)
    if found is None:
        raise _unknown(alarm_id)
    return found


def _unknown(alarm_id: str) -> NotFound:
    return NotFound("alarm-unknown", f"there is no alarm {alarm_id}", "list alarms")


def _hashed(token: str) -> bytes:
    return sha256(token.encode()).digest()
