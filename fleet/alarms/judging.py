"""Raising alarms: by events that nobody has looked at, by units' newest reports, and by silence."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from fleet.alarms.raising import NewAlarm, clear_alarm, raise_alarm
from fleet.alarms.rules.condition import CLEAR, Effect, Fact, RuleState, step
from fleet.alarms.rules.events import event_rule, rota_of_gap
from fleet.alarms.rules.facts import figure_fact, figure_summary, presence_fact
from fleet.store.alarm_people import Route
from fleet.store.alarms import AlarmEvent, JudgedUnit, SilentUnit
from fleet.store.store import Transaction
from protocols.alarms import AlarmRules, EventRule, FigureRule, Pages, PresenceRule, SubjectKind
from protocols.health import HealthReport

AT_ONCE = 500
"""Events, or units, that one transaction looks at."""
MOST_KINDS, MORE = 20, "more-alarms"
"""Of a unit so many kinds of alarms are told by their names at once †."""
_PAGED_WITHIN = timedelta(hours=24)
"""What was received longer ago is raised and pages nobody †: alarming was not there for it."""

States = dict[str, RuleState]
_states = msgspec.json.Decoder(States)
_report = msgspec.json.Decoder(HealthReport)
_encoder = msgspec.json.Encoder()


async def judge_events(transaction: Transaction, rules: AlarmRules, now: datetime) -> int:
    """Let each open event of severity alarm belong to an alarm; returns how many there were, at most AT_ONCE."""
    events = await transaction.alarms.to_consider(AT_ONCE)
    units = {event.unit_id for event in events if event.unit_id is not None}
    routes = await transaction.alarm_people.routes_of_units(units)
    named = [rule for rule in rules.rules if isinstance(rule, EventRule)]
    kinds = await transaction.alarms.open_kinds(units)
    for event in events:
        new = _of_event(event, event_rule(named, event.source, event.kind), routes, now)
        if event.unit_id is not None:
            new = _bounded(new, kinds[event.unit_id])
        raised = await raise_alarm(transaction, new, now)
        await transaction.alarms.consider(event.event_id, raised.alarm_id)
    return len(events)


def _bounded(new: NewAlarm, there: set[str]) -> NewAlarm:
    """The alarm, of kind MORE where so many kinds of the unit are open already: a unit that invents kinds fills
    nothing. Adds its kind to those there."""
    if new.kind not in there and len(there) >= MOST_KINDS:
        new = msgspec.structs.replace(new, kind=MORE)
    there.add(new.kind)
    return new


def _of_event(event: AlarmEvent, rule: EventRule | None, routes: Mapping[str, Route], now: datetime) -> NewAlarm:
    subject_kind: SubjectKind = "controller"
    subject = "controller"
    rota = rota_of_gap(event.kind, event.repeat_key)
    if event.unit_id is not None:
        subject_kind, subject = "unit", event.unit_id
    elif rota is not None:
        subject_kind, subject = "rota", rota
    recent = now - event.received_at < _PAGED_WITHIN
    return NewAlarm(
        subject_kind=subject_kind,
        subject=subject,
        kind=event.kind,
        severity="alarm" if rule is None else rule.severity,
        summary=event.summary,
        rule="" if rule is None else rule.rule,
        lasts=False,
        pages=rule is not None and recent and _pages(rule.pages, routes.get(event.unit_id or "")),
        in_page=event.source == "controller",
    )


async def judge_reports(transaction: Transaction, rules: AlarmRules, now: datetime) -> int:
    """Judge the newest report of each unit that was not; returns how many there were, at most AT_ONCE. What a
    maintenance window holds back is judged again, and not counted."""
    figures = [rule for rule in rules.rules if isinstance(rule, FigureRule)]
    units = await transaction.alarms.units_to_judge(AT_ONCE)
    held = await transaction.alarm_people.units_held(now) if units else set()
    routes = await transaction.alarm_people.routes_of_units([unit.unit_id for unit in units])
    written: list[tuple[str, datetime | None, str]] = []
    for unit in units:
        judged = _Unit(unit, routes.get(unit.unit_id), held=unit.unit_id in held)
        report = _report.decode(unit.health)
        values = msgspec.structs.asdict(report)
        judged.forget("f:", {rule.rule for rule in figures})
        for rule in figures:
            fact = figure_fact(rule, values, report.ages_s, unit.sampled_at)
            effect = judged.step(rule, f"f:{rule.rule}", fact, now)
            await judged.do(transaction, rule, effect, figure_summary(rule, values.get(rule.figure)), now)
        written.append((unit.unit_id, None if judged.held else unit.sampled_at, judged.written()))
    await transaction.alarms.set_states(written)
    return sum(unit.unit_id not in held for unit in units)


async def judge_silence(transaction: Transaction, rules: AlarmRules, now: datetime) -> int:
    """Judge how long units are silent; returns how many there were."""
    silences = [rule for rule in rules.rules if isinstance(rule, PresenceRule)]
    units = await transaction.alarms.units_silent(10 * AT_ONCE)
    held = await transaction.alarm_people.units_held(now) if units else set()
    routes = await transaction.alarm_people.routes_of_units([unit.unit_id for unit in units])
    written = []
    for unit in units:
        judged = _Unit(unit, routes.get(unit.unit_id), held=unit.unit_id in held)
        judged.forget("p:", {rule.rule for rule in silences})
        for rule in silences:
            effect = judged.step(rule, f"p:{rule.rule}", presence_fact(rule, unit.presence, now), now)
            await judged.do(transaction, rule, effect, f"the unit is {unit.presence}: no report comes", now)
        if judged.written() != (unit.states or "{}"):
            written.append((unit.unit_id, judged.written()))
    await transaction.alarms.set_presence_states(written)
    return len(units)


async def forget_units_out(transaction: Transaction, now: datetime) -> None:
    """Units that are revoked or quarantined are not judged: what their reports and their silence raised is over."""
    for unit_id, states in await transaction.alarms.units_out():
        for key in _states.decode(states):
            await clear_alarm(transaction, "unit", unit_id, key.partition(":")[2], now)
        await transaction.alarms.set_presence_states([(unit_id, "{}")])


class _Unit:
    """A unit that is judged: where its rules stand, and whose it is."""

    def __init__(self, unit: JudgedUnit | SilentUnit, route: Route | None, *, held: bool) -> None:
        self.held = held
        self._unit_id = unit.unit_id
        self._route = route
        self._states = {} if unit.states is None else _states.decode(unit.states)

    def forget(self, prefix: str, rules: Iterable[str]) -> None:
        """Leave out what is known of rules that are not there any more."""
        there = {f"{prefix}{rule}" for rule in rules}
        gone = [key for key in self._states if key.startswith(prefix) and key not in there]
        for key in gone:
            del self._states[key]

    def step(self, rule: FigureRule | PresenceRule, key: str, fact: Fact | None, now: datetime) -> Effect | None:
        """What follows from a fact."""
        self._states[key], effect = step(rule, self._states.get(key, CLEAR), fact, now, held_back=self.held)
        return effect

    async def do(
        self,
        transaction: Transaction,
        rule: FigureRule | PresenceRule,
        effect: Effect | None,
        summary: str,
        now: datetime,
    ) -> None:
        """Raise the rule's alarm, or clear it."""
        if effect == "raise":
            new = NewAlarm(
                subject_kind="unit",
                subject=self._unit_id,
                kind=rule.rule,
                severity=rule.severity,
                summary=summary,
                rule=rule.rule,
                pages=_pages(rule.pages, self._route),
            )
            await raise_alarm(transaction, new, now)
        elif effect == "clear":
            await clear_alarm(transaction, "unit", self._unit_id, rule.rule, now)

    def written(self) -> str:
        """JSON of what is not clear; sorted, so that the same is the same."""
        kept = {key: state for key, state in sorted(self._states.items()) if state != CLEAR}
        return _encoder.encode(kept).decode()


def _pages(pages: Pages, route: Route | None) -> bool:
    return pages == "always" or (pages == "deployed" and route is not None and route.under_way)
