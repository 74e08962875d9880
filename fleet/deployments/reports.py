"""Reports of what was done in a time, read in one transaction; each reading is an entry."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.clock import Clock
from fleet.deployments.report_rules import Answer, ItemChange, Way, durations, recovery_due, responses, utilised
from fleet.entries.deployment_papers import ReportsRead
from fleet.errors import RequestRefused
from fleet.store.deployment_reports import AlarmAnswered, KitMove, SaidOfKit, StoredWay
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.stored_authority import Authority
from protocols.api.reports import Reports

LONGEST = timedelta(days=3 * 366)
"""Of a report †."""
_UNFIT = frozenset({"damaged", "failed"})


class _Read(NamedTuple):
    """The rows of all reports of a time."""

    items: list[tuple[str, str]]
    moves: list[KitMove]
    said: list[SaidOfKit]
    ways: list[StoredWay]
    authorities: Mapping[str, list[Authority]]
    alarms: list[AlarmAnswered]


class DeploymentReports:
    """Raises StoreUnavailable, and RequestRefused for a time that can not be."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def reports(self, since: datetime, until: datetime, caller: Person) -> Reports:
        """What was done from `since` until before `until`, but not later than now."""
        now = self._clock()
        first, last = since.astimezone(UTC), min(until.astimezone(UTC), now)
        if not timedelta() < last - first <= LONGEST:
            raise RequestRefused(
                "period-unusable",
                f"a report is of a time of at most {LONGEST.days} days that has begun",
                "let until be later than since, and since be in the past",
            )
        async with self._store.transaction() as transaction:
            read = await _read(transaction, first, last)
            entry = ReportsRead(at=now, actor=caller.person_id, starts_at=first, ends_at=last)
            await transaction.log.append(entry)
        return await asyncio.to_thread(_figures, read, first, last)


async def _read(transaction: Transaction, since: datetime, until: datetime) -> _Read:
    store = transaction.deployment_reports
    ways = await store.ways(since, until)
    named = await transaction.deployments.authorities_of([one.deployment_id for one in ways])
    found = await transaction.deployment_facts.authorities({one for each in named.values() for one in each})
    return _Read(
        items=await store.items(until),
        moves=await store.moves(since, until),
        said=await store.said_of_kit(until),
        ways=ways,
        authorities={key: [found[one] for one in each if one in found] for key, each in named.items()},
        alarms=await store.alarms(since, until),
    )


def _figures(read: _Read, since: datetime, until: datetime) -> Reports:
    changes = _changes(read.moves, read.said)
    return Reports(
        since=since,
        until=until,
        utilisation=[utilised(item, model, changes.get(item, []), since, until) for item, model in read.items],
        to_commission=durations(map(_commissioning, read.ways), since, until),
        to_recover=durations(
            (_recovering(one, read.authorities.get(one.deployment_id, [])) for one in read.ways), since, until
        ),
        alarms=responses(
            [Answer(one.kind, one.raised_at, one.acknowledged_at, one.level) for one in read.alarms], until
        ),
    )


def _changes(moves: Sequence[KitMove], said: Sequence[SaidOfKit]) -> dict[str, list[ItemChange]]:
    """What changed of each item, in order."""
    found: dict[str, list[ItemChange]] = {}
    for move in moves:
        change = ItemChange(move.at, is_out=move.is_out, is_unfit=move.condition in _UNFIT, moved=move.counts)
        found.setdefault(move.item, []).append(change)
    for one in said:
        held = None if one.state is None else one.state != "in-service"
        unfit = None if one.condition is None else one.condition in _UNFIT
        found.setdefault(one.item, []).append(ItemChange(one.at, is_held=held, is_unfit=unfit))
    for changes in found.values():
        changes.sort(key=lambda one: one.at)
    return found


def _commissioning(one: StoredWay) -> Way:
    given_up = one.cancelled_at is not None and one.commissioned_at is None
    due_at = None if given_up else one.requested_at
    return Way(one.deployment_id, one.kind, due_at, one.commissioned_at)


def _recovering(one: StoredWay, authorities: Sequence[Authority]) -> Way:
    """From the end of what allowed the kit to be there; authorities that only let it be got back do not count."""
    ends = [each.cancelled_at or each.lapses_at for each in authorities if set(each.kinds) - {"retrieve"}]
    due_at = None if one.fitted_at is None else recovery_due(ends, one.planned_at, one.expected_back_at)
    return Way(one.deployment_id, one.kind, due_at, one.recovered_at)
