"""What of a deployment is due, by when, and who owns it: worked out from the facts, never stored. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fleet.deployments.rules.answers import listed
from fleet.deployments.rules.facts import AuthorityFacts, Facts
from fleet.deployments.rules.steps import FITTED, OVER
from protocols.api.authorities import AuthorityKind
from protocols.deployments import Deadline, DeadlineKind, DeadlineStage, VisitKind

STAGES: tuple[tuple[timedelta, DeadlineStage], ...] = (
    (timedelta(0), "overdue"),
    (timedelta(hours=12), "12-hours"),
    (timedelta(hours=72), "72-hours"),
    (timedelta(days=14), "14-days"),
)
"""How long before its time a deadline is in a stage at most, the narrowest first."""


def stage(due_at: datetime, now: datetime) -> DeadlineStage:
    """The stage of a deadline: exactly 14 days, 72 h or 12 h before it the narrower one has begun, and exactly at its
    time it is overdue."""
    left = due_at - now
    return next((word for most, word in STAGES if left <= most), "far")


def deadlines(facts: Facts) -> list[Deadline]:
    """Everything of the deployment that is due, the nearest first; none once it is over."""
    if facts.deployment.state in OVER:
        return []
    found = [*_of_authorities(facts), *_of_kit(facts), *_of_papers(facts), *_of_visits(facts)]
    return sorted(found, key=lambda one: (one.due_at, one.kind, one.about))


def _of_authorities(facts: Facts) -> Iterator[Deadline]:
    needed = _needed(facts)
    for one in facts.authorities:
        if one.urgent_oral and one.statement_at is None and one.statement_due_at is not None:
            yield _deadline(
                facts,
                "statement",
                one.authority_id,
                one.statement_due_at,
                f"the written statement of authority {one.reference} is due",
                one.recorded_by,
            )
        kinds = needed & set(one.kinds)
        if not kinds or one.state == "cancelled" or _is_followed(one, kinds, facts):
            continue
        yield _deadline(
            facts,
            "authority-ends",
            one.authority_id,
            one.lapses_at,
            f"authority {one.reference} to {listed(sorted(kinds))} ends",
            one.recorded_by,
        )
        if one.next_review_at is not None and one.next_review_at < one.lapses_at and one.state != "ended":
            yield _deadline(
                facts,
                "authority-review",
                one.authority_id,
                one.next_review_at,
                f"the review of authority {one.reference} is due",
                one.recorded_by,
            )


def _needed(facts: Facts) -> set[AuthorityKind]:
    """What still has to be authorised: fitting until it is fitted, the other two until it is recovered."""
    state = facts.deployment.state
    if state == "recovered":
        return set()
    return {"use", "retrieve"} if state in FITTED else {"install", "use", "retrieve"}


def _is_followed(one: AuthorityFacts, kinds: set[AuthorityKind], facts: Facts) -> bool:
    """Whether another one that is named goes on with all of it for longer."""
    return any(
        other.authority_id != one.authority_id
        and other.state in {"future", "in-force"}
        and kinds <= set(other.kinds)
        and set(one.modalities) <= set(other.modalities)
        and other.starts_at <= one.lapses_at < other.lapses_at
        for other in facts.authorities
    )


def _of_kit(facts: Facts) -> Iterator[Deadline]:
    deployment = facts.deployment
    back_at = deployment.expected_back_at
    out = [one for one in facts.items if one.is_out and not one.is_gone]
    if not out:
        yield _deadline(facts, "ends", "", back_at, f"{deployment.deployment} is to be over")
        return
    yield _deadline(facts, "kit-return", "", back_at, f"{listed(one.item for one in out)} to be back")
    for one in out:
        due = one.maintenance_due_at
        if due is not None and due < max(back_at, facts.now):
            yield _deadline(facts, "maintenance-due", one.item, due, f"maintenance of {one.item} is due")


def _of_papers(facts: Facts) -> Iterator[Deadline]:
    for one in facts.papers:
        sentence = f"the paperwork of {one.step} is owed"
        yield _deadline(facts, "paper", one.step, one.owed_until, sentence, one.owner)


def _of_visits(facts: Facts) -> Iterator[Deadline]:
    """The end of the last visit in which it is to be fitted, until it is; and to be recovered, until it is."""
    state = facts.deployment.state
    if state == "recovered":
        return
    kind: VisitKind = "recover" if state in FITTED else "fit"
    last = max((one for one in facts.visits if one.kind == kind), key=lambda one: one.ends_at, default=None)
    if last is not None:
        what = "recovered" if kind == "recover" else "fitted"
        yield _deadline(facts, "visit", last.visit, last.ends_at, f"kit is to be {what}: the visit ends")


def _deadline(
    facts: Facts, kind: DeadlineKind, about: str, due_at: datetime, sentence: str, owner: str | None = None
) -> Deadline:
    """`owner` None: the lead's, or else the supervisor's, or else whoever asked for it."""
    deployment = facts.deployment
    return Deadline(
        deployment=deployment.deployment,
        kind=kind,
        about=about,
        due_at=due_at,
        owner=owner or deployment.lead or deployment.supervisor or deployment.requested_by,
        stage=stage(due_at, facts.now),
        sentence=sentence,
    )
