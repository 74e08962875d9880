"""Whom alarms page: people on call now, supervisors, and which of them can be reached."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fleet.alarms.rules.paging import Who, nobody
from fleet.errors import RequestRefused
from fleet.rota.books import asking, turns_and_changes
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.store.alarm_people import Route, StoredContact
from fleet.store.alarms import StoredAlarm
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.alarms import PageLevel, PagingPolicy

_SECOND = timedelta(seconds=1)


class Router:
    """What one round knows of people; lives as long as its transaction. Raises StoreUnavailable."""

    def __init__(self, transaction: Transaction, policy: PagingPolicy, now: datetime) -> None:
        self._transaction = transaction
        self._policy = policy
        self._now = now
        self._on_call: dict[str, dict[str, str]] = {}
        self._people: dict[str, Person] | None = None
        self._contacts: dict[str, list[StoredContact]] | None = None
        self._only_rota: str | None = None

    async def who(self, alarms: Sequence[StoredAlarm]) -> dict[str, Who]:
        """Who is at each level, by the alarm's id."""
        routes = await self._transaction.alarm_people.routes_of_deployments(
            {one.deployment_id for one in alarms if one.deployment_id is not None}
        )
        return {one.alarm_id: await self._who(one, routes.get(one.deployment_id or "")) for one in alarms}

    async def rota_of(self, alarm: StoredAlarm) -> str | None:
        """The rota that an alarm goes to."""
        if alarm.subject_kind == "rota":
            return alarm.subject
        routes = {}
        if alarm.deployment_id is not None:
            routes = await self._transaction.alarm_people.routes_of_deployments([alarm.deployment_id])
        return await self._rota(routes.get(alarm.deployment_id or ""))

    async def contacts_of(self, person_id: str) -> list[StoredContact]:
        """How somebody can be reached."""
        if self._contacts is None:
            self._contacts = {}
            for contact in await self._transaction.alarm_people.contacts():
                self._contacts.setdefault(contact.person_id, []).append(contact)
        return self._contacts.get(person_id, [])

    async def supervisors(self, first: str | None = None) -> list[str]:
        """The supervisor named, where their access is in force, else all."""
        people = await self._known()
        there = [one.person_id for one in people.values() if one.role == "supervisor"]
        return [first] if first is not None and first in people else there

    async def people_on_call(self, rota_id: str) -> dict[str, str]:
        """Who has each position of a rota now."""
        if rota_id not in self._on_call:
            self._on_call[rota_id] = await self._asked(rota_id)
        return self._on_call[rota_id]

    async def _who(self, alarm: StoredAlarm, route: Route | None) -> Who:
        supervisors = await self.supervisors(None if route is None else route.supervisor_id)
        last = await self._reached(2, supervisors)
        if alarm.route_to:
            first = await self._reached(0, alarm.route_to)
            return Who((first[0], (), last[0]), (first[1] or nobody(0), "", last[1]))
        if alarm.subject_kind == "rota":
            # A gap in cover is for those who can fill it, not for whoever is on call.
            return Who(((), (), last[0]), ("", "", last[1]))
        rota_id = await self._rota(route)
        there = {} if rota_id is None else await self.people_on_call(rota_id)
        primary = await self._reached(0, [there["primary"]] if "primary" in there else [])
        secondary = await self._reached(1, [there["secondary"]] if "secondary" in there else [])
        return Who((primary[0], secondary[0], last[0]), (primary[1], secondary[1], last[1]))

    async def _reached(self, level: PageLevel, people: Sequence[str]) -> tuple[tuple[str, ...], str]:
        """Those who can be reached, and what is said where nobody can."""
        known = await self._known()
        there = [person for person in dict.fromkeys(people) if person in known]
        reached = tuple([person for person in there if await self.contacts_of(person)])
        if there and not reached:
            return (), f"{', '.join(there)[:100]} can not be reached: no contact"
        return reached, nobody(level)

    async def _rota(self, route: Route | None) -> str | None:
        if route is not None and route.rota_id is not None:
            return route.rota_id
        if self._policy.rota is not None:
            return self._policy.rota
        if self._only_rota is None:
            rotas = [one.rota.rota for one in await self._transaction.rotas.every() if one.ended_at is None]
            self._only_rota = rotas[0] if len(rotas) == 1 else ""
        return self._only_rota or None

    async def _known(self) -> dict[str, Person]:
        """People whose access is in force."""
        if self._people is None:
            every = await self._transaction.people.every()
            self._people = {one.person_id: one for one in every if one.may_sign_in(self._now)}
        return self._people

    async def _asked(self, rota_id: str) -> dict[str, str]:
        stored = await self._transaction.rotas.one(rota_id)
        if stored is None or stored.ended_at is not None:
            return {}
        at = self._now.replace(microsecond=0)
        rota, instant = asking(stored), Span(at, at + _SECOND)
        try:
            assigned, changes = await turns_and_changes(self._transaction, rota, instant)
        except RequestRefused:  # too much to look through: nobody is known, which is said, and supervisors are paged
            return {}
        shifts = on_call(rota, assigned, changes, instant)
        return {shift.position: shift.person for shift in shifts if shift.person is not None}
