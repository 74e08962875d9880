"""A handover sheet for the house to attack."""

from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from fleet.entries.handovers import HandoverMade
from fleet.handovers.rules import SheetFacts, ShiftChange, sheet
from fleet.store.handovers import StoredHandover
from fleet.store.store import Transaction


async def handover(transaction: Transaction, handover_id: str, rota_id: str, people: list[str], now: datetime) -> None:
    """Keep an empty sheet of the first of `people` for the second."""
    outgoing, incoming = people
    change = ShiftChange(now + timedelta(hours=1), outgoing, incoming)
    facts = SheetFacts(
        rota=rota_id,
        name="Fuzz",
        zone="Etc/UTC",
        change=change,
        made_by=outgoing,
        made_at=now,
        deployments=[],
        alarms=[],
        kit=[],
        welfare=[],
        owed={},
        gaps=[],
    )
    text = msgspec.json.encode(sheet(facts)).decode()
    made = StoredHandover(
        handover_id=handover_id,
        rota_id=rota_id,
        change_at=change.at,
        outgoing=outgoing,
        incoming=incoming,
        sheet=text,
        sha256=sha256(text.encode()).hexdigest(),
        made_by=outgoing,
        made_at=now,
    )
    await transaction.handovers.add(made, None)
    await transaction.log.append(
        HandoverMade(
            at=now,
            actor=outgoing,
            handover=handover_id,
            rota=rota_id,
            change_at=change.at,
            outgoing=outgoing,
            incoming=incoming,
            sha256=made.sha256,
            supersedes=None,
        )
    )
