"""Paperwork of the fast path within one transaction: writing down that it is owed, and that it was made up for."""

from datetime import datetime

from fleet.deployments.facts_reading import Known, known_deployment
from fleet.deployments.rules.papers import DECIDED, Paper, made_up
from fleet.entries.deployments import MadeUp, StepOwed
from fleet.store.deployments import StoredStep
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.deployments import Step


async def enter_owed(transaction: Transaction, deployment_id: str, owed: Paper, actor: str, now: datetime) -> None:
    """Say in the log that the paperwork of a step is owed."""
    await transaction.log.append(
        StepOwed(
            at=now,
            actor=actor,
            deployment=deployment_id,
            step=owed.step,
            owed_until=owed.owed_until,
            person=owed.owner,
        )
    )


async def make_up(transaction: Transaction, known: Known, caller: Person, now: datetime) -> Known:
    """Make up for the paperwork of a locked deployment that is there by now, where nobody has to decide it. Returns
    the deployment as it is then."""
    there = [one for one in known.steps if one.is_owed and one.step not in DECIDED and made_up(one.step, known.facts)]
    return await _make_up(transaction, known, there, caller, now)


async def make_up_step(transaction: Transaction, known: Known, step: Step, caller: Person, now: datetime) -> Known:
    """Make up for the paperwork of one step, for which nothing is missing; the caller decides it, where it is a
    decision."""
    owed = [one for one in known.steps if one.is_owed and one.step == step]
    return await _make_up(transaction, known, owed, caller, now)


async def _make_up(
    transaction: Transaction, known: Known, steps: list[StoredStep], caller: Person, now: datetime
) -> Known:
    if not steps:
        return known
    for one in steps:
        await transaction.deployments.make_up(one.step_id, caller.person_id, now)
        entry = MadeUp(at=now, actor=caller.person_id, deployment=one.deployment_id, step=one.step)
        await transaction.log.append(entry)
    transaction.changed.deployments = True
    return await known_deployment(transaction, known.stored, now, caller)
