"""Readiness certificates of units of deployments, as they were given."""

from hashlib import sha256

import msgspec

from fleet.store.connection import Connection
from fleet.store.deployments import StoredCertificate
from fleet.store.queries import load
from protocols.api.deployments import ReadinessLine, ReadinessView

_SQL = load("readiness")


class _Lines(msgspec.Struct, frozen=True):
    lines: list[ReadinessLine]


class ReadinessStore:
    """Giving certificates within one transaction; they are only added, and read with the deployment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: StoredCertificate) -> None:
        """Keep a certificate."""
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new))


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
