"""What follows from an accepted proof: it is kept, and a unit that there are two of is quarantined."""

from collections.abc import Iterable
from datetime import datetime

from fleet.access_records.chain_keeping import keep_proven_chain
from fleet.clones.rules import AcceptedProof, Finding
from fleet.entries.entry import CONTROLLER
from fleet.revocation.standing import quarantine_unit
from fleet.store.events import ControllerEvent
from fleet.store.store import Transaction


async def keep_proofs(transaction: Transaction, proofs: Iterable[AcceptedProof], now: datetime) -> None:
    """Enter accepted proofs, in order of their units' ids; their units' latest state must be locked."""
    for proof in sorted(proofs, key=lambda one: one.unit_id):
        await transaction.proofs.accept(proof.unit_id, proof.shown, proof.proven, now)
        transaction.changed.units.add(proof.unit_id)
        if proof.chain is not None:
            await keep_proven_chain(transaction, proof.unit_id, proof.chain, now)
        if proof.finding is not None:
            await quarantine(transaction, proof.unit_id, proof.finding, now)
        elif proof.is_behind:
            await _tell_behind(transaction, proof.unit_id, now)


async def quarantine(transaction: Transaction, unit_id: str, finding: Finding, now: datetime) -> None:
    """Quarantine an active unit for what was found; nothing more happens to one that is not active."""
    await quarantine_unit(transaction, unit_id, finding.cause, finding.certificates, finding.reason, CONTROLLER, now)


async def _tell_behind(transaction: Transaction, unit_id: str, now: datetime) -> None:
    event = ControllerEvent(
        unit_id=unit_id,
        kind="numbers-ahead",
        severity="alarm",
        summary="more is stored of its spool than the unit has written: it is a copy, or the broker made reports up",
        repeat_key=f"numbers-ahead:{unit_id}",
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True
