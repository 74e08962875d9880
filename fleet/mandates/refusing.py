"""Nothing is opened, and a person is told why; so is the log."""

from collections.abc import Sequence
from datetime import datetime

from fleet.entries.access import LeaseRefused
from fleet.errors import RequestRefused
from fleet.mandates.standing import Obstacle
from fleet.store.store import Transaction
from protocols.access_record import Modality


class OpeningRefused(RequestRefused):
    """Nothing is opened, by the rule of an obstacle: which rule, whose it is, and what would make it possible."""

    status = 409

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.rule, obstacle.sentence, obstacle.remedy)
        self.obstacle = obstacle


async def note_refusal(
    transaction: Transaction,
    unit_id: str,
    mandate_id: str | None,
    modalities: Sequence[Modality],
    rule: str,
    person_id: str,
    now: datetime,
) -> int:
    """Write into the log that `person_id` was refused; returns the entry's id."""
    return await transaction.log.append(
        LeaseRefused(at=now, actor=person_id, unit=unit_id, mandate=mandate_id, modalities=list(modalities), rule=rule)
    )
