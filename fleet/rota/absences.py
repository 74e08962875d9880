"""Recording and withdrawing absences within another part's transaction, each with its entry."""

from datetime import datetime

from fleet.entries.rota_people import AbsenceRecorded, AbsenceWithdrawn
from fleet.errors import Conflict
from fleet.rota.records import MAX_AROUND, around, check_room
from fleet.rota.rules.spans import Span
from fleet.store.rota_people import StoredAbsence
from fleet.store.store import Transaction


async def record_absence(transaction: Transaction, new: StoredAbsence, deployment: str | None = None) -> None:
    """Keep an absence of somebody who is locked, for a deployment where there is one; raises Conflict where they are
    absent then already, or far too often."""
    await _check_alone(transaction, new.person_id, Span(new.starts_at, new.ends_at))
    await transaction.absences.add(new)
    await transaction.log.append(
        AbsenceRecorded(
            at=new.recorded_at,
            actor=new.recorded_by,
            deployment=deployment,
            absence=new.absence_id,
            person=new.person_id,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
            away=new.kind == "away",
        )
    )
    transaction.changed.rotas = True


async def withdraw_absence(
    transaction: Transaction,
    absence_id: str,
    person_id: str,
    actor: str,
    now: datetime,
    deployment: str | None = None,
) -> bool:
    """It does not count any more; False where it was withdrawn before. Whose it is, is locked."""
    if not await transaction.absences.withdraw(absence_id, actor, now):
        return False
    await transaction.log.append(
        AbsenceWithdrawn(at=now, actor=actor, deployment=deployment, absence=absence_id, person=person_id)
    )
    transaction.changed.rotas = True
    return True


async def _check_alone(transaction: Transaction, person_id: str, span: Span) -> None:
    """Raise Conflict where the person is absent in `span` already, or far too often."""
    near = await transaction.absences.within([person_id], *around(span), limit=MAX_AROUND)
    check_room("absence", len(near))
    others = await transaction.absences.within([person_id], *span)
    if others:
        first = others[0]
        raise Conflict(
            "absence-overlaps",
            f"{person_id} is absent already from {first.starts_at:%Y-%m-%d %H:%M} until {first.ends_at:%Y-%m-%d %H:%M} "
            f"UTC ({first.absence_id})",
            "withdraw that, or record the days beside it",
        )
