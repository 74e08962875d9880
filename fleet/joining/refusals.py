"""Refusing a unit that wants another certificate: what it is told, and what is recorded of it."""

from datetime import datetime

import msgspec

from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import JoinRefusedEntry
from fleet.joining.rules import refusal
from fleet.store.events import ControllerEvent
from fleet.store.store import Transaction
from protocols.joining import JoinRefusal, RefusalCode


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as far as it is known: the unit, the key in the request, and the address."""

    unit_id: str | None
    fingerprint: str | None
    came_from: str


async def refuse(
    transaction: Transaction, code: RefusalCode, asker: Asker, now: datetime, detail: str = ""
) -> JoinRefusal:
    """Record a refusal as a warning and a log entry; the same one again is counted on its event until a person takes
    that. `detail` is added to what the unit is told."""
    answer = refusal(code, detail)
    event = ControllerEvent(
        unit_id=asker.unit_id,
        kind="renewal-refused",
        severity="warning",
        summary=f"a renewal from {asker.came_from} was refused: {answer.message}"[:200],
        repeat_key=":".join(("renewal", code, asker.unit_id or "", asker.fingerprint or "", asker.came_from)),
    )
    if await transaction.events.add(event, now):
        await transaction.log.append(
            JoinRefusedEntry(
                at=now,
                actor=CONTROLLER,
                unit=asker.unit_id,
                code=code,
                voucher=None,
                fingerprint=asker.fingerprint,
                came_from=asker.came_from,
            )
        )
    transaction.changed.events = True
    return answer
