"""Alarms, and which events are theirs; the rules, and how far each unit's are."""

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.alarms import AcknowledgedHow, AlarmRules, AlarmSeverity, AlarmState, PageLevel, SubjectKind
from protocols.api.alarms import AlarmRulesView, AlarmView
from protocols.api.events import EventView

_SQL = load("alarms")
_rules = msgspec.json.Decoder(AlarmRules)


class StoredAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm, a row of the table `alarm`; see `protocols.api.alarms.AlarmView`."""

    alarm_no: int
    alarm_id: str
    subject_kind: SubjectKind
    subject: str
    kind: str
    deployment_id: str | None
    severity: AlarmSeverity
    summary: str
    in_page: bool
    rule: str
    lasts: bool
    pages: bool
    route_to: list[str]
    raised_at: datetime
    last_at: datetime
    count: int
    paged_from: datetime
    level: PageLevel | None
    cleared_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_how: AcknowledgedHow | None
    closed_at: datetime | None
    label: str = ""
    in_maintenance: bool = False

    @property
    def unit_id(self) -> str | None:
        """The unit that it is about."""
        return self.subject if self.subject_kind == "unit" else None

    @property
    def waits(self) -> bool:
        """Whether somebody is still to be paged for it, as far as the alarm itself says."""
        return self.pages and self.acknowledged_at is None and self.cleared_at is None

    def view(self) -> AlarmView:
        """As the API shows it."""
        fields = {name: getattr(self, name) for name in AlarmView.__struct_fields__ if name in self.__struct_fields__}
        return AlarmView(
            **{**fields, "label": self.label or self.subject},
            alarm=self.alarm_id,
            deployment=self.deployment_id,
            state=self._state(),
        )

    def _state(self) -> AlarmState:
        if self.closed_at is not None:
            return "closed"
        if self.acknowledged_at is not None:
            return "acknowledged"
        return "raised" if self.cleared_at is None else "cleared"


class AlarmEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of severity alarm that belongs to no alarm yet."""

    event_id: int
    unit_id: str | None
    source: str
    kind: str
    summary: str
    received_at: datetime
    repeat_key: str | None


class JudgedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit whose newest report is to be judged; `health` and `states` are JSON."""

    unit_id: str
    label: str
    health: str
    sampled_at: datetime
    states: str | None


class SilentUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that is silent, or of which a presence rule remembers that it was."""

    unit_id: str
    label: str
    presence: str
    states: str | None


