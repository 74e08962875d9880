"""Which deadlines are alarms, and whom they page. Pure."""

from collections.abc import Collection, Iterable

import msgspec

from fleet.alarms.raising import NewAlarm
from protocols.alarms import AlarmSeverity
from protocols.deployments import Deadline, DeadlineKind, DeadlineStage

RULE = "deadline"

_OF_PAPERS: frozenset[DeadlineKind] = frozenset({"authority-ends", "authority-review", "statement", "paper"})
_STAGES: tuple[DeadlineStage, ...] = ("14-days", "72-hours", "12-hours", "overdue")


class _How(msgspec.Struct, frozen=True):
    severity: AlarmSeverity
    pages: bool


_PAPERS: dict[DeadlineStage, _How] = {
    "14-days": _How("warning", pages=False),
    "72-hours": _How("warning", pages=True),
    "12-hours": _How("alarm", pages=True),
    "overdue": _How("alarm", pages=True),
}
_KIT: dict[DeadlineStage, _How] = {**_PAPERS, "12-hours": _How("warning", pages=True)}
_PLANS: dict[DeadlineStage, _How] = {"overdue": _How("warning", pages=False)}
"""Times that people planned themselves: what is to be done then stands on the board; only what was not done is told."""

_WHAT: dict[DeadlineKind, str] = {
    "authority-ends": "its authority ends, renew it or recover the kit:",
    "authority-review": "the review of its authority:",
    "statement": "the written statement of its authority:",
    "paper": "the paperwork that was skipped:",
    "kit-return": "its kit is to be back:",
    "maintenance-due": "maintenance of kit that is out:",
    "visit": "its kit was to be fitted, or recovered:",
    "ends": "it was to be over:",
}
"""A page leaves the house, so it has no reference of an authority."""


def subject_of(deadline: Deadline) -> str:
    """What its alarms are about: two authorities of a deployment have two."""
    return f"{deadline.deployment}:{deadline.about}" if deadline.about else deadline.deployment


def kind_of(deadline: Deadline) -> str:
    """The kind of its alarm: each stage has its own, because what somebody took at 14 days is told again at 72 h."""
    return f"deadline-{deadline.kind}-{deadline.stage}"


def alarm_of(deadline: Deadline, open_now: Collection[tuple[str, str]]) -> NewAlarm | None:
    """The alarm of the stage that a deadline is in, None where it has none. `open_now` are subject and kind of those
    that are open.

    Of what has begun within its last 72 hours, whoever began it is not paged before 12 are left: they know.
    """
    how = _stages_of(deadline.kind).get(deadline.stage)
    if how is None:
        return None
    subject = subject_of(deadline)
    pages = how.pages
    if deadline.stage == "72-hours":
        was = {f"deadline-{deadline.kind}-14-days", kind_of(deadline)}
        pages = pages and any((subject, kind) in open_now for kind in was)
    return NewAlarm(
        subject_kind="deployment",
        subject=subject,
        kind=kind_of(deadline),
        severity=how.severity,
        summary=f"{subject}: {_WHAT[deadline.kind]} {_when(deadline)}",
        rule=RULE,
        pages=pages,
        deployment=deadline.deployment,
        route_to=() if deadline.owner is None else (deadline.owner,),
    )


def wanted(deadlines: Iterable[Deadline], open_now: Collection[tuple[str, str]]) -> dict[tuple[str, str], NewAlarm]:
    """Every alarm that there has to be now, by subject and kind."""
    found = (alarm_of(one, open_now) for one in deadlines)
    return {(one.subject, one.kind): one for one in found if one is not None}


def _stages_of(kind: DeadlineKind) -> dict[DeadlineStage, _How]:
    if kind in _OF_PAPERS:
        return _PAPERS
    return _KIT if kind == "kit-return" else _PLANS


def _when(deadline: Deadline) -> str:
    """`due 2026-02-04 12:00 UTC`."""
    return f"{'was due' if deadline.stage == 'overdue' else 'due'} {deadline.due_at:%Y-%m-%d %H:%M} UTC"
