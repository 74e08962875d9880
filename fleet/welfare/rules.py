"""How a welfare timer stands. Pure."""

from datetime import datetime, timedelta

from fleet.store.welfare import StoredWelfare
from protocols.api.welfare import WelfareStage, WelfareView


def stage(timer: StoredWelfare, now: datetime) -> WelfareStage:
    """`due` from the time of the answer on, `missed` from the end of its grace on; what has ended is `ended`."""
    if timer.ended_at is not None:
        return "ended"
    if now >= timer.missed_at:
        return "missed"
    return "due" if now >= timer.due_at else "waiting"


def first_due(started_at: datetime, every_min: int) -> datetime:
    """When the first answer is due."""
    return started_at + timedelta(minutes=every_min)


def view(timer: StoredWelfare, now: datetime) -> WelfareView:
    """As the API shows it."""
    return WelfareView(
        welfare=timer.welfare_id,
        person=timer.person_id,
        call_out=timer.call_out_id,
        visit=timer.visit_id,
        deployment=timer.deployment_id,
        every_min=timer.every_min,
        grace_min=timer.grace_min,
        started_by=timer.started_by,
        started_at=timer.started_at,
        due_at=timer.due_at,
        missed_at=timer.missed_at,
        stage=stage(timer, now),
        answers=timer.answers,
        answered_at=timer.answered_at,
        ended_by=timer.ended_by,
        ended_at=timer.ended_at,
        ended_how=timer.ended_how,
    )
