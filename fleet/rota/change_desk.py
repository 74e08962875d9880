"""Overrides, take-overs and swaps: asking, agreeing, approving, refusing, undoing; each with its entry in one
transaction."""

import secrets
from datetime import datetime

import msgspec

from fleet.clock import Clock
from fleet.entries.entry import Entry, HashedText
from fleet.entries.rotas import ChangeAgreed, ChangeApproved, ChangeAsked, ChangeRefused, ChangeUndone
from fleet.errors import Conflict, Forbidden, NotFound
from fleet.rota import change_rules
from fleet.rota.books import asking, book_of, known_rota, locked_rota, turns_and_changes
from fleet.rota.change_rules import Roster, said_change, waits_for
from fleet.rota.judging import Judging
from fleet.rota.redaction import findings_for
from fleet.rota.rules.spans import Span
from fleet.store.events import ControllerEvent
from fleet.store.people import Person
from fleet.store.rota_changes import StoredChange
from fleet.store.store import Store, Transaction
from protocols.api.rota_changes import ChangeState, ChangeView, NewChange
from protocols.people import may
from protocols.rota.findings import Finding
from protocols.rota.model import Rota

MAX_WAITING = 20
"""How many changes of one rota that somebody asked for may wait."""
_OPEN: frozenset[ChangeState] = frozenset({"asked", "agreed"})