class AlarmStore:
    """Alarms within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def locked_open(self, subject_kind: SubjectKind, subject: str, kind: str) -> StoredAlarm | None:
        """The open alarm of a subject and kind; nobody else opens one or changes it until the transaction ends."""
        await self._connection.execute(_SQL["lock_subject"], f"{subject_kind} {subject} {kind}")
        return _alarm(await self._connection.fetchrow(_SQL["lock_open"], subject_kind, subject, kind))

    async def locked(self, alarm_id: str) -> StoredAlarm | None:
        """An alarm that nobody else changes until the transaction ends; without label and maintenance."""
        return _alarm(await self._connection.fetchrow(_SQL["lock_one"], alarm_id))

    async def add(self, new: StoredAlarm) -> None:
        """Keep an alarm; its number is made here."""
        await self._connection.execute(
            _SQL["add"],
            new.alarm_id,
            new.subject_kind,
            new.subject,
            new.kind,
            new.deployment_id,
            new.severity,
            new.summary,
            new.in_page,
            new.rule,
            new.lasts,
            new.pages,
            new.route_to,
            new.raised_at,
        )

    async def again(self, alarm_id: str, now: datetime, severity: AlarmSeverity, summary: str, **flags: bool) -> None:
        """Count on an open alarm; `flags` are `lasts` and `pages`. One that was cleared is not any more, and is paged
        from now on."""
        await self._connection.execute(_SQL["again"], alarm_id, now, severity, summary, flags["lasts"], flags["pages"])

    async def clear(self, alarm_id: str, now: datetime) -> None:
        """Its condition is over."""
        await self._connection.execute(_SQL["clear"], alarm_id, now)

    async def acknowledge(
        self, alarm_id: str, by: str, now: datetime, how: AcknowledgedHow, *, over: bool = False
    ) -> None:
        """Somebody has taken it; `over`: and its condition is."""
        await self._connection.execute(_SQL["acknowledge"], alarm_id, by, now, how, over)

    async def one(self, alarm_id: str, now: datetime) -> StoredAlarm | None:
        """An alarm as people see it."""
        found = await self.page(now, alarm_id=alarm_id, limit=1)
        return found[0] if found else None

    async def page(
        self,
        now: datetime,
        *,
        alarm_id: str = "",
        open_only: bool = False,
        unit_id: str = "",
        deployment_id: str = "",
        before: str = "",
        limit: int = 100,
        waiting: bool = False,
    ) -> list[StoredAlarm]:
        """Alarms newest first; `waiting`: only those for which somebody is to be paged, the worst and then the oldest
        first."""
        records = await self._connection.fetch(
            _SQL["views"], now, alarm_id, open_only, unit_id, deployment_id, before, limit, waiting
        )
        return [_viewed(record) for record in records]

    async def set_level(self, alarm_id: str, level: PageLevel) -> None:
        """It was paged up to this level."""
        await self._connection.execute(_SQL["set_level"], alarm_id, level)

    async def page_anew(self, alarm_ids: Collection[str], now: datetime) -> None:
        """Let paging begin at `now`: a maintenance window holds it back until then."""
        await self._connection.execute(_SQL["page_anew"], list(alarm_ids), now)

    async def to_consider(self, limit: int) -> list[AlarmEvent]:
        """Open events of severity alarm that belong to no alarm yet, locked; what another controller has is left."""
        return [AlarmEvent(**record) for record in await self._connection.fetch(_SQL["to_consider"], limit)]

    async def open_kinds(self, unit_ids: Collection[str]) -> dict[str, set[str]]:
        """The kinds of units' open alarms."""
        found: dict[str, set[str]] = {unit_id: set() for unit_id in unit_ids}
        for unit_id, kind in await self._connection.fetch(_SQL["open_kinds"], list(unit_ids)):
            found[unit_id].add(kind)
        return found

    async def consider(self, event_id: int, alarm_id: str) -> None:
        """The event is the alarm's."""
        await self._connection.execute(_SQL["consider"], event_id, alarm_id)

    async def alarm_of_event(self, event_id: int) -> str | None:
        """The alarm that an event belongs to."""
        found: str | None = await self._connection.fetchval(_SQL["alarm_of_event"], event_id)
        return found

    async def acknowledge_events(self, alarm_id: str, by: str, now: datetime) -> list[tuple[int, str | None]]:
        """Take an alarm's open events; their ids and units."""
        records = await self._connection.fetch(_SQL["acknowledge_events"], alarm_id, by, now)
        return [(record["event_id"], record["unit_id"]) for record in records]

    async def events_open(self, alarm_id: str) -> int:
        """How many of an alarm's events nobody has taken."""
        count: int = await self._connection.fetchval(_SQL["events_open"], alarm_id)
        return count

    async def events(self, alarm_id: str) -> list[EventView]:
        """An alarm's newest 20 events."""
        return [EventView(**record) for record in await self._connection.fetch(_SQL["events"], alarm_id)]

    async def open_of_rules(self, rules: Collection[str]) -> list[StoredAlarm]:
        """Alarms of units that last, raised by one of `rules`, locked."""
        records = await self._connection.fetch(_SQL["open_of_rules"], list(rules))
        return [StoredAlarm(**record) for record in records]

    async def rules(self) -> AlarmRulesView | None:
        """The rules in force, None where nobody has laid down any."""
        record = await self._connection.fetchrow(_SQL["rules"])
        if record is None:
            return None
        return AlarmRulesView(
            version=record["version"],
            rules=_rules.decode(record["document"]),
            changed_by=record["changed_by"],
            changed_at=record["changed_at"],
        )

    async def lock_rules(self) -> None:
        """Let only one transaction at a time lay down rules."""
        await self._connection.execute(_SQL["lock_rules"])

    async def add_rules(self, version: int, document: str, by: str, now: datetime) -> None:
        """Put rules in force; call under `lock_rules`."""
        await self._connection.execute(_SQL["add_rules"], version, document, by, now)

    async def units_to_judge(self, limit: int) -> list[JudgedUnit]:
        """Active units whose newest report was not judged yet."""
        return [JudgedUnit(**record) for record in await self._connection.fetch(_SQL["units_to_judge"], limit)]

    async def units_silent(self, limit: int) -> list[SilentUnit]:
        """Active units that presence rules are about."""
        return [SilentUnit(**record) for record in await self._connection.fetch(_SQL["units_silent"], limit)]

    async def units_out(self) -> list[tuple[str, str]]:
        """Units that are no longer active, with what is remembered of them."""
        return [tuple(record) for record in await self._connection.fetch(_SQL["units_out"])]

    async def set_states(self, states: Sequence[tuple[str, datetime | None, str]]) -> None:
        """Remember (unit id, which report was judged, JSON) of units, each once."""
        if states:
            await self._connection.execute(_SQL["set_states"], *map(list, zip(*states, strict=True)))

    async def set_presence_states(self, states: Sequence[tuple[str, str]]) -> None:
        """Remember JSON of units, each once, and leave which report was judged."""
        if states:
            await self._connection.execute(_SQL["set_presence_states"], *map(list, zip(*states, strict=True)))


def _alarm(record: asyncpg.Record | None) -> StoredAlarm | None:
    return None if record is None else StoredAlarm(**record)


def _viewed(record: asyncpg.Record) -> StoredAlarm:
    fields = dict(record)
    return StoredAlarm(alarm_id=fields.pop("alarm"), deployment_id=fields.pop("deployment"), **fields)
