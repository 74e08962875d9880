"""Going a step: all that stops it is asked, then the step, its entry and what follows from it are one transaction."""

from datetime import datetime

from msgspec import structs

from fleet.clock import Clock
from fleet.deployments.authority_wanted import ask_for_authority
from fleet.deployments.facts_reading import Known, known_deployment
from fleet.deployments.kitting import enter_kept
from fleet.deployments.lookup import locked_deployment, stopped
from fleet.deployments.papers import enter_owed, make_up, make_up_step
from fleet.deployments.rules.blockers import blockers, is_stopped
from fleet.deployments.rules.blockers_authority import permitted
from fleet.deployments.rules.papers import is_owed, left_to_do, paper
from fleet.deployments.rules.steps import STEPS, after, next_steps
from fleet.deployments.views import deployment_view
from fleet.deployments.visiting import drop_visits, enter_visits
from fleet.deployments.windows import end_windows, open_window
from fleet.entries.deployments import DeploymentChanged
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, Forbidden
from fleet.store.deployments import StoredDeployment, StoredStep
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.deployments import DeploymentView, StepAsked
from protocols.deployments import Blocker, Step
from protocols.people import may

_WITH_REASON: frozenset[Step] = frozenset({"maintain", "cancel"})


class StepDesk:
    """Raises StoreUnavailable, NotFound, Forbidden, and Conflict: `blocked` names all that stops the step."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def go(self, deployment_id: str, step: Step, asked: StepAsked, caller: Person) -> DeploymentView:
        """Go a step; or, of one that the fast path went past, say that its paperwork is there now."""
        now = self._clock()
        permission = STEPS[step].permission
        if not may(caller.role, permission):
            raise Forbidden(caller.role, permission)
        async with self._store.transaction() as transaction:
            stored = await locked_deployment(transaction, deployment_id, asked.based_on)
            known = await known_deployment(transaction, stored, now, caller)
            if step not in next_steps(stored.state) and any(one.is_owed and one.step == step for one in known.steps):
                return deployment_view(await _make_up(transaction, known, step, caller, now))
            if step == "fit":
                # Nobody signs a bench mandate for a unit while it is being fitted.
                for unit_id in sorted(known.units):
                    await transaction.revocation.lock_unit(unit_id)
                known = await known_deployment(transaction, stored, now, caller)
            found = blockers(step, known.facts)
            if is_stopped(found):
                raise stopped(deployment_id, step, found)
            _check_reason(step, found, asked.reason)
            gone = await _go(transaction, known, step, found, asked.reason, caller.person_id, now)
            await _follow(transaction, known, gone, step, asked, caller.person_id, now)
            transaction.changed.deployments = True
            known = await known_deployment(transaction, gone, now, caller)
            await ask_for_authority(transaction, known, now)
            return deployment_view(await make_up(transaction, known, caller, now))


async def _make_up(transaction: Transaction, known: Known, step: Step, caller: Person, now: datetime) -> Known:
    left = [*permitted(step, known.facts), *left_to_do(step, known.facts)]
    if left:
        raise stopped(known.stored.deployment_id, f"the paperwork of {step}", left)
    return await make_up_step(transaction, known, step, caller, now)


async def _go(
    transaction: Transaction, known: Known, step: Step, found: list[Blocker], reason: str, actor: str, now: datetime
) -> StoredDeployment:
    stored, owes = known.stored, paper(step, known.facts) if is_owed(found, step) else None
    gone = structs.replace(stored, version=stored.version + 1, state=after(stored.state, step))
    await transaction.deployments.add_step(
        StoredStep(
            deployment_id=stored.deployment_id,
            step=step,
            from_state=stored.state,
            to_state=gone.state,
            at=now,
            by=actor,
            owed_until=None if owes is None else owes.owed_until,
            owner_id=None if owes is None else owes.owner,
        )
    )
    await transaction.deployments.put(gone)
    await transaction.log.append(
        DeploymentChanged(
            at=now,
            actor=actor,
            deployment=stored.deployment_id,
            step=step,
            from_state=stored.state,
            to_state=gone.state,
            warnings=[one.rule for one in found if one.answer == "warning"],
            reason=HashedText(reason) if reason else None,
        )
    )
    if owes is not None:
        await enter_owed(transaction, stored.deployment_id, owes, actor, now)
    return gone


async def _follow(
    transaction: Transaction,
    known: Known,
    gone: StoredDeployment,
    step: Step,
    asked: StepAsked,
    actor: str,
    now: datetime,
) -> None:
    """What comes with a step: maintenance holds alarms back while it lasts; what is over needs no kit and nobody."""
    if step == "maintain":
        await open_window(transaction, gone.deployment_id, asked.window_h, asked.reason, actor, now)
    elif known.stored.state == "maintenance":
        await end_windows(transaction, gone.deployment_id, actor, now)
    if not gone.is_over:
        return
    released = await transaction.reservations.release(gone.deployment_id, None, now)
    if released:
        await enter_kept(transaction, gone, [], released, actor, now)
    coming = [one for one in known.visits if one.starts_at > now]
    if coming:
        await drop_visits(transaction, gone.deployment_id, coming, actor, now)
        await enter_visits(transaction, gone, [], coming, actor, now)


def _check_reason(step: Step, found: list[Blocker], reason: str) -> None:
    """Raise Conflict where a step needs a reason, because of what it is or what was warned of."""
    if reason.strip():
        return
    warned = [one for one in found if one.answer == "warning"]
    if warned:
        sentences = "; ".join(f"{one.sentence} ({one.rule})" for one in warned)
        raise Conflict("reason-missing", f"{step} goes on in spite of: {sentences}", "say why: --reason")
    if step in _WITH_REASON:
        raise Conflict("reason-missing", f"{step} needs a reason", "say why: --reason")
