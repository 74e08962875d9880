"""The fast path of critical incidents: from the call to kit in hand in one transaction. What it goes past is owed."""

from datetime import datetime, timedelta

import structlog
from msgspec import structs

from fleet.clock import Clock
from fleet.deployments.authority_wanted import ask_for_authority
from fleet.deployments.changing import add_deployment, check_named
from fleet.deployments.facts_reading import Known, known_deployment
from fleet.deployments.kitting import enter_kept, keep, known_kit, pick
from fleet.deployments.lookup import stopped
from fleet.deployments.papers import enter_owed, make_up
from fleet.deployments.people_reading import on_call_now
from fleet.deployments.planning_desk import name_authorities
from fleet.deployments.rules.blockers import is_stopped
from fleet.deployments.rules.papers import FAST_PATH, fast_path
from fleet.deployments.rules.steps import STEPS
from fleet.deployments.views import deployment_view
from fleet.entries.deployments import DeploymentChanged
from fleet.errors import Conflict, RequestRefused
from fleet.kit.custody import take_out
from fleet.kit.known import KnownItem
from fleet.kit.rules.standing import what_stops
from fleet.mandates.rules import whole_utc
from fleet.rota.call_out_desk import CallOutDesk
from fleet.store.deployments import StoredDeployment, StoredStep
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.call_outs import NewCallOut
from protocols.api.deployments import DeploymentView, NewIncident
from protocols.deployments import TEMPLATES, DeploymentState
from protocols.people import may

_log = structlog.get_logger()


class IncidentDesk:
    """Raises StoreUnavailable, NotFound, Conflict and RequestRefused."""

    def __init__(self, store: Store, clock: Clock, call_outs: CallOutDesk) -> None:
        self._store = store
        self._clock = clock
        self._call_outs = call_outs

    async def report(self, asked: NewIncident, caller: Person) -> DeploymentView:
        """Ask for a critical incident's deployment, keep what it wants, and hand that to the caller. Raises Conflict
        `kit-not-available` where there is no unit for it, and `blocked` where kit may not go out."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            new = await _requested(transaction, asked, caller, now)
            await _take_kit(transaction, new, asked.items, caller, now)
            if asked.authorities:
                named = list(dict.fromkeys(asked.authorities))
                await name_authorities(transaction, new, named, [], caller.person_id, now)
            known = await known_deployment(transaction, new, now, caller)
            known = await _go(transaction, known, caller, now)
            await ask_for_authority(transaction, known, now)
            view = deployment_view(await make_up(transaction, known, caller, now))
        if asked.going:
            await self._call_out(new, caller, now)
        return view

    async def _call_out(self, new: StoredDeployment, caller: Person, now: datetime) -> None:
        """Record that the caller was called out, where they are on call. What stands against it, as another call-out
        that is not over, does not stop the incident: they may record it themselves."""
        async with self._store.transaction() as transaction:
            rotas = await on_call_now(transaction, caller.person_id, now)
        if not rotas:
            return
        rota_id = new.rota_id if new.rota_id in rotas else rotas[0]
        called = NewCallOut(rota=rota_id, person=caller.person_id, left_home_at=now, reference=new.deployment_id)
        try:
            await self._call_outs.record(called, caller)
        except RequestRefused as error:
            _log.warning("an incident's call-out was not recorded", deployment=new.deployment_id, reason=str(error))


async def _requested(transaction: Transaction, asked: NewIncident, caller: Person, now: datetime) -> StoredDeployment:
    template, starts_at = TEMPLATES["critical-incident"], whole_utc(now, now)
    new = StoredDeployment(
        deployment_id=await transaction.deployments.new_number(),
        version=1,
        kind="critical-incident",
        state="requested",
        title=asked.title,
        site=asked.site,
        starts_at=starts_at,
        expected_back_at=starts_at + timedelta(hours=asked.hours),
        wants=template.wants,
        works=template.works,
        modalities=template.modalities,
        lead_id=caller.person_id,
        rota_id=asked.rota or await _rota_of(transaction, caller, now),
        supervisor_id=caller.person_id if may(caller.role, "manage-deployments") else None,
        note="",
        urgent=True,
        requested_by=caller.person_id,
        requested_at=now,
    )
    await check_named(transaction, new, None, now)
    await add_deployment(transaction, new)
    return new


async def _take_kit(
    transaction: Transaction, new: StoredDeployment, items: list[str], caller: Person, now: datetime
) -> None:
    """Keep these items, or what is readiest of what it wants, and give them into the caller's hands."""
    asked = sorted(set(items))
    await keep(transaction, new, asked, now)
    if asked:
        _check_may_go(new, await known_kit(transaction, asked, now), now)
    picked, lacking = ([], []) if asked else await pick(transaction, new, [], now)
    if "unit" in lacking:
        raise Conflict(
            "kit-not-available",
            "no unit can go out now",
            "see what holds each back: fleet kit list --kind unit; take one over by hand, or name the items",
        )
    taken = [*asked, *picked]
    await enter_kept(transaction, new, taken, [], caller.person_id, now)
    locked = await transaction.kit.locked(taken)
    for item in taken:
        await take_out(
            transaction,
            locked[item],
            caller.person_id,
            deployment_id=new.deployment_id,
            expected_back_at=new.expected_back_at,
            now=now,
            actor=caller.person_id,
            way="fast-path",
        )


def _check_may_go(new: StoredDeployment, known: list[KnownItem], now: datetime) -> None:
    """Raise Conflict `blocked` where one of the items may not go out."""
    until = new.expected_back_at
    found = [stop for one in known for stop in what_stops(one.facts, now, deployment=new.deployment_id, until=until)]
    if found:
        raise stopped("a critical incident", "the kit", found)


async def _go(transaction: Transaction, known: Known, caller: Person, now: datetime) -> Known:
    """Go past the steps up to check-out, which leaves their paperwork."""
    stored, path = known.stored, fast_path(known.facts)
    if is_stopped(path.found):
        raise stopped("a critical incident", "check-out", path.found)
    papers = {one.step: one for one in path.papers}
    state: DeploymentState = stored.state
    for step in FAST_PATH:
        to_state, owed = STEPS[step].to_state, papers.get(step)
        await transaction.deployments.add_step(
            StoredStep(
                deployment_id=stored.deployment_id,
                step=step,
                from_state=state,
                to_state=to_state,
                at=now,
                by=caller.person_id,
                skipped=step != "check-out",
                owed_until=None if owed is None else owed.owed_until,
                owner_id=None if owed is None else owed.owner,
            )
        )
        if owed is not None:
            await enter_owed(transaction, stored.deployment_id, owed, caller.person_id, now)
        state = to_state
    gone = structs.replace(stored, version=stored.version + 1, state=state)
    await transaction.deployments.put(gone)
    entry = DeploymentChanged(
        at=now,
        actor=caller.person_id,
        deployment=stored.deployment_id,
        step="check-out",
        from_state="authorised",
        to_state=state,
        warnings=[one.rule for one in path.found if one.answer == "warning"],
        reason=None,
    )
    await transaction.log.append(entry)
    return await known_deployment(transaction, gone, now, caller)


async def _rota_of(transaction: Transaction, caller: Person, now: datetime) -> str | None:
    """The rota on which the caller is on call, else the only one there is; None where there are several or none."""
    there = [one.rota.rota for one in await transaction.rotas.every() if one.ended_at is None]
    on_call = await on_call_now(transaction, caller.person_id, now)
    return next(iter(on_call), there[0] if len(there) == 1 else None)
