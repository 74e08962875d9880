"""What stops a step: the one place that says so, for the console to show and for the desk to refuse by. Pure.

Of each step some rules are hard, and others papers. On an urgent deployment what papers refuse is `owed` instead: it
stops nothing, and becomes paperwork. Nothing is owed of a step after which nobody comes back to it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from fleet.deployments.rules import blockers_authority as authority
from fleet.deployments.rules import blockers_kit as kit
from fleet.deployments.rules import blockers_papers as paper
from fleet.deployments.rules import blockers_people as people
from fleet.deployments.rules import blockers_readiness as readiness
from fleet.deployments.rules import blockers_request as request
from fleet.deployments.rules.answers import refused
from fleet.deployments.rules.facts import Facts
from fleet.deployments.rules.steps import STEPS, next_steps
from protocols.deployments import Blocker, Step

Rule = Callable[[Facts], Iterable[Blocker]]

FINAL: frozenset[Step] = frozenset({"close", "cancel"})


class Asked(NamedTuple):
    """The rules of a step: `hard` ones, and `papers` that an urgent deployment may make up for."""

    hard: Sequence[Rule]
    papers: Sequence[Rule] = ()


_HARD: dict[Step, tuple[Rule, ...]] = {
    "assess": (request.time_left, request.kit_owned),
    "plan": (request.time_left, kit.kit_kept, kit.kit_ready, people.visits_manned),
    "authorise": (request.time_left, kit.kit_ready, people.visits_manned, authority.authority_ahead),
    "check-out": (
        request.time_left,
        kit.kit_can_go,
        kit.kit_in_hand,
        kit.units_active,
        kit.maintenance_while_out,
    ),
    "fit": (
        authority.install_in_force,
        authority.no_bench_mandate,
        kit.kit_in_hand,
        kit.units_active,
        people.fitters_competent,
    ),
    "commission": (kit.kit_in_hand, kit.units_joined, kit.units_active, readiness.certified),
    "go-live": (
        authority.use_in_force,
        kit.units_active,
        readiness.still_certified,
        people.on_call,
        paper.alarms_told,
    ),
    "maintain": (authority.work_in_force,),
    "resume": (authority.use_in_force, kit.kit_in_hand, kit.units_active, readiness.certified_again),
    "recover": (authority.no_live_mandate, authority.retrieve_in_force, people.recoverers_competent),
    "close": (kit.kit_back, paper.papers_made_up, paper.alarms_taken, authority.statements_made),
    "cancel": (kit.kit_back, paper.papers_told, authority.statements_told),
}

_PAPERS: dict[Step, tuple[Rule, ...]] = {
    "assess": (request.something_wanted, request.place_known),
    "plan": (people.led, people.visits_planned),
    "authorise": (authority.another_person, authority.authority_named),
}


def _asked(step: Step) -> Asked:
    checklist = partial(paper.checklist_met, step)
    return Asked(_HARD[step], (*_PAPERS.get(step, ()), checklist))


ASKED: dict[Step, Asked] = {step: _asked(step) for step in STEPS}
"""What each step asks for."""


def blockers(step: Step, facts: Facts) -> list[Blocker]:
    """What stops `step` now, refusals first, then what would be owed, then warnings; empty when nothing does. A step
    that does not go from the deployment's state is refused by `not-next` alone."""
    state = facts.deployment.state
    if state not in STEPS[step].from_states:
        ways = ", ".join(next_steps(state)) or "nothing"
        return [refused("not-next", f"it is {state}: {step} does not come next", "nobody", f"what can come is {ways}")]
    found = [*authority.permitted(step, facts), *hard(step, facts)]
    owes = facts.deployment.urgent and step not in FINAL
    found += [_owed(one) if owes and _may_be_owed(one) else one for one in papers(step, facts)]
    order = ("refused", "owed", "warning")
    return sorted(found, key=lambda one: order.index(one.answer))


def hard(step: Step, facts: Facts) -> list[Blocker]:
    """What the hard rules of `step` say, whatever the deployment's state; never `owed`."""
    return [one for rule in ASKED[step].hard for one in rule(facts)]


def papers(step: Step, facts: Facts) -> list[Blocker]:
    """What the paper rules of `step` say, whatever the deployment's state; never `owed`."""
    return [one for rule in ASKED[step].papers for one in rule(facts)]


def is_stopped(found: Iterable[Blocker]) -> bool:
    """Whether any of it stops the step."""
    return any(one.answer == "refused" for one in found)


def _may_be_owed(one: Blocker) -> bool:
    return one.answer == "refused" and one.rule != "same-person"


def _owed(one: Blocker) -> Blocker:
    return replace(one, answer="owed")