class ChangeDesk:
    """Every method raises StoreUnavailable, and NotFound for what is not there; those that change something also
    Forbidden, Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: Judging) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging

    async def newest(
        self, rota_id: str, state: ChangeState | None, since: datetime, until: datetime, limit: int, reader: Person
    ) -> list[ChangeView]:
        """A rota's changes that have a part in the time, newest first; what waiting ones would bring is left out."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await known_rota(transaction, rota_id)
            found = await transaction.rota_changes.newest(rota_id, state, since, until, limit)
            return await _views(transaction, rota_id, found, reader, now)

    async def one(self, change_id: str, reader: Person) -> ChangeView:
        """One change, with what it would bring while it waits."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            change = _known(await transaction.rota_changes.one(change_id), change_id)
            return await self._view(transaction, change, reader, now)

    async def ask(self, rota_id: str, new: NewChange, caller: Person) -> ChangeView:
        """Ask for a change; a supervisor's is in force at once, where it is an override or a take-over by others."""
        async with self._store.transaction() as transaction:
            rota = (await locked_rota(transaction, rota_id)).rota
            now = self._clock()
            change = await _wanted(transaction, rota, new, caller, now)
            if await transaction.rota_changes.count_waiting(rota_id, caller.person_id) >= MAX_WAITING:
                raise Conflict(
                    "changes-full", f"{MAX_WAITING} changes that you asked for wait already", "take some back: refuse"
                )
            if change.state == "approved":
                change = await self._put_in_force(transaction, rota, change, new.despite, caller, now)
            else:
                await transaction.rota_changes.add(change)
                await transaction.log.append(_asked_entry(change, now))
                said = f"{caller.person_id} asks for change {change.change_id}: {said_change(change, rota.zone)}"
                other = waits_for(change)
                await _tell(transaction, f"{said}; it waits for {_whom(other)}", now)
            return await self._view(transaction, change, caller, now)

    async def agree(self, change_id: str, caller: Person) -> ChangeView:
        """The other of the two agrees, or a supervisor who is neither of them, for the other."""
        async with self._store.transaction() as transaction:
            rota, change, now = await self._waiting(transaction, change_id)
            if change.state != "asked":
                raise Conflict("change-not-asked", f"{change_id} is {change.state}: nobody's agreement is missing")
            other = waits_for(change)
            if caller.person_id != other:
                _check_may_agree_for(other, caller, change)
            await transaction.rota_changes.agree(change_id, caller.person_id, now)
            await transaction.log.append(
                ChangeAgreed(at=now, actor=caller.person_id, rota=rota.rota, change=change_id, person=other)
            )
            by = "" if caller.person_id == other else f" for {other}"
            said = f"{caller.person_id} agrees{by} to change {change_id}: {said_change(change, rota.zone)}"
            await _tell(transaction, f"{said}; it waits for a supervisor", now)
            return await self._view(transaction, await _again(transaction, change_id), caller, now)

    async def approve(self, change_id: str, despite: str, reason: str, caller: Person) -> ChangeView:
        """Let an agreed change be in force, checked anew. Refused where it brings breaches or faults that were not
        there, unless `despite` says why it is made all the same."""
        async with self._store.transaction() as transaction:
            rota, change, now = await self._waiting(transaction, change_id)
            _check_apart(caller, change, "approve it")
            if change.state != "agreed":
                raise Conflict(
                    "change-not-agreed",
                    f"{change_id} is {change.state}, and waits for {waits_for(change) or 'nobody'}",
                    "let the other of the two agree first",
                )
            await self._put_in_force(transaction, rota, change, despite, caller, now, reason)
            return await self._view(transaction, await _again(transaction, change_id), caller, now)

    async def refuse(self, change_id: str, reason: str, caller: Person) -> ChangeView:
        """Either of the two, who asked, or a supervisor: it does not come."""
        async with self._store.transaction() as transaction:
            rota, change = await _locked(transaction, change_id)
            now = self._clock()
            if caller.person_id not in (*change.people, change.asked_by) and not may(caller.role, "manage-rota"):
                raise Forbidden(caller.role, "manage-rota")
            _check_open(change)
            await transaction.rota_changes.refuse(change_id, caller.person_id, now)
            why = HashedText(reason) if reason else None
            await transaction.log.append(
                ChangeRefused(at=now, actor=caller.person_id, rota=rota.rota, change=change_id, reason=why)
            )
            await _tell(
                transaction, f"{caller.person_id} refuses change {change_id}: {said_change(change, rota.zone)}", now
            )
            return await self._view(transaction, await _again(transaction, change_id), caller, now)

    async def undo(self, change_id: str, caller: Person) -> ChangeView:
        """From now on everything is as if the change had not been made; both halves of a swap."""
        async with self._store.transaction() as transaction:
            rota, change = await _locked(transaction, change_id)
            now = self._clock()
            if change.state != "approved":
                raise Conflict(
                    "change-not-in-force",
                    f"{change_id} is {change.state}: nothing is to be undone",
                    "refuse what waits",
                )
            if change.over_at <= now:
                raise Conflict("change-over", f"{change_id} is over, and what is past stays", "nothing is left to undo")
            now = max(now, change.decided_at or now)  # the clock of who approved it may be ahead
            await transaction.rota_changes.undo(change_id, caller.person_id, now)
            await transaction.log.append(ChangeUndone(at=now, actor=caller.person_id, rota=rota.rota, change=change_id))
            said = f"{caller.person_id} has undone change {change_id}, from now on"
            await _tell(transaction, f"{said}: {said_change(change, rota.zone)}", now)
            return await self._view(transaction, await _again(transaction, change_id), caller, now)

    async def _waiting(self, transaction: Transaction, change_id: str) -> tuple[Rota, StoredChange, datetime]:
        """A change that waits, locked with its rota, and the time, read once they are: of two decided one after
        the other the later is the last. Raises Conflict where it does not wait any more, or its time has come."""
        rota, change = await _locked(transaction, change_id)
        now = self._clock()
        _check_open(change)
        if change.begins_at <= now:
            raise Conflict("change-too-late", f"the time of {change_id} has come: it lapses", "make an override")
        return rota, change, now

    async def _put_in_force(
        self,
        transaction: Transaction,
        rota: Rota,
        change: StoredChange,
        despite: str,
        caller: Person,
        now: datetime,
        reason: str = "",
    ) -> StoredChange:
        """Check a change anew, and let it be in force; a row that is not there yet is written. Raises Conflict."""
        roster = await _roster(transaction, rota, change)
        change_rules.check_gives(roster, change)
        change_rules.check_effect(roster, change.halves(now))
        for person in sorted(change.people):
            await transaction.rota_people.lock_person(person)
        brings, grave = await self._judged(transaction, rota, change, now)
        change_rules.check_brings(grave, despite)
        if change.state == "approved":
            change = msgspec.structs.replace(change, brings=brings)
            await transaction.rota_changes.add(change)
        else:
            await transaction.rota_changes.approve(change.change_id, brings, caller.person_id, now)
        at_once = change.state == "approved"
        why = change.reason if at_once else reason
        await transaction.log.append(_approved_entry(change, len(grave), why, despite, caller.person_id, now))
        done = "makes" if at_once else "approves"
        above = change_rules.stands_above(msgspec.structs.replace(change, decided_at=now), roster.changes, now)
        over = f"; it stands above {', '.join(above[:3])}" if above else ""
        said = f"{caller.person_id} {done} change {change.change_id}: {said_change(change, rota.zone)}{over}"
        await _tell(transaction, said, now)
        return change

    async def _judged(
        self, transaction: Transaction, rota: Rota, change: StoredChange, now: datetime
    ) -> tuple[list[Finding], list[Finding]]:
        period = change_rules.period_around(change, rota)
        book = await book_of(transaction, rota.rota, *period, now)
        return await self._judging.work_out(lambda: change_rules.judge(book, change, now))

    async def _view(self, transaction: Transaction, change: StoredChange, reader: Person, now: datetime) -> ChangeView:
        """A change as `reader` may see it; one that waits with what it would bring."""
        if change.state in _OPEN and change.begins_at > now:
            rota = asking(await known_rota(transaction, change.rota_id))
            brings, _ = await self._judged(transaction, rota, change, now)
            change = msgspec.structs.replace(change, brings=brings)
        (view,) = await _views(transaction, change.rota_id, [change], reader, now)
        return view


