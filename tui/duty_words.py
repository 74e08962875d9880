"""What waits of mandates, authorities and rotas, in the words of the opening screen. Pure."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import get_args

from protocols.api.duties import DeploymentDutyKind, Duty, DutyKind, RotaDutyKind
from protocols.people import Permission
from tui.role_words import Reserved, whose
from tui.words import age, duration, left

_FROM_UNTIL = re.compile(r" from \S+ \d+ \S+ \d{4} \d\d:\d\d \S+ until ")

PRESSING = timedelta(hours=24)
"""A deadline of this person's with less than this left is told loudly."""

OF_ROTAS: frozenset[DutyKind] = frozenset(get_args(RotaDutyKind))
OF_DEPLOYMENTS: frozenset[DutyKind] = frozenset(get_args(DeploymentDutyKind))
TOLD_TO_THEIRS = OF_ROTAS | OF_DEPLOYMENTS | {"sign"}
"""Told only to those whose they are."""

_PERMISSIONS: dict[DutyKind, Permission] = {
    "statement-due": "record-authority",
    "statement-overdue": "record-authority",
    "review-due": "record-authority",
    "review-overdue": "record-authority",
    "authority-ending": "record-authority",
    "kit-out": "cancel-mandate",
}
_DOING: dict[DutyKind, str] = {
    "statement-due": "recording a statement",
    "statement-overdue": "recording a statement",
    "review-due": "recording a review",
    "review-overdue": "recording a review",
    "authority-ending": "recording a renewal",
    "kit-out": "saying that kit is back",
}


def is_mine(duty: Duty, permissions: Collection[Permission]) -> bool:
    """Whether somebody with `permissions` can do it. Signatures and what waits of rotas and deployments are told only
    to those whose they are."""
    return duty.kind in TOLD_TO_THEIRS or _PERMISSIONS[duty.kind] in permissions


def presses(duty: Duty, now: datetime) -> bool:
    """Whether it is a deadline with less than a day left, or one that has passed."""
    if duty.kind == "cover-gap":
        return duty.is_alarm
    if duty.kind == "welfare-due" or (duty.kind in {"deadline", "handover-due"} and duty.is_alarm):
        return True
    if duty.kind in {"swap-asked", "swap-approve", "paper-owed", "visit-soon"}:
        return duty.due_at - now < PRESSING
    return duty.kind.startswith(("statement", "review")) and duty.due_at - now < PRESSING


def duty_text(duty: Duty, now: datetime) -> str:
    """What waits, and how long there is or has been, in a few words."""
    late = f"overdue for {age(duty.due_at, now)}"
    soon = f"due in {_within(duty.due_at - now)}"
    match duty.kind:
        case "sign":
            return f"{duty.about} waits for you, {left(duty.due_at, now)}"
        case "statement-due" | "statement-overdue":
            return f"written statement {late if duty.due_at <= now else soon}"
        case "review-due" | "review-overdue":
            return f"review {late}: nothing opens" if duty.due_at <= now else f"review {soon}"
        case "authority-ending":
            return f"authority ends, {left(duty.due_at, now)}: is it renewed?"
        case "kit-out":
            return f"cancelled {age(duty.due_at, now)} ago, its kit is not back"
        case _:
            return _rota_text(duty, now)


def _rota_text(duty: Duty, now: datetime) -> str:
    """What waits of a rota: its sentence, without what stands beside it in a line."""
    match duty.kind:
        case "swap-asked":
            return _asking("do you agree?", duty.sentence)
        case "swap-approve":
            return _asking("do you approve?", duty.sentence)
        case "cover-gap":
            return without_beginning(duty.sentence)
        case "shift-soon":
            what, of, _rota = duty.sentence.partition(" of ")
            return f"{what} in {_within(duty.due_at - now)}" if of and duty.due_at > now else duty.sentence
        case "deadline" | "paper-owed":
            when = f"overdue for {age(duty.due_at, now)}" if duty.due_at <= now else f"in {_within(duty.due_at - now)}"
            return f"{when}: {duty.sentence}"
        case _:
            return duty.sentence


def without_beginning(sentence: str) -> str:
    """A sentence about a time without `from …`, which stands beside it; until when stays."""
    return _FROM_UNTIL.sub(" until ", sentence, count=1)


def _asking(question: str, sentence: str) -> str:
    """The question, and what is asked for without who does: a line of a list has no room for more."""
    _who, asks, what = sentence.partition(" asks that ")
    return f"{question} {what}" if asks else sentence


def _within(length: timedelta) -> str:
    """`58 h` up to three days, so that a deadline of 72 hours is counted in hours."""
    hours = length.total_seconds() / 3600
    return f"{hours:.0f} h" if 10 <= hours <= 72 else duration(max(0.0, length.total_seconds()))


def hint(duty: Duty, permissions: Collection[Permission]) -> str:
    """What this person can do about it: the key, or whose it is."""
    if is_mine(duty, permissions):
        return "enter"
    return whose(Reserved(_DOING[duty.kind], _PERMISSIONS[duty.kind]))
