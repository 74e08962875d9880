"""What people do about rollouts: begin one, pause it, let it go on, end it; each with its entry."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from fleet.alarms.taking import event_over
from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import EventAcknowledged
from fleet.entries.rollouts import RolloutCancelled, RolloutPaused, RolloutResumed, RolloutStarted
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.rollouts.carrying_out import STOPPED
from fleet.rollouts.manifests import ManifestInForce, ReadManifest
from fleet.rollouts.reading import rollout_view, unit_page, unknown, updates_of_unit
from fleet.rollouts.rules.rings import places
from fleet.store.people import Person
from fleet.store.rollouts import Candidate, NewUnit, StoredRollout
from fleet.store.store import Store, Transaction
from protocols.api.rollouts import (
    NewRollout,
    RolloutChange,
    RolloutRow,
    RolloutUnitPage,
    RolloutUnitRow,
    RolloutView,
)
from protocols.commands import UpdateUnit
from protocols.ids import new_rollout_id, new_update_id
from protocols.releases.manifest import Manifest
from protocols.rollouts import MAX_UNITS, UNIT_BAD, RolloutPlan, RolloutState, UnitUpdateState

MAX_SHOWN = 200
MAX_ORDER_BYTES = 40 * 1024
"""What an order may have: in its envelope it has to fit into a message."""
_NAMED = 5
_BEFORE: Mapping[RolloutState, tuple[tuple[RolloutState, ...], str]] = {
    "paused": (("running",), "only one that runs can be paused"),
    "running": (("paused", "stopped"), "only one that is paused or stopped can go on"),
    "cancelled": (("running", "paused", "stopped"), "it has ended"),
}
"""By the state that people bring a rollout to, the states it comes from, and what is said in any other."""


class RolloutDesk:
    """Every method raises StoreUnavailable; those that change something NotFound, Conflict or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, manifest: ReadManifest) -> None:
        self._store = store
        self._clock = clock
        self._manifest = manifest

    async def rollouts(self) -> list[RolloutRow]:
        """The newest ones."""
        async with self._store.transaction() as transaction:
            return await transaction.rollouts.rows(MAX_SHOWN)

    async def one(self, rollout_id: str) -> RolloutView:
        """A rollout with its rings."""
        async with self._store.transaction() as transaction:
            return await rollout_view(transaction, rollout_id, self._clock())

    async def units(self, rollout_id: str, ring: str, state: str, offset: int, limit: int) -> RolloutUnitPage:
        """Its units by ring and turn; `ring` and `state` leave out others, unless they are empty."""
        async with self._store.transaction() as transaction:
            return await unit_page(transaction, rollout_id, ring, state, offset, limit, self._clock())

    async def of_unit(self, unit_id: str) -> list[RolloutUnitRow]:
        """A unit's updates, the newest first."""
        async with self._store.transaction() as transaction:
            return await updates_of_unit(transaction, unit_id, self._clock())

    async def start(self, new: NewRollout, caller: Person) -> RolloutView:
        """Begin a rollout: the first ring begins at once, where the plan's schedule lets it."""
        _check_order(new)
        now = self._clock()
        async with self._store.transaction() as transaction:
            there = await self._manifest(transaction, new.manifest)
            if there is None:
                raise NotFound(
                    "manifest-unknown",
                    f"there is no manifest {new.manifest} in force",
                    "see what is released: fleet release list",
                )
            units = await _units_of(transaction, new, there)
            rollout = _stored(new, there, caller, now)
            placed = _placed(rollout.rollout_id, new.plan, there.manifest, units)
            if not await transaction.rollouts.add(rollout, [ring.name for ring in new.plan.rings], placed):
                raise Conflict(
                    "unit-in-rollout", "a unit has come into another rollout meanwhile", "look at it, and try again"
                )
            await transaction.log.append(
                RolloutStarted(
                    at=now,
                    actor=caller.person_id,
                    rollout=rollout.rollout_id,
                    manifest=new.manifest,
                    sha256=there.sha256,
                    plan_sha256=sha256(rollout.plan.encode()).hexdigest(),
                    units=len(units),
                    rings=len(new.plan.rings),
                    title=HashedText(new.title),
                )
            )
            transaction.changed.rollouts = True
            return await rollout_view(transaction, rollout.rollout_id, now)

    async def pause(self, rollout_id: str, change: RolloutChange, caller: Person) -> RolloutView:
        """Tell no further unit until it is resumed; those that were told go on."""
        now, reason = self._clock(), HashedText(change.reason)
        async with self._store.transaction() as transaction:
            await _bring(transaction, rollout_id, "paused", change, caller, now)
            entry = RolloutPaused(at=now, actor=caller.person_id, rollout=rollout_id, reason=reason)
            await transaction.log.append(entry)
            return await rollout_view(transaction, rollout_id, now)

    async def resume(self, rollout_id: str, change: RolloutChange, caller: Person) -> RolloutView:
        """Let it go on, from where it was paused or stopped by itself; what is bad so far does not stop it again."""
        now, reason = self._clock(), HashedText(change.reason)
        async with self._store.transaction() as transaction:
            await _bring(transaction, rollout_id, "running", change, caller, now)
            forgiven = await _forgive(transaction, rollout_id, now)
            entry = RolloutResumed(at=now, actor=caller.person_id, rollout=rollout_id, forgiven=forgiven, reason=reason)
            await transaction.log.append(entry)
            return await rollout_view(transaction, rollout_id, now)

    async def cancel(self, rollout_id: str, change: RolloutChange, caller: Person) -> RolloutView:
        """End it: who waits is left out, those that were told go on."""
        now, reason = self._clock(), HashedText(change.reason)
        async with self._store.transaction() as transaction:
            await _bring(transaction, rollout_id, "cancelled", change, caller, now)
            left = await transaction.rollouts.leave_out(rollout_id, "cancelled before it was told", now)
            entry = RolloutCancelled(at=now, actor=caller.person_id, rollout=rollout_id, left_out=left, reason=reason)
            await transaction.log.append(entry)
            return await rollout_view(transaction, rollout_id, now)


