"""Paperwork of the fast path: which steps it goes past, when that is due, who owes it, when it is there. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fleet.deployments.rules.blockers import FINAL, hard, papers
from fleet.deployments.rules.facts import DeploymentFacts, Facts
from fleet.deployments.rules.steps import STEPS
from protocols.deployments import Blocker, Step
from protocols.people import may

FAST_PATH: tuple[Step, ...] = ("assess", "plan", "authorise", "check-out")
"""What is gone past in one go, from `requested` to `checked-out`."""

DUE_H: dict[Step, int] = {"authorise": 24}
"""Hours after which paperwork of a step is due †; of other steps after OTHERWISE_DUE_H."""

OTHERWISE_DUE_H = 72

DECIDED: frozenset[Step] = frozenset({"plan", "authorise"})
"""Steps that are somebody's decision: their paperwork is made up for by a person who may go the step, never by
itself."""


class Paper(NamedTuple):
    """Paperwork of a step: by when, and who owes it (None: whoever may go the step)."""

    step: Step
    owed_until: datetime
    owner: str | None


class FastPath(NamedTuple):
    """What stops the fast path (`refused`; it may have warnings too), and the paperwork that follows from it."""

    found: Sequence[Blocker]
    papers: Sequence[Paper]


def fast_path(facts: Facts) -> FastPath:
    """What going past all of FAST_PATH at once means, of a deployment that was just requested and whose kit is in the
    caller's hands. Its hard rules are those of checking out: what they refuse is not skipped. Assessing, planning and
    authorising are owed whatever there is; checking out where its checklist is not met."""
    found = hard("check-out", facts)
    owed = [paper(step, facts) for step in FAST_PATH if step != "check-out" or _left("check-out", facts)]
    return FastPath(found, owed)


def paper(step: Step, facts: Facts) -> Paper:
    """The paperwork of `step`, as it is owed from now on."""
    due_h = DUE_H.get(step, OTHERWISE_DUE_H)
    return Paper(step, facts.now + timedelta(hours=due_h), _owner(step, facts.deployment))


def made_up(step: Step, facts: Facts) -> bool:
    """Whether what the step would have asked for is there now. What somebody has to decide needs a caller who may; what
    was to be stopped at the time (hard rules) is not asked again."""
    if _left(step, facts):
        return False
    if step not in DECIDED:
        return True
    return facts.caller is not None and may(facts.caller.role, STEPS[step].permission)


def left_to_do(step: Step, facts: Facts) -> list[Blocker]:
    """What is missing until the paperwork of `step` is made up for, without who may."""
    return _left(step, facts)


def is_owed(found: Sequence[Blocker], step: Step) -> bool:
    """Whether a step that is gone with these blockers leaves paperwork."""
    return step not in FINAL and any(one.answer == "owed" for one in found)


def _left(step: Step, facts: Facts) -> list[Blocker]:
    return [one for one in papers(step, facts) if one.answer == "refused"]


def _owner(step: Step, deployment: DeploymentFacts) -> str | None:
    """Whoever the step is of: a decision is the supervisor's, unless they asked for it and may not authorise it."""
    if step in DECIDED:
        supervisor = deployment.supervisor
        return None if step == "authorise" and supervisor == deployment.requested_by else supervisor
    return deployment.lead or deployment.requested_by