async def _wanted(transaction: Transaction, rota: Rota, new: NewChange, caller: Person, now: datetime) -> StoredChange:
    """What somebody asks for, checked; in state `approved` where it is in force at once."""
    change_rules.check_positions(rota, new)
    manages = may(caller.role, "manage-rota")
    legs = change_rules.legs_of(new, now, at_once=manages and new.kind != "swap")
    roster = Roster(rota, *await turns_and_changes(transaction, rota, legs.there))
    gives = change_rules.giver(roster, new, legs.there)
    state = change_rules.first_state(new.kind, new.person, gives, caller)
    if state != "approved":
        legs = change_rules.legs_of(new, now, at_once=False)
    if legs.back is not None and new.back_position is not None:
        back = Roster(rota, *await turns_and_changes(transaction, rota, legs.back))
        change_rules.check_has(back, new.person, new.back_position, legs.back)
    by = caller.person_id
    for_others = state == "agreed" and by not in (new.person, gives)
    return StoredChange(
        change_id=f"S-{secrets.token_hex(6)}",
        rota_id=rota.rota,
        kind=new.kind,
        state=state,
        position=new.position,
        person_id=new.person,
        starts_at=legs.there.starts_at,
        ends_at=legs.there.ends_at,
        gives=gives,
        back_position=new.back_position,
        back_starts_at=None if legs.back is None else legs.back.starts_at,
        back_ends_at=None if legs.back is None else legs.back.ends_at,
        reason=new.reason,
        asked_by=by,
        asked_at=now,
        agreed_by=by if for_others else None,
        agreed_at=now if for_others else None,
        decided_by=by if state == "approved" else None,
        decided_at=now if state == "approved" else None,
    )


async def _roster(transaction: Transaction, rota: Rota, change: StoredChange) -> Roster:
    window = Span(change.begins_at, change.over_at)
    return Roster(rota, *await turns_and_changes(transaction, rota, window))


async def _views(
    transaction: Transaction, rota_id: str, found: list[StoredChange], reader: Person, now: datetime
) -> list[ChangeView]:
    if not found:
        return []
    since, until = min(one.begins_at for one in found), max(one.over_at for one in found)
    in_force = (await transaction.rota_books.changes([rota_id], since, until))[rota_id]
    return [_seen(one, change_rules.stands_above(one, in_force, now), reader) for one in found]


