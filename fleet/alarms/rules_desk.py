"""The rules of alarms and maintenance windows for those who lay them down; each change with its entry."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import structs

from fleet.alarms.raising import clear_this
from fleet.clock import Clock
from fleet.entries.alarms import AlarmRulesSet, WindowEnded, WindowMade
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.store.alarm_people import StoredWindow
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.alarms import DEFAULT_RULES, MAX_WINDOW_H, AlarmRules, EventRule
from protocols.api.alarms import AlarmRulesView, NewWindow, SetAlarmRules, WindowView
from protocols.people import may

_DEFAULTS = AlarmRulesView(version=0, rules=DEFAULT_RULES, changed_by=None, changed_at=None)
MAX_WINDOWS = 20
"""Not over yet, of a unit or a deployment †."""
_BEGUN_WITHIN = timedelta(hours=1)
_AHEAD = timedelta(days=90)


class AlarmRulesDesk:
    """Every method raises StoreUnavailable; those that change something Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def rules(self) -> AlarmRulesView:
        """The rules in force."""
        async with self._store.transaction() as transaction:
            return await transaction.alarms.rules() or _DEFAULTS

    async def set_rules(self, asked: SetAlarmRules, caller: Person) -> AlarmRulesView:
        """Lay rules down. What a rule raised that is not there any more is over."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.alarms.lock_rules()
            there = await transaction.alarms.rules() or _DEFAULTS
            if asked.version != there.version:
                raise Conflict(
                    "rules-changed",
                    f"version {there.version} of the rules is in force, not {asked.version}",
                    "look at them again, then lay yours down",
                )
            await _check_rota(transaction, asked.rules)
            document = msgspec.json.encode(asked.rules).decode()
            version = there.version + 1
            await transaction.alarms.add_rules(version, document, caller.person_id, now)
            entry = AlarmRulesSet(
                at=now, actor=caller.person_id, version=version, sha256=sha256(document.encode()).hexdigest()
            )
            await transaction.log.append(entry)
            for alarm in await transaction.alarms.open_of_rules(_lasting(there.rules) - _lasting(asked.rules)):
                await clear_this(transaction, alarm, now)
            transaction.changed.alarms = True
        return AlarmRulesView(version=version, rules=asked.rules, changed_by=caller.person_id, changed_at=now)

    async def windows(self, caller: Person, unit_id: str, deployment_id: str) -> list[WindowView]:
        """Maintenance windows that are not over; for who may not see deployments those of units, without reasons."""
        async with self._store.transaction() as transaction:
            found = await transaction.alarm_people.windows(self._clock(), unit_id, deployment_id)
        views = [one.view() for one in found]
        if may(caller.role, "see-deployments"):
            return views
        return [structs.replace(one, reason="") for one in views if one.deployment is None]

    async def make_window(self, asked: NewWindow, caller: Person) -> WindowView:
        """Say that somebody will work on a unit, or on those of a deployment. Raises NotFound."""
        now = self._clock()
        _check_window(asked, now)
        new = StoredWindow(
            window_id=f"MW-{secrets.token_hex(6)}",
            unit_id=asked.unit,
            deployment_id=asked.deployment,
            starts_at=asked.starts_at.astimezone(UTC),
            ends_at=asked.ends_at.astimezone(UTC),
            reason=asked.reason,
            made_by=caller.person_id,
            made_at=now,
        )
        async with self._store.transaction() as transaction:
            await _check_there(transaction, asked)
            await _check_room(transaction, asked, now)
            await transaction.alarm_people.add_window(new)
            await transaction.log.append(
                WindowMade(
                    at=now,
                    actor=caller.person_id,
                    unit=new.unit_id,
                    deployment=new.deployment_id,
                    window=new.window_id,
                    starts_at=new.starts_at,
                    ends_at=new.ends_at,
                    reason=HashedText(new.reason),
                )
            )
            transaction.changed.alarms = True
        return new.view()

    async def end_window(self, window_id: str, caller: Person) -> WindowView:
        """The work is over before its time. Raises NotFound."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            there = await transaction.alarm_people.locked_window(window_id)
            if there is None:
                raise NotFound("window-unknown", f"there is no maintenance window {window_id}", "list the windows")
            if there.ended_at is not None or there.ends_at <= now:
                raise Conflict("window-over", f"maintenance window {window_id} is over already")
            await transaction.alarm_people.end_window(window_id, caller.person_id, now)
            entry = WindowEnded(
                at=now,
                actor=caller.person_id,
                unit=there.unit_id,
                deployment=there.deployment_id,
                window=window_id,
            )
            await transaction.log.append(entry)
            transaction.changed.alarms = True
        return msgspec.structs.replace(there, ended_by=caller.person_id, ended_at=now).view()


def _lasting(rules: AlarmRules) -> set[str]:
    return {rule.rule for rule in rules.rules if not isinstance(rule, EventRule)}


async def _check_rota(transaction: Transaction, rules: AlarmRules) -> None:
    rota_id = rules.policy.rota
    if rota_id is not None and await transaction.rotas.one(rota_id) is None:
        raise RequestRefused("rota-unknown", f"there is no rota {rota_id}", "name one that there is, or none")


def _check_window(asked: NewWindow, now: datetime) -> None:
    if (asked.unit is None) == (asked.deployment is None):
        raise RequestRefused("window-unusable", "a window is for a unit or for a deployment", "name one of both")
    if asked.ends_at <= asked.starts_at or asked.ends_at - asked.starts_at > timedelta(hours=MAX_WINDOW_H):
        raise RequestRefused("window-unusable", f"a window is at most {MAX_WINDOW_H} h long", "correct its times")
    if not now - _BEGUN_WITHIN <= asked.starts_at <= now + _AHEAD or asked.ends_at <= now:
        raise RequestRefused(
            "window-unusable", "a window begins at the earliest an hour ago, and is not over", "correct its times"
        )


async def _check_room(transaction: Transaction, asked: NewWindow, now: datetime) -> None:
    there = await transaction.alarm_people.windows(now, asked.unit or "", asked.deployment or "")
    if len(there) >= MAX_WINDOWS:
        raise Conflict("windows-full", f"{MAX_WINDOWS} windows are open of it already", "end one of them first")


async def _check_there(transaction: Transaction, asked: NewWindow) -> None:
    if asked.unit is not None and not await transaction.units.rows([asked.unit]):
        raise NotFound("unit-unknown", f"there is no unit {asked.unit}", "list the units")
    if asked.deployment is not None:
        routes = await transaction.alarm_people.routes_of_deployments([asked.deployment])
        if not routes:
            raise NotFound("deployment-unknown", f"there is no deployment {asked.deployment}", "list the deployments")
