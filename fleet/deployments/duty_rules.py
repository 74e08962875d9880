"""What of deployments waits for somebody, in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from fleet.deployments.deadline_alarm_rules import subject_of
from fleet.deployments.rules.facts import Facts, VisitFacts
from fleet.store.people import Person
from fleet.store.welfare import StoredWelfare
from fleet.welfare.rules import stage
from protocols.api.authorities import AuthorityKind
from protocols.api.duties import DeploymentDutyKind, Duty, DutyKind
from protocols.deployments import Deadline, DeadlineKind, DeploymentState
from protocols.people import may

VISIT_AHEAD = timedelta(hours=48)
"""How long before a visit begins its people are told †."""
AUTHORITY_AHEAD = timedelta(days=14)
"""How long before a deployment begins it is told that it has no authority †."""
PRESSING = timedelta(hours=12)

OF_AUTHORITIES: Mapping[DeadlineKind, frozenset[DutyKind]] = {
    "statement": frozenset({"statement-due", "statement-overdue"}),
    "authority-review": frozenset({"review-due", "review-overdue"}),
    "authority-ends": frozenset({"authority-ending"}),
}
"""What the duties of authorities tell of a deadline: what they told is not told again."""
_BEFORE_FITTING: frozenset[DeploymentState] = frozenset({"planned", "authorised", "checked-out"})


def deadline_duty(deadline: Deadline, person: Person) -> Duty | None:
    """A deadline, or paperwork, that this person sees to; None where it is not theirs, or far off."""
    mine, supervises = deadline.owner == person.person_id, may(person.role, "manage-deployments")
    presses = deadline.stage in ("12-hours", "overdue")
    if deadline.kind == "paper":
        if not mine and not supervises:
            return None
        return _of(deadline, "paper-owed", presses=presses)
    if deadline.stage == "far" or (deadline.kind == "visit" and deadline.stage != "overdue"):
        return None
    if mine or (supervises and deadline.stage != "14-days"):
        return _of(deadline, "deadline", presses=presses)
    return None


def _of(deadline: Deadline, kind: DeploymentDutyKind, *, presses: bool) -> Duty:
    return Duty(
        kind=kind,
        about=subject_of(deadline),
        name=deadline.deployment,
        unit=None,
        sentence=f"{deadline.sentence} ({deadline.deployment}, {deadline.owner or 'nobody'}'s)",
        due_at=deadline.due_at,
        is_alarm=presses,
        deployment=deadline.deployment,
    )


def visits_soon(facts: Facts, person_id: str) -> Iterator[Duty]:
    """Visits of this person that begin within two days."""
    for visit in facts.visits:
        if facts.now < visit.starts_at <= facts.now + VISIT_AHEAD and _is_of(visit, person_id):
            others = [one.person for one in visit.people if one.person != person_id]
            beside = f" with {', '.join(others)}" if others else ""
            number = facts.deployment.deployment
            yield Duty(
                kind="visit-soon",
                about=visit.visit,
                name=number,
                unit=None,
                sentence=f"you go to {visit.kind} {number}{beside}",
                due_at=visit.starts_at,
                is_alarm=False,
                deployment=number,
            )


def _is_of(visit: VisitFacts, person_id: str) -> bool:
    return any(one.person == person_id for one in visit.people)


def authority_wanted(facts: Facts, person: Person) -> Duty | None:
    """A deployment that is planned, begins soon, and has no authority to fit or to use; None where it is not of this
    person: its lead's, or somebody's who records authorities."""
    deployment = facts.deployment
    whose = deployment.lead or deployment.supervisor or deployment.requested_by
    if whose != person.person_id and not may(person.role, "record-authority"):
        return None
    soon = deployment.state in _BEFORE_FITTING and deployment.starts_at <= facts.now + AUTHORITY_AHEAD
    lacking = [kind for kind in ("install", "use") if not _has(facts, kind)] if soon else []
    if not lacking:
        return None
    number = deployment.deployment
    return Duty(
        kind="authority-wanted",
        about=number,
        name=number,
        unit=None,
        sentence=f"{number} begins, and rests on no authority to {' and '.join(lacking)}",
        due_at=deployment.starts_at,
        is_alarm=deployment.starts_at <= facts.now + PRESSING,
        deployment=number,
    )


def _has(facts: Facts, kind: AuthorityKind) -> bool:
    """Whether it rests on an authority of a kind, in force or to come, that has every modality where it is to use."""
    wanted = set(facts.deployment.modalities) if kind == "use" else set()
    return any(
        kind in one.kinds and one.state in ("future", "in-force", "review-overdue") and wanted <= set(one.modalities)
        for one in facts.authorities
    )


def welfare_duty(timer: StoredWelfare, person: Person, now: datetime) -> Duty | None:
    """An answer that is due of this person, or missing of somebody whom they supervise."""
    stands, mine = stage(timer, now), timer.person_id == person.person_id
    if mine and stands in ("due", "missed"):
        sentence = "say that all is well: your answer is due"
    elif not mine and stands == "missed" and may(person.role, "manage-deployments"):
        sentence = f"{timer.person_id} has not answered: reach them, then end their timer"
    else:
        return None
    return Duty(
        kind="welfare-due",
        about=timer.welfare_id,
        name=timer.person_id,
        unit=None,
        sentence=sentence,
        due_at=timer.due_at,
        is_alarm=stands == "missed",
        deployment=timer.deployment_id,
    )


def told_with_deployments(duties: Sequence[Duty], resting: Mapping[str, Sequence[str]]) -> list[Duty]:
    """Duties of authorities with the open deployments that rest on each."""
    return [_with(duty, resting.get(duty.about, ())) if _of_authority(duty) else duty for duty in duties]


def _of_authority(duty: Duty) -> bool:
    return any(duty.kind in kinds for kinds in OF_AUTHORITIES.values())


def _with(duty: Duty, numbers: Sequence[str]) -> Duty:
    if not numbers:
        return duty
    rests = "rests" if len(numbers) == 1 else "rest"
    return msgspec.structs.replace(
        duty, sentence=f"{duty.sentence}; {', '.join(numbers)} {rests} on it", deployment=numbers[0]
    )


def is_told(deadline: Deadline, told: Sequence[Duty]) -> bool:
    """Whether a duty of an authority tells of a deadline already."""
    kinds = OF_AUTHORITIES.get(deadline.kind, frozenset())
    return any(duty.kind in kinds and duty.about == deadline.about for duty in told)