def _seen(change: StoredChange, above: list[str], reader: Person) -> ChangeView:
    whole = reader.person_id in (*change.people, change.asked_by) or may(reader.role, "see-working-time")
    return ChangeView(
        change=change.change_id,
        rota=change.rota_id,
        kind=change.kind,
        state=change.state,
        position=change.position,
        person=change.person_id,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        gives=change.gives,
        back_position=change.back_position,
        back_starts_at=change.back_starts_at,
        back_ends_at=change.back_ends_at,
        reason=change.reason if whole else "",
        asked_by=change.asked_by,
        asked_at=change.asked_at,
        agreed_by=change.agreed_by,
        decided_by=change.decided_by,
        decided_at=change.decided_at,
        waits_for=waits_for(change),
        undone_by=change.undone_by,
        undone_at=change.undone_at,
        stands_above=above,
        brings=findings_for(change.brings, reader.person_id, reader.role),
    )


def _known(change: StoredChange | None, change_id: str) -> StoredChange:
    if change is None:
        raise NotFound("change-unknown", f"there is no change {change_id}", "list changes: fleet rota changes")
    return change


async def _again(transaction: Transaction, change_id: str) -> StoredChange:
    return _known(await transaction.rota_changes.one(change_id), change_id)


async def _locked(transaction: Transaction, change_id: str) -> tuple[Rota, StoredChange]:
    """A change and its rota, which nobody else changes until the transaction ends."""
    rota_id = (await _again(transaction, change_id)).rota_id
    rota = (await locked_rota(transaction, rota_id)).rota
    return rota, await _again(transaction, change_id)


def _check_open(change: StoredChange) -> None:
    if change.state not in _OPEN:
        raise Conflict(
            "change-closed", f"{change.change_id} is {change.state}, and stays so", "ask for another, if it is needed"
        )


def _check_apart(caller: Person, change: StoredChange, deed: str) -> None:
    """Raise Forbidden or Conflict unless the caller is a supervisor and neither of the two."""
    if not may(caller.role, "manage-rota"):
        raise Forbidden(caller.role, "manage-rota")
    if caller.person_id in change.people:
        raise Conflict(
            "own-change", f"{caller.person_id} is one of the two, and may not {deed}", "ask another supervisor"
        )


def _check_may_agree_for(other: str, caller: Person, change: StoredChange) -> None:
    """As `_check_apart`, but who may not is told whose word is missing."""
    if not may(caller.role, "manage-rota"):
        raise Forbidden(
            caller.role,
            "manage-rota",
            f"{change.change_id} waits for {other} to agree",
            f"let {other} agree; a supervisor who is neither of the two may for them",
        )
    _check_apart(caller, change, "agree for the other")


def _asked_entry(change: StoredChange, now: datetime) -> Entry:
    return ChangeAsked(
        at=now,
        actor=change.asked_by,
        rota=change.rota_id,
        change=change.change_id,
        change_kind=change.kind,
        duty=change.position,
        person=change.person_id,
        gives=change.gives,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        back_duty=change.back_position,
        back_starts_at=change.back_starts_at,
        back_ends_at=change.back_ends_at,
        reason=HashedText(change.reason) if change.reason else None,
    )


def _approved_entry(change: StoredChange, grave: int, reason: str, despite: str, actor: str, now: datetime) -> Entry:
    return ChangeApproved(
        at=now,
        actor=actor,
        rota=change.rota_id,
        change=change.change_id,
        change_kind=change.kind,
        duty=change.position,
        person=change.person_id,
        gives=change.gives,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        back_duty=change.back_position,
        back_starts_at=change.back_starts_at,
        back_ends_at=change.back_ends_at,
        brought=grave,
        reason=HashedText(reason) if reason else None,
        despite=HashedText(despite) if despite else None,
    )


def _whom(waits: str) -> str:
    return "a supervisor" if waits == "supervisor" else waits


async def _tell(transaction: Transaction, summary: str, now: datetime) -> None:
    """Let everybody, and so the two, know what became of a change; consoles and controllers too."""
    await transaction.events.add(ControllerEvent(kind="rota-change", severity="info", summary=summary), now)
    transaction.changed.events = True
    transaction.changed.rotas = True
