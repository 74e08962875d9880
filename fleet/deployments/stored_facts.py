"""The facts that the rules go by, made of stored rows. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from fleet.deployments.rules.facts import (
    AttendingFacts,
    AuthorityFacts,
    CertificateFacts,
    DeploymentFacts,
    ItemFacts,
    MandateFacts,
    PaperFacts,
    SiteFacts,
    UnitFacts,
    VisitFacts,
)
from fleet.kit.known import KnownItem
from fleet.kit.rules.standing import is_gone, what_stops
from fleet.store.deployment_facts import FoundItem, FoundMandate, FoundSurvey
from fleet.store.deployments import StoredCertificate, StoredDeployment, StoredStep
from fleet.store.stored_authority import Authority
from fleet.store.visits import StoredVisit
from protocols.api.units import UnitRow

_TRAINED: frozenset[str] = frozenset({"fit", "maintain"})
"""Kinds of visits in which hands are laid on kit."""


def row_facts(stored: StoredDeployment, steps: Sequence[StoredStep]) -> DeploymentFacts:
    """The deployment's row; `steps` are those it went, in order."""
    return DeploymentFacts(
        deployment=stored.deployment_id,
        kind=stored.kind,
        state=stored.state,
        state_since=steps[-1].at if steps else stored.requested_at,
        requested_by=stored.requested_by,
        site=stored.site,
        starts_at=stored.starts_at,
        expected_back_at=stored.expected_back_at,
        wants=stored.wants,
        works=stored.works,
        modalities=stored.modalities,
        lead=stored.lead_id,
        rota=stored.rota_id,
        supervisor=stored.supervisor_id,
        urgent=stored.urgent,
    )


def visit_facts(visit: StoredVisit, trainings: Sequence[str]) -> VisitFacts:
    """A visit as the rules know it, where the kit takes these trainings."""
    return VisitFacts(
        visit=visit.visit_id,
        kind=visit.kind,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        people=[AttendingFacts(person=one.person_id, role=one.role) for one in visit.people],
        works=visit.works,
        away=visit.away,
        trainings=trainings if visit.kind in _TRAINED else (),
    )


def authority_facts(one: Authority, now: datetime) -> AuthorityFacts:
    """An authority as it is now."""
    return AuthorityFacts(
        authority_id=one.authority_id,
        reference=one.reference,
        kinds=one.kinds,
        modalities=one.modalities,
        starts_at=one.starts_at,
        lapses_at=one.lapses_at,
        state=one.state(now),
        recorded_by=one.recorded_by,
        urgent_oral=one.urgent_oral,
        statement_due_at=one.statement_due_at,
        statement_at=one.statement_at,
        next_review_at=one.next_review_at,
    )


def mandate_facts(one: FoundMandate, now: datetime) -> MandateFacts:
    """A mandate that is live or to come."""
    return MandateFacts(
        mandate=one.mandate_id,
        kind=one.kind,
        unit=one.unit_id,
        state="live" if one.not_before <= now else "future",
        modalities=[] if one.line is None else one.line.modalities,
        not_before=one.not_before,
        not_after=one.not_after,
    )


def site_facts(site: str, survey: FoundSurvey | None) -> SiteFacts:
    """A site by its latest survey."""
    if survey is None:
        return SiteFacts(site=site)
    best = max((one.rsrp_dbm for one in survey.signals if one.rsrp_dbm is not None), default=None)
    return SiteFacts(site=site, surveyed_at=survey.surveyed_at, supply=survey.supply, best_rsrp_dbm=best)


def latest_certificates(certificates: Iterable[StoredCertificate]) -> list[CertificateFacts]:
    """The newest of each unit, of certificates with the newest first."""
    found: dict[str, CertificateFacts] = {}
    for one in certificates:
        facts = CertificateFacts(
            certificate=one.certificate_id,
            item=one.item,
            unit=one.unit_id,
            issued_at=one.issued_at,
            valid_until=one.valid_until,
            passed=one.passed,
        )
        found.setdefault(one.unit_id, facts)
    return list(found.values())


def item_facts(stored: StoredDeployment, found: FoundItem, known: KnownItem, now: datetime) -> ItemFacts:
    """An item that has to do with the deployment."""
    until = stored.expected_back_at
    kept = found.is_kept and not found.is_out
    dates = [one.due_at for one in known.facts.due if one.due_at is not None]
    return ItemFacts(
        item=found.item,
        kind=found.kind,
        model=found.model,
        unit=found.unit_id,
        is_kept=found.is_kept,
        is_out=found.is_out,
        was_out=found.was_out and not found.is_out,
        is_gone=is_gone(known.facts),
        stopped=what_stops(known.facts, now, deployment=stored.deployment_id, until=until) if kept else [],
        training=found.training,
        maintenance_due_at=min(dates, default=None),
    )


def unit_facts(item: str, row: UnitRow) -> UnitFacts:
    """A unit as far as steps depend on it; its readiness is judged by more."""
    return UnitFacts(
        unit=row.unit_id,
        item=item,
        label=row.label,
        state=row.state,
        key_protection=row.key_protection,
        presence=row.presence,
        modalities=row.open,
    )


def paper_facts(steps: Iterable[StoredStep]) -> list[PaperFacts]:
    """The paperwork that is owed."""
    return [
        PaperFacts(step=one.step, owed_until=one.owed_until, owner=one.owner_id)
        for one in steps
        if one.owed_until is not None and one.made_up_at is None
    ]
