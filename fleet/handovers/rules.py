"""Which change of a rota's primary is handed over at, and what stands on its sheet. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple, TypeVar

import msgspec

from fleet.store.alarms import StoredAlarm
from fleet.store.deployments import StoredDeployment
from fleet.store.handovers import OutItem
from fleet.store.stored_authority import Authority
from fleet.store.welfare import StoredWelfare
from fleet.welfare.rules import stage
from protocols.api.handovers import (
    DUE_BACK_H,
    EXPIRING_DAYS,
    MAX_SHEET_LINES,
    HandoverSheet,
    Part,
    SheetAlarm,
    SheetAuthority,
    SheetDeployment,
    SheetGap,
    SheetKit,
    SheetPaper,
    SheetRest,
    SheetWelfare,
)
from protocols.deployments import Deadline
from protocols.rota.findings import Finding
from protocols.rota.model import Shift

LATE = timedelta(hours=4)
"""How long after a change a sheet is still made for it †."""

T = TypeVar("T")


class ShiftChange(NamedTuple):
    """At `at` the primary `outgoing` hands over to `incoming`; there may have been nobody in between."""

    at: datetime
    outgoing: str
    incoming: str


class OpenDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that is not over, with what the sheet tells of it; `papers` are step, owner and time."""

    stored: StoredDeployment
    units: Sequence[str]
    deadlines: Sequence[Deadline]
    authorities: Sequence[Authority]
    papers: Sequence[tuple[str, str | None, datetime]]


class SheetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at `made_at`; `owed` are minutes of rest by person, None where it could not be worked out."""

    rota: str
    name: str
    zone: str
    change: ShiftChange
    made_by: str
    made_at: datetime
    deployments: Sequence[OpenDeployment]
    alarms: Sequence[StoredAlarm]
    kit: Sequence[OutItem]
    welfare: Sequence[StoredWelfare]
    owed: Mapping[str, int] | None
    gaps: Sequence[Finding]


def changes_of(shifts: Sequence[Shift]) -> list[ShiftChange]:
    """Every change of the primary, in order, of shifts that are sorted."""
    primary = [one for one in shifts if one.position == "primary"]
    return [
        ShiftChange(new.starts_at, old.person, new.person) for old, new in pairwise(primary) if old.person != new.person
    ]


def nearest_change(shifts: Sequence[Shift], now: datetime) -> ShiftChange | None:
    """The change that is handed over at: the nearest one, of the last 4 h or to come."""
    near = [one for one in changes_of(shifts) if one.at >= now - LATE]
    return min(near, key=lambda one: (abs(one.at - now), one.at), default=None)


def sheet(facts: SheetFacts) -> HandoverSheet:
    """The sheet: what is most urgent first in each part, and at most 100 lines of each."""
    there = [one for one in facts.deployments if one.stored.rota_id in (None, facts.rota)]
    elsewhere = {one.stored.deployment_id for one in facts.deployments} - {one.stored.deployment_id for one in there}
    deployments = sorted(map(_deployment, there), key=_urgency)
    alarms = [_alarm(one) for one in facts.alarms if one.deployment_id not in elsewhere]
    kit = sorted((_kit(one, facts.made_at) for one in facts.kit if one.deployment_id not in elsewhere), key=_lateness)
    authorities = _authorities(there, facts.made_at)
    papers = sorted(
        (
            SheetPaper(deployment=one.stored.deployment_id, step=step, owner=owner, owed_until=owed_until)
            for one in there
            for step, owner, owed_until in one.papers
        ),
        key=lambda one: (one.owed_until, one.deployment),
    )
    welfare = [_welfare(one, facts.made_at) for one in sorted(facts.welfare, key=lambda one: one.due_at)]
    owed = sorted((facts.owed or {}).items(), key=lambda one: (-one[1], one[0]))
    rest_owed = [SheetRest(person=person, owed_min=minutes) for person, minutes in owed if minutes > 0]
    gaps = [SheetGap(starts_at=one.starts_at, ends_at=one.ends_at, sentence=one.sentence) for one in facts.gaps]
    counts: dict[Part, int] = {
        "deployments": len(deployments),
        "alarms": len(alarms),
        "kit": len(kit),
        "authorities": len(authorities),
        "papers": len(papers),
        "welfare": len(welfare),
        "rest_owed": len(rest_owed),
        "gaps": len(gaps),
    }
    return HandoverSheet(
        rota=facts.rota,
        name=facts.name,
        zone=facts.zone,
        change_at=facts.change.at,
        outgoing=facts.change.outgoing,
        incoming=facts.change.incoming,
        made_by=facts.made_by,
        made_at=facts.made_at,
        deployments=_first(deployments),
        alarms=_first(sorted(alarms, key=lambda one: (one.severity != "alarm", one.raised_at))),
        kit=_first(kit),
        authorities=_first(authorities),
        papers=_first(papers),
        welfare=_first(welfare),
        rest_owed=_first(rest_owed),
        gaps=_first(gaps),
        counts=counts,
        rest_unknown=facts.owed is None,
    )


def _first(lines: list[T]) -> list[T]:
    return lines[:MAX_SHEET_LINES]


def _deployment(one: OpenDeployment) -> SheetDeployment:
    stored = one.stored
    return SheetDeployment(
        deployment=stored.deployment_id,
        kind=stored.kind,
        title=stored.title,
        state=stored.state,
        lead=stored.lead_id,
        expected_back_at=stored.expected_back_at,
        units=list(one.units),
        deadline=min(one.deadlines, key=lambda deadline: deadline.due_at, default=None),
    )


def _urgency(one: SheetDeployment) -> tuple[datetime, str]:
    return (one.expected_back_at if one.deadline is None else one.deadline.due_at, one.deployment)


def _alarm(one: StoredAlarm) -> SheetAlarm:
    view = one.view()
    return SheetAlarm(
        alarm=view.alarm,
        label=view.label,
        kind=view.kind,
        severity=view.severity,
        state=view.state,
        deployment=view.deployment,
        summary=view.summary,
        raised_at=view.raised_at,
        acknowledged_by=view.acknowledged_by,
    )


def _kit(one: OutItem, now: datetime) -> SheetKit:
    standing: Literal["overdue", "due-back", "out"] = "out"
    if one.expected_back_at is not None:
        if one.expected_back_at <= now:
            standing = "overdue"
        elif one.expected_back_at <= now + timedelta(hours=DUE_BACK_H):
            standing = "due-back"
    return SheetKit(
        item=one.item,
        model=one.model,
        custodian=one.custodian,
        deployment=one.deployment_id,
        expected_back_at=one.expected_back_at,
        standing=standing,
    )


def _lateness(one: SheetKit) -> tuple[bool, float, str]:
    back = one.expected_back_at
    return (back is None, 0.0 if back is None else back.timestamp(), one.item)


def _authorities(deployments: Sequence[OpenDeployment], now: datetime) -> list[SheetAuthority]:
    by_id = {one.authority_id: one for deployment in deployments for one in deployment.authorities}
    ending = [
        one
        for one in by_id.values()
        if one.cancelled_at is None and one.lapses_at <= now + timedelta(days=EXPIRING_DAYS)
    ]
    return [
        SheetAuthority(
            authority_id=one.authority_id,
            reference=one.reference,
            ends_at=one.lapses_at,
            deployments=[
                deployment.stored.deployment_id
                for deployment in deployments
                if any(other.authority_id == one.authority_id for other in deployment.authorities)
            ],
        )
        for one in sorted(ending, key=lambda one: (one.lapses_at, one.authority_id))
    ]


def _welfare(one: StoredWelfare, now: datetime) -> SheetWelfare:
    return SheetWelfare(
        welfare=one.welfare_id,
        person=one.person_id,
        deployment=one.deployment_id,
        due_at=one.due_at,
        stage=stage(one, now),
    )
