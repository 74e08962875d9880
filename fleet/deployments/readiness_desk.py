"""Readiness certificates of a deployment's units; each with its entry in the transaction that keeps it."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import msgspec

from fleet.clock import Clock
from fleet.deployments.facts_reading import known_deployment
from fleet.deployments.lookup import locked_going_on
from fleet.deployments.rules.blockers_readiness import HOLDS
from fleet.deployments.rules.facts import UnitFacts
from fleet.deployments.rules.readiness import judge_unit, passed
from fleet.entries.deployment_papers import ReadinessJudged
from fleet.errors import Conflict
from fleet.store.deployments import StoredCertificate
from fleet.store.people import Person
from fleet.store.readiness import certificate_view, document_sha256
from fleet.store.store import Store, Transaction
from protocols.access_record import Modality
from protocols.api.deployments import ReadinessLine, ReadinessView

MAX_CERTIFICATES = 500
"""How many certificates one deployment can have †: all are shown with it."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate's exact text, once it is JSON."""

    certificate: str
    deployment: str
    item: str
    unit: str
    issued_at: datetime
    issued_by: str
    valid_until: datetime
    passed: bool
    lines: list[ReadinessLine]


class ReadinessDesk:
    """Raises StoreUnavailable, NotFound and Conflict."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def judge(self, deployment_id: str, caller: Person) -> list[ReadinessView]:
        """Judge every unit that is kept or out for a deployment by its latest report, and keep the certificates."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_going_on(transaction, deployment_id)
            known = await known_deployment(transaction, stored, now, caller)
            units = await _with_reports(transaction, known.facts.units, stored.modalities, now)
            if not units:
                raise Conflict(
                    "no-unit", f"{deployment_id} has no unit that has joined", "keep one for it: fleet deployment kit"
                )
            if await transaction.readiness.count(deployment_id) + len(units) > MAX_CERTIFICATES:
                raise Conflict(
                    "too-many-certificates",
                    f"{deployment_id} has nearly {MAX_CERTIFICATES} readiness certificates",
                    "look at why its units are judged so often",
                )
            made = [_judged(deployment_id, unit, caller.person_id, now) for unit in units]
            for one in made:
                await transaction.readiness.add(one)
                await transaction.log.append(
                    ReadinessJudged(
                        at=now,
                        actor=caller.person_id,
                        unit=one.unit_id,
                        deployment=deployment_id,
                        certificate=one.certificate_id,
                        item=one.item,
                        passed=one.passed,
                        valid_until=one.valid_until,
                        sha256=document_sha256(one),
                    )
                )
            transaction.changed.deployments = True
        return [certificate_view(one) for one in made]


async def _with_reports(
    transaction: Transaction, units: Sequence[UnitFacts], modalities: Sequence[Modality], now: datetime
) -> list[UnitFacts]:
    """The units with all that their readiness is judged by, for a deployment with these modalities."""
    items = {one.unit: one.item for one in units}
    return [
        UnitFacts(
            unit=one.unit_id,
            item=items[one.unit_id],
            label=one.label,
            state=one.state,
            key_protection=one.key_protection,
            presence=one.presence,
            modalities=modalities,
            received_at=one.received_at,
            sampled_at=one.sampled_at,
            report=one.report,
            dropped_before=one.dropped_before,
            certificate_ends_at=one.certificate_ends_at,
            access_in_step=one.access_in_step,
            checked_at=one.checked_at,
            check_passed=one.check_passed,
            check_allowed=bool(one.allowed & {"video", "audio"}),
        )
        for one in await transaction.readiness.units(items, now)
    ]


def _judged(deployment_id: str, unit: UnitFacts, by: str, now: datetime) -> StoredCertificate:
    lines = judge_unit(unit, now)
    certificate = Certificate(
        certificate=f"RC-{secrets.token_hex(6)}",
        deployment=deployment_id,
        item=unit.item,
        unit=unit.unit,
        issued_at=now,
        issued_by=by,
        valid_until=now + HOLDS,
        passed=passed(lines),
        lines=lines,
    )
    return StoredCertificate(
        certificate_id=certificate.certificate,
        deployment_id=deployment_id,
        item=unit.item,
        unit_id=unit.unit,
        issued_at=now,
        issued_by=by,
        valid_until=certificate.valid_until,
        passed=certificate.passed,
        document=msgspec.json.encode(certificate).decode(),
    )
