"""When a handover waits for somebody, in words. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fleet.handovers.rules import ShiftChange
from protocols.api.duties import Duty
from protocols.api.handovers import HandoverRow
from protocols.rota.model import Rota

AHEAD, ALARM_AFTER, KEPT = timedelta(hours=1), timedelta(hours=1), timedelta(hours=24)
"""How long before a change it is told, from when on after it that is an alarm for both, and until when †."""


def change_at_hand(changes: Sequence[ShiftChange], now: datetime) -> ShiftChange | None:
    """The newest change from a day ago until in an hour."""
    near = [one for one in changes if now - KEPT < one.at <= now + AHEAD]
    return near[-1] if near else None


def handover_duty(
    rota: Rota, change: ShiftChange, made: HandoverRow | None, person_id: str, now: datetime
) -> Duty | None:
    """A handover that waits for this person: until an hour after the change for who has not acknowledged it, from then
    on for both."""
    if person_id not in (change.outgoing, change.incoming) or (made is not None and not made.waits_for):
        return None
    late = now >= change.at + ALARM_AFTER
    if made is not None and not late and person_id not in made.waits_for:
        return None
    said = f"{change.outgoing} hands over {rota.name} to {change.incoming}"
    if made is None:
        said += ", and there is no sheet yet: make it"
    else:
        said += f": {' and '.join(made.waits_for)} to acknowledge {made.handover}"
    return Duty(
        kind="handover-due",
        about=rota.rota if made is None else made.handover,
        name=rota.name,
        unit=None,
        sentence=said,
        due_at=change.at,
        is_alarm=late,
        rota=rota.rota,
    )
