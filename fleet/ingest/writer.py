"""One batch, one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from fleet.access_records.chain_keeping import ToldRecord, keep_records
from fleet.clock import Clock
from fleet.clones.rules import AcceptedProof
from fleet.ingest.batch import Accepted, Folding, Inbound, Outcome, Welcoming, admit, count_rejections, results_of
from fleet.ingest.judge import Rejection
from fleet.ingest.proving import Proving, concerned
from fleet.ingest.rows import event_rows, report_rows, told_records, told_updates
from fleet.ingest.turns import Turn
from fleet.rollouts.keeping import ToldUpdate, keep_results, keep_updates
from fleet.settings import PresenceSettings
from fleet.store.errors import told_apart
from fleet.store.store import Store, Transaction
from fleet.store.telemetry import EventRow, KnownUnit
from protocols.downlink import Welcome
from protocols.uplink import EventBatch, HealthBatch

OnProofs = Callable[[Transaction, Sequence[AcceptedProof], datetime], Awaitable[None]]
"""Enters accepted proofs in the transaction of the batch, with their units' latest state locked."""

_CLAIMS_REMEMBERED = 100_000

UNDER_WAY = timedelta(minutes=5)
"""What a revoked unit sent before it was cut off may come so much later, or later still from a broker's queue."""


class _Told(NamedTuple):
    """What new events carry."""

    records: list[ToldRecord]
    updates: list[ToldUpdate]


class Writer:
    """Writes batches; between them it remembers what units' reports claimed last, which seldom changes."""

    def __init__(self, store: Store, presence: PresenceSettings, on_proofs: OnProofs, clock: Clock) -> None:
        self._store = store
        self._presence = presence
        self._on_proofs = on_proofs
        self._clock = clock
        self._claims: dict[str, tuple[int, str | None]] = {}

    async def write(self, items: Sequence[Inbound], turn: Turn) -> tuple[Outcome, list[Rejection]]:
        """Commit a batch in its turn; returns what it changed and every rejection that was recorded with it.

        Raises StoreUnavailable, RowsRefused (some message of the batch can not be stored) or TransactionConflict;
        nothing is stored then.
        """
        async with self._writing() as transaction:
            named = {item.unit_id for item in items if item.unit_id is not None}
            units = await transaction.telemetry.known_units(sorted(named))
            accepted, rejections = admit(items, units)
            now = self._clock()
            await _cut_off_again(transaction, rejections, now)
            proving, outcome, told = await self._store_rows(transaction, accepted, units, turn)
            rejections += await _keep(transaction, told, now)
            claims = self._changed_claims(outcome)
            await transaction.access_records.claim([(unit, *claims[unit]) for unit in sorted(claims)], now)
            if proving is not None:
                # Proofs first: what they answer was asked before the challenges of this batch, which stay open.
                await self._on_proofs(transaction, proving.proofs, now)
                outcome.welcomes = await _welcome(transaction, proving, now)
                rejections += proving.rejections
            rejections += outcome.replayed
            counted = count_rejections(rejections, units)
            await transaction.telemetry.add_rejections(counted, now)
            results = results_of(accepted)
            for unit_id, result in results:
                if await transaction.commands.record_result(unit_id, result, now):
                    transaction.changed.units.add(unit_id)
            await keep_results(transaction, results)
            transaction.changed.units |= outcome.heard.keys() | outcome.sessions.keys()
            transaction.changed.events |= bool(counted) or outcome.events_stored
        self._claims.update(claims)
        return outcome, rejections

    def _changed_claims(self, outcome: Outcome) -> dict[str, tuple[int, str | None]]:
        if len(self._claims) > _CLAIMS_REMEMBERED:
            self._claims.clear()
        return {unit: claim for unit, claim in outcome.claims.items() if self._claims.get(unit) != claim}

    async def record(self, rejections: Iterable[Rejection]) -> None:
        """Record rejections of messages that could not be written; raises as `write` does."""
        rejections = list(rejections)
        async with self._writing() as transaction:
            named = sorted({one.unit_id for one in rejections if one.unit_id is not None})
            units = await transaction.telemetry.known_units(named)
            await transaction.telemetry.add_rejections(count_rejections(rejections, units), self._clock())
            transaction.changed.events = True

    async def _store_rows(
        self, transaction: Transaction, accepted: Sequence[Accepted], units: dict[str, KnownUnit], turn: Turn
    ) -> tuple[Proving | None, Outcome, _Told]:
        telemetry = transaction.telemetry
        reports, events = rows_of(accepted)
        await telemetry.stage_reports(reports)
        await turn.comes()
        new_reports = await telemetry.add_staged()
        new_events = await telemetry.add_events(events)
        # Locked only now, so that controllers that hear the same units wait for each other as shortly as can be.
        live = await telemetry.lock_live(sorted(units))
        turn.let_pass()
        told = _Told(
            told_records(((item.message, item.received_at_ms) for item in accepted), new_events),
            told_updates((item.message for item in accepted), new_events),
        )
        proving = await _proving(transaction, accepted)
        passed = accepted if proving is None else proving.take(accepted)
        outcome = Folding(units, live, new_reports, new_events, self._presence).fold(passed)
        await telemetry.set_sessions(list(outcome.sessions.values()))
        await telemetry.set_heard(list(outcome.heard.values()))
        return proving, outcome, told

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Transaction]:
        with told_apart():
            async with self._store.transaction() as transaction:
                with told_apart():
                    yield transaction


