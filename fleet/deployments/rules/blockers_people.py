"""What stops a step for want of people: who leads, who is alarmed, who goes, and who may do the work. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from msgspec.structs import replace

from fleet.deployments.rules.answers import SUPERVISOR, held_items, refused, warning
from fleet.deployments.rules.facts import Facts, PersonFacts
from fleet.deployments.rules.people import lacking, needed_for, no_competence, no_training, people_findings
from fleet.deployments.rules.steps import is_past
from protocols.deployments import Blocker, VisitKind, Work
from protocols.rota.model import Requirement

LIVE_WORK: tuple[Work, ...] = ("vehicle-install", "mains", "height")
"""Work that can hurt somebody: never without the competence. Driving is over when kit is fitted."""

LATE = timedelta(hours=12)
"""How long before and after its time a visit still counts as the one of a step †."""

ASK = "plan the visit for now with somebody who has it, or let them go the step"


def led(facts: Facts) -> Iterator[Blocker]:
    """`lead-missing`, `no-one-alarmed`."""
    deployment = facts.deployment
    if deployment.lead is None:
        yield refused("lead-missing", "nobody leads it", SUPERVISOR, "name its lead")
    if deployment.rota is None and deployment.supervisor is None:
        yield refused(
            "no-one-alarmed",
            "it names neither a rota nor a supervisor, so that nobody in particular gets its alarms",
            SUPERVISOR,
            "name the rota whose on-call gets its alarms, and a supervisor",
        )


def on_call(facts: Facts) -> Iterator[Blocker]:
    """`nobody-on-call`."""
    if not facts.has_on_call:
        yield warning(
            "nobody-on-call",
            "nobody is on call for it now: its alarms go to its supervisor at once",
            SUPERVISOR,
            "fill the gap in the rota, or name another rota",
        )


def visits_planned(facts: Facts) -> Iterator[Blocker]:
    """`no-fit-visit`, `no-recovery-visit`; nothing of what is behind it."""
    kinds = {one.kind for one in facts.visits}
    if "fit" not in kinds and not is_past(facts.deployment.state, "fit"):
        yield refused("no-fit-visit", "no visit to fit it is planned", SUPERVISOR, "plan who goes, and when")
    if "recover" not in kinds and not is_past(facts.deployment.state, "recover"):
        yield warning(
            "no-recovery-visit", "no visit to recover it is planned", SUPERVISOR, "plan who gets it back, and when"
        )


def visits_manned(facts: Facts) -> Iterator[Blocker]:
    """What `people_findings` says of each visit to come."""
    for visit in facts.visits:
        yield from people_findings(visit, facts.people, facts.now, facts.deployment.rota)


def fitters_competent(facts: Facts) -> Iterator[Blocker]:
    """`work-competence`, `unit-training`, of those who fit it now."""
    team = _team(facts, "fit")
    until = facts.now + timedelta(microseconds=1)
    for needed in lacking(_live_work(facts), team, until):
        yield replace(no_competence(needed, "who fits it"), remedy=ASK)
    trainings = sorted({one.training for one in held_items(facts) if one.training})
    for needed in lacking([Requirement(subject=one) for one in trainings], team, until):
        yield replace(no_training(needed, "who fits it"), remedy=ASK)


def recoverers_competent(facts: Facts) -> Iterator[Blocker]:
    """`work-competence`, of those who recover it now: a warning, because what is back is back."""
    until = facts.now + timedelta(microseconds=1)
    for needed in lacking(_live_work(facts), _team(facts, "recover"), until):
        yield replace(no_competence(needed, "who recovers it"), answer="warning")


def _live_work(facts: Facts) -> list[Requirement]:
    return [needed_for(work) for work in facts.deployment.works if work in LIVE_WORK]


def _team(facts: Facts, kind: VisitKind) -> list[PersonFacts]:
    """Who is on a visit of the kind about now; where there is none the caller, on an urgent one the caller too."""
    near = [one for one in facts.visits if one.kind == kind and one.starts_at - LATE <= facts.now <= one.ends_at + LATE]
    people = {attending.person for visit in near for attending in visit.people}
    if facts.caller is not None and (not near or facts.deployment.urgent):
        people.add(facts.caller.person)
    return [facts.people[one] for one in sorted(people) if one in facts.people]
