"""Telling of gaps in cover in time, ending what nobody agreed to in time, and plans whose solver died."""

import asyncio

import structlog
from msgspec import structs

from fleet.alarms.taking import event_over
from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import EventAcknowledged
from fleet.entries.rotas import ChangeLapsed
from fleet.errors import RequestRefused
from fleet.rota.change_rules import said_change
from fleet.rota.cover_ahead import cover_book, gaps_ahead
from fleet.rota.duty_rules import ALARM_AHEAD
from fleet.rota.solving import fail_silent
from fleet.rounds import go_round
from fleet.store.events import ControllerEvent
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.rota.findings import Finding

_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


class CoverWatch:
    """Looks once a minute; several controllers tell each thing once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("rotas' cover", self.look, _EVERY_S)

    async def look(self) -> int:
        """Tell what is due and was not told, and end what is over; returns how many alarms were raised or ended, and
        changes lapsed."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await fail_silent(transaction, now)
            rotas = await transaction.rotas.every()
        done = 0
        for stored in rotas:
            try:
                done += await self._look_at(stored)
            except RequestRefused as error:
                _log.warning("a rota can not be looked at", rota=stored.rota.rota, problem=error.problem.message)
        return done

    async def _look_at(self, listed: StoredRota) -> int:
        now, rota_id = self._clock(), listed.rota.rota
        async with self._store.transaction() as transaction:
            await transaction.rota_changes.lock_watch(rota_id)
            stored = await transaction.rotas.one(rota_id) or listed
            lapsed = await self._lapse(transaction, stored)
            book = await cover_book(transaction, stored, now)
            gaps: list[Finding] = []
            if book is not None:
                # Those of the past too: an alarm that nobody heeded stays until somebody takes it.
                known = structs.replace(book, starts_at=book.known_from)
                gaps = await asyncio.to_thread(gaps_ahead, known)
            pressing = [one for one in gaps if one.starts_at <= now + ALARM_AHEAD and one.ends_at > now]
            raised = await self._raise(transaction, stored, pressing)
            return lapsed + raised + await self._end(transaction, stored, {_key(stored, one) for one in gaps})

    async def _lapse(self, transaction: Transaction, stored: StoredRota) -> int:
        now = self._clock()
        lapsed = await transaction.rota_changes.lapse(stored.rota.rota, now)
        for change in lapsed:
            await transaction.log.append(
                ChangeLapsed(at=now, actor=CONTROLLER, rota=change.rota_id, change=change.change_id)
            )
            said = f"change {change.change_id} has lapsed, its time came first: {said_change(change, stored.rota.zone)}"
            await transaction.events.add(ControllerEvent(kind="rota-change", severity="info", summary=said), now)
            transaction.changed.events = transaction.changed.rotas = True
        return len(lapsed)

    async def _raise(self, transaction: Transaction, stored: StoredRota, gaps: list[Finding]) -> int:
        """An alarm for each gap that has none, unless a person has taken it."""
        now = self._clock()
        told = await transaction.rota_changes.alarms_told([_key(stored, gap) for gap in gaps])
        new = [gap for gap in gaps if told.get(_key(stored, gap), CONTROLLER) == CONTROLLER]
        for gap in new:
            event = ControllerEvent(
                kind="cover-gap",
                severity="alarm",
                summary=f"{stored.rota.name}: {gap.sentence}: {gap.remedy}",
                repeat_key=_key(stored, gap),
            )
            await transaction.events.add(event, now)
            transaction.changed.events = transaction.changed.rotas = True
        return len(new)

    async def _end(self, transaction: Transaction, stored: StoredRota, there: set[str]) -> int:
        """Take the alarms of gaps that were closed."""
        now, ended = self._clock(), 0
        for key in await transaction.rota_changes.alarms_open(_prefix(stored)):
            taken = None if key in there else await transaction.events.acknowledge_repeated(key, CONTROLLER, now)
            if taken is not None:
                event_id, kind = taken
                await transaction.log.append(
                    EventAcknowledged(at=now, actor=CONTROLLER, event=event_id, event_kind=kind)
                )
                await event_over(transaction, event_id, now)
                transaction.changed.events = transaction.changed.rotas = True
                ended += 1
        return ended


def _prefix(stored: StoredRota) -> str:
    return f"cover-gap:{stored.rota.rota}:"


def _key(stored: StoredRota, gap: Finding) -> str:
    return f"{_prefix(stored)}{gap.key}"
