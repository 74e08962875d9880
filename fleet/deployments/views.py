"""Deployments as the API shows them. Pure."""

from fleet.deployments.facts_reading import Known
from fleet.deployments.rules.blockers import blockers
from fleet.deployments.rules.deadlines import deadlines
from fleet.deployments.rules.papers import left_to_do
from fleet.deployments.rules.people import people_findings
from fleet.deployments.rules.steps import WAY, next_steps
from fleet.store.deployments import StoredStep
from fleet.store.readiness import certificate_view
from fleet.store.stored_authority import Authority
from protocols.api.deployments import (
    Attending,
    AuthorityShown,
    DeploymentRow,
    DeploymentView,
    StepView,
    VisitView,
)
from protocols.deployments import Blocker, DeploymentState, Step


def usual_step(state: DeploymentState) -> Step | None:
    """What usually comes next; None once it is over."""
    return next((step for step in next_steps(state) if step != "maintain"), None)


def board_row(known: Known) -> DeploymentRow:
    """Its line on the board."""
    stored, facts = known.stored, known.facts
    due, step = deadlines(facts), usual_step(stored.state)
    found = [] if step is None else blockers(step, facts)
    return DeploymentRow(
        deployment=stored.deployment_id,
        kind=stored.kind,
        title=stored.title,
        state=stored.state,
        site=stored.site,
        lead=stored.lead_id,
        starts_at=stored.starts_at,
        expected_back_at=stored.expected_back_at,
        next_step=step,
        blocked_by=sum(one.answer == "refused" for one in found),
        deadline=due[0] if due else None,
        deadlines=len(due),
        owed=len(facts.papers),
        alarms=facts.alarms_open,
        units=known.units,
    )


def deployment_view(known: Known) -> DeploymentView:
    """All of it, with what blocks each step that could be next for whoever asks."""
    stored, facts = known.stored, known.facts
    return DeploymentView(
        row=board_row(known),
        version=stored.version,
        requested_by=stored.requested_by,
        requested_at=stored.requested_at,
        rota=stored.rota_id,
        supervisor=stored.supervisor_id,
        wants=stored.wants,
        works=stored.works,
        modalities=stored.modalities,
        note=stored.note,
        urgent=stored.urgent,
        items=[one.view() for one in known.items],
        visits=_visits(known),
        authorities=[_authority(one, known) for one in known.authorities],
        steps=_steps(known),
        deadlines=deadlines(facts),
        certificates=[certificate_view(one) for one in known.certificates],
    )


def findings_of(known: Known) -> dict[str, list[Blocker]]:
    """What is to be said of the people of each visit, by the visit's id."""
    facts = known.facts
    rota = facts.deployment.rota
    return {one.visit: people_findings(one, facts.people, facts.now, rota) for one in facts.visits}


def _visits(known: Known) -> list[VisitView]:
    findings = findings_of(known)
    return [
        VisitView(
            visit=one.visit_id,
            kind=one.kind,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            people=[Attending(person=going.person_id, role=going.role) for going in one.people],
            away=one.away,
            works=one.works,
            findings=findings[one.visit_id],
        )
        for one in known.visits
    ]


def _authority(one: Authority, known: Known) -> AuthorityShown:
    return AuthorityShown(
        authority_id=one.authority_id,
        reference=one.reference,
        kinds=list(one.kinds),
        modalities=one.modalities,
        starts_at=one.starts_at,
        ends_at=one.lapses_at,
        state=one.state(known.facts.now),
        urgent_oral=one.urgent_oral,
    )


def _steps(known: Known) -> list[StepView]:
    """The way, and beside it what was done or could be done now."""
    coming = next_steps(known.stored.state)
    done: dict[Step, StoredStep] = {one.step: one for one in known.steps}
    beside = [step for step in (*done, *coming) if step not in WAY]
    found = []
    for step in [*WAY, *dict.fromkeys(beside)]:
        gone, is_next = done.get(step), step in coming
        found.append(
            StepView(
                step=step,
                done_at=None if gone is None else gone.at,
                done_by=None if gone is None else gone.by,
                is_next=is_next,
                skipped=gone is not None and gone.skipped,
                owed_until=gone.owed_until if gone is not None and gone.is_owed else None,
                blockers=_blockers(step, known, gone),
            )
        )
    return found


def _blockers(step: Step, known: Known, gone: StoredStep | None) -> list[Blocker]:
    """What stops a step that could be next; what is missing of one that is owed."""
    if step in next_steps(known.stored.state):
        return blockers(step, known.facts)
    return left_to_do(step, known.facts) if gone is not None and gone.is_owed else []