async def _keep(transaction: Transaction, told: _Told, now: datetime) -> list[Rejection]:
    """Take in what events carry; returns what can not be."""
    bad_records = await keep_records(transaction, told.records, now)
    bad_updates = await keep_updates(transaction, told.updates, now)
    return [
        *(Rejection(bad.unit_id, "bad-record", bad.detail) for bad in bad_records),
        *(Rejection(bad.unit_id, "bad-update", bad.detail) for bad in bad_updates),
    ]


async def _cut_off_again(transaction: Transaction, rejections: Iterable[Rejection], now: datetime) -> None:
    """A revoked unit that still sends, long after it was cut off, has come back: by a connection that nobody held any
    more, or over a broker that had an older list. It is cut off anew."""
    back = sorted({one.unit_id for one in rejections if one.reason == "revoked" and one.unit_id is not None})
    if back and await transaction.revocation.cut_off_again(back, now - UNDER_WAY):
        transaction.changed.revocations = True


async def _proving(transaction: Transaction, accepted: Sequence[Accepted]) -> Proving | None:
    """What is known of the units that announce or prove something, None when none does; their latest state must be
    locked."""
    units, proving, serials = concerned(accepted)
    if not units:
        return None
    return Proving(
        await transaction.proofs.states(units),
        await transaction.certificates.named(serials) if serials else {},
        await transaction.certificates.lineages(proving) if proving else {},
    )


async def _welcome(transaction: Transaction, proving: Proving, now: datetime) -> list[Welcoming]:
    if not proving.answers:
        return []
    if proving.challenges:
        await transaction.proofs.challenge([proving.challenges[unit_id] for unit_id in sorted(proving.challenges)], now)
    version = await transaction.proofs.people_version()
    return [
        Welcoming(unit_id, session, Welcome(challenge, version))
        for unit_id, (session, challenge) in proving.answers.items()
    ]


def rows_of(accepted: Iterable[Accepted]) -> tuple[list[tuple[Any, ...]], list[EventRow]]:
    """The rows of all reports and events, in an order that every controller keeps, against deadlocks."""
    health: list[tuple[tuple[str, int, int], HealthBatch, int]] = []
    events: list[EventRow] = []
    for item in accepted:
        message = item.message
        if isinstance(message, HealthBatch):
            health.append(((message.unit, message.spool_id, message.reports[0].seq), message, item.received_at_ms))
        elif isinstance(message, EventBatch):
            events += event_rows(message, item.received_at_ms)
    health.sort(key=lambda one: one[0])
    reports = [row for _, message, received_at_ms in health for row in report_rows(message, received_at_ms)]
    events.sort(key=lambda row: (row.unit_id, row.spool_id, row.seq))
    return reports, events
