"""Readiness of units of deployments: what it is judged by, and certificates as they were given."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from fleet.store.connection import Connection
from fleet.store.deployments import StoredCertificate
from fleet.store.queries import load
from protocols.access_record import Modality
from protocols.api.deployments import ReadinessLine, ReadinessView
from protocols.api.units import Presence, UnitState
from protocols.errors import InvalidMandate
from protocols.health import HealthReport
from protocols.joining import KeyProtection
from protocols.mandate import read_mandate

_SQL = load("readiness")
_report = msgspec.json.Decoder(HealthReport)


class FoundUnit(NamedTuple):
    """What a unit's readiness is judged by, as `fleet.deployments.rules.facts.UnitFacts` says; `allowed` are the
    modalities of the mandates that were live at some time in the 24 h before."""

    unit_id: str
    label: str
    state: UnitState
    key_protection: KeyProtection
    presence: Presence
    received_at: datetime | None
    sampled_at: datetime | None
    report: HealthReport | None
    dropped_before: int | None
    certificate_ends_at: datetime | None
    access_in_step: bool | None
    checked_at: datetime | None
    check_passed: bool | None
    allowed: frozenset[Modality]


class _Lines(msgspec.Struct, frozen=True):
    lines: list[ReadinessLine]


class ReadinessStore:
    """Judging units within one transaction; certificates are only added, and read with the deployment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: StoredCertificate) -> None:
        """Keep a certificate."""
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new))

    async def units(self, unit_ids: Iterable[str], now: datetime) -> list[FoundUnit]:
        """What these units' readiness is judged by, by id; unknown ones are left out."""
        records = await self._connection.fetch(_SQL["units"], sorted(set(unit_ids)), now)
        return [
            FoundUnit(
                unit_id=record["unit_id"],
                label=record["label"],
                state=record["state"],
                key_protection=record["key_protection"],
                presence=record["presence"] if record["state"] == "active" else record["state"],
                received_at=record["last_report_at"],
                sampled_at=record["last_sampled_at"],
                report=None if record["last_report_at"] is None else _report.decode(record["health"]),
                dropped_before=record["dropped_before"],
                certificate_ends_at=record["certificate_ends_at"],
                access_in_step=record["access_in_step"],
                checked_at=record["checked_at"],
                check_passed=record["check_passed"],
                allowed=_allowed(record["mandates"] or []),
            )
            for record in records
        ]

    async def count(self, deployment_id: str) -> int:
        """How many were given for a deployment."""
        count: int = await self._connection.fetchval(_SQL["count"], deployment_id)
        return count


def document_sha256(stored: StoredCertificate) -> str:
    """Hexadecimal SHA-256 of the certificate's exact text."""
    return sha256(stored.document.encode()).hexdigest()


def certificate_view(stored: StoredCertificate) -> ReadinessView:
    """The certificate as the API shows it."""
    return ReadinessView(
        certificate=stored.certificate_id,
        unit=stored.unit_id,
        item=stored.item,
        issued_at=stored.issued_at,
        issued_by=stored.issued_by,
        valid_until=stored.valid_until,
        passed=stored.passed,
        lines=msgspec.json.decode(stored.document, type=_Lines).lines,
        sha256=document_sha256(stored),
    )


def _allowed(texts: Sequence[str]) -> frozenset[Modality]:
    """What mandates allow; one that was erased, or that somebody changed, allows nothing."""
    found: set[Modality] = set()
    for text in texts:
        try:
            found |= set(read_mandate(text).modalities)
        except InvalidMandate:  # it opens nothing, and units refuse it
            continue
    return frozenset(found)