def _check_order(new: NewRollout) -> None:
    size = len(msgspec.json.encode(UpdateUnit(update=new_update_id(), manifest=new.manifest, permits=new.permits)))
    if size > MAX_ORDER_BYTES:
        raise RequestRefused(
            "permits-too-long",
            f"the permits make an order of {size} bytes, the limit is {MAX_ORDER_BYTES}",
            "name fewer units in each permit, or roll out part by part",
        )


async def _units_of(transaction: Transaction, new: NewRollout, there: ManifestInForce) -> Sequence[Candidate]:
    """The units of a new rollout; raises NotFound and Conflict."""
    named = set(new.units)
    candidates = await transaction.rollouts.candidates(named or None)
    if not named:
        candidates = [one for one in candidates if one.state == "active" and there.manifest.suits(one.model)]
    known = {one.unit_id for one in candidates}
    _refuse_unknown(named - known)
    _refuse_unknown({unit for ring in new.plan.rings for unit in ring.units} - known)
    if not candidates:
        raise Conflict("no-unit", f"{new.manifest} suits no unit", "see the models it is for: fleet release list")
    if len(candidates) > MAX_UNITS:
        raise Conflict("too-many-units", f"{len(candidates)} units are more than {MAX_UNITS}", "name some of them")
    busy = await transaction.rollouts.busy(known)
    if busy:
        unit, rollout = min(busy.items())
        raise Conflict(
            "unit-in-rollout",
            f"{len(busy)} of the units are in a rollout that has not ended for them, as {unit} in {rollout}",
            "wait for its end, or cancel it",
        )
    return candidates


def _refuse_unknown(units: Collection[str]) -> None:
    if units:
        raise NotFound(
            "unit-unknown",
            f"these units are not there, or not of the rollout: {', '.join(sorted(units)[:_NAMED])}",
            "list units to see their ids",
        )


def _stored(new: NewRollout, there: ManifestInForce, caller: Person, now: datetime) -> StoredRollout:
    return StoredRollout(
        rollout_id=new_rollout_id(),
        title=new.title,
        manifest=new.manifest,
        sha256=there.sha256,
        content=msgspec.json.encode(there.manifest).decode(),
        plan=msgspec.json.encode(new.plan).decode(),
        permits=msgspec.json.encode(new.permits).decode(),
        state="running",
        reason="",
        made_by=caller.person_id,
        made_at=now,
        changed_by=caller.person_id,
        changed_at=now,
    )


def _placed(rollout_id: str, plan: RolloutPlan, manifest: Manifest, units: Sequence[Candidate]) -> list[NewUnit]:
    """The units with their rings and turns; those that can not be told are left out."""
    found = places([one.unit_id for one in units], plan, rollout_id)
    placed = []
    for one in units:
        why = "" if one.state == "active" else f"it was {one.state}"
        if not manifest.suits(one.model):
            why = "the manifest is for other models"
        state: UnitUpdateState = "left-out" if why else "waiting"
        placed.append(NewUnit(one.unit_id, *found[one.unit_id], new_update_id(), state, why))
    return placed


async def _forgive(transaction: Transaction, rollout_id: str, now: datetime) -> int:
    """Let those that are bad so far count for nothing; returns how many they are."""
    units = await transaction.rollouts.units_now(rollout_id, now)
    rings = await transaction.rollouts.rings(rollout_id)
    forgiven = {
        index: ring._replace(forgiven=sum(unit.state in UNIT_BAD for unit in units if unit.ring == index))
        for index, ring in enumerate(rings)
    }
    await transaction.rollouts.set_rings(rollout_id, forgiven)
    return sum(ring.forgiven for ring in forgiven.values())


async def _take_alarm(transaction: Transaction, rollout_id: str, caller: Person, now: datetime) -> None:
    """Who decides about a rollout that has stopped by itself has taken the alarm of that."""
    taken = await transaction.events.acknowledge_repeated(f"{STOPPED}:{rollout_id}", caller.person_id, now)
    if taken is None:
        return
    event_id, kind = taken
    await transaction.log.append(EventAcknowledged(at=now, actor=caller.person_id, event=event_id, event_kind=kind))
    await event_over(transaction, event_id, now, caller.person_id)
    transaction.changed.events = True


async def _bring(
    transaction: Transaction, rollout_id: str, state: RolloutState, change: RolloutChange, caller: Person, now: datetime
) -> None:
    """Lock a rollout and bring it to another state, as `caller` decided, who takes its alarm by that; raises NotFound,
    Conflict."""
    rollout = await transaction.rollouts.locked(rollout_id)
    if rollout is None:
        raise unknown(rollout_id)
    before, otherwise = _BEFORE[state]
    if rollout.state not in before:
        raise Conflict("rollout-state", f"rollout {rollout_id} is {rollout.state}", otherwise)
    await transaction.rollouts.set_state(rollout_id, state, change.reason, caller.person_id, now)
    await _take_alarm(transaction, rollout_id, caller, now)
    transaction.changed.rollouts = True
