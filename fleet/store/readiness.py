"""Readiness certificates of units of deployments, as they were given."""

from datetime import datetime
from hashlib import sha256

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.deployments import ReadinessLine, ReadinessView

_SQL = load("readiness")

MAX_CERTIFICATES = 200
"""How many of a deployment are shown, the newest."""


class _Lines(msgspec.Struct, frozen=True):
    lines: list[ReadinessLine]


class StoredCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate; `document` is its exact text, JSON with all of the other fields and the lines."""

    certificate_id: str
    deployment_id: str
    item: str
    unit_id: str
    issued_at: datetime
    issued_by: str
    valid_until: datetime
    passed: bool
    document: str

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the document."""
        return sha256(self.document.encode()).hexdigest()

    def view(self) -> ReadinessView:
        """As the API shows it."""
        return ReadinessView(
            certificate=self.certificate_id,
            unit=self.unit_id,
            item=self.item,
            issued_at=self.issued_at,
            issued_by=self.issued_by,
            valid_until=self.valid_until,
            passed=self.passed,
            lines=msgspec.json.decode(self.document, type=_Lines).lines,
            sha256=self.sha256,
        )


class ReadinessStore:
    """Certificates within one transaction; they are only added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: StoredCertificate) -> None:
        """Keep a certificate."""
        await self._connection.execute(_SQL["add"], *msgspec.structs.astuple(new))

    async def of(self, deployment_id: str, limit: int = MAX_CERTIFICATES) -> list[StoredCertificate]:
        """The certificates of a deployment's units, newest first."""
        records = await self._connection.fetch(_SQL["of"], deployment_id, limit)
        return [StoredCertificate(**record) for record in records]
