"""Units' certificates: how they follow each other, whose key each is for, and which the unit has connected with."""

from datetime import datetime

import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.units import CertificateView
from protocols.joining import KeyProtection

_SQL = load("certificates")


class StoredCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's certificate; `serial` in lower-case hexadecimal, `chain_pem` leaf first.

    `fingerprint` and `key_protection` are of its key; `predecessor` is the serial of what it was renewed from;
    `connected_at` is when the unit first proved that it connects with it.
    """

    serial: str
    unit_id: str
    fingerprint: str
    key_protection: KeyProtection
    not_before: datetime
    not_after: datetime
    chain_pem: str
    predecessor: str | None = None
    connected_at: datetime | None = None
    revoked_at: datetime | None = None

    def view(self) -> CertificateView:
        """As the API shows it."""
        return CertificateView(**{name: getattr(self, name) for name in CertificateView.__struct_fields__})


class CertificateStore:
    """Units' certificates within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, certificate: StoredCertificate) -> None:
        """Keep a certificate that was just issued."""
        await self._connection.execute(
            _SQL["add"],
            certificate.serial,
            certificate.unit_id,
            certificate.fingerprint,
            certificate.key_protection,
            certificate.not_before,
            certificate.not_after,
            certificate.chain_pem,
            certificate.predecessor,
        )

    async def get(self, serial: str) -> StoredCertificate | None:
        """The certificate with this serial."""
        record = await self._connection.fetchrow(_SQL["get"], serial)
        return None if record is None else StoredCertificate(**record)

    async def of_unit(self, unit_id: str) -> list[StoredCertificate]:
        """All of a unit's certificates, the one that ends last first."""
        return [StoredCertificate(**record) for record in await self._connection.fetch(_SQL["of_unit"], unit_id)]

    async def newest(self, unit_id: str) -> StoredCertificate | None:
        """The unit's certificate that ends last."""
        record = await self._connection.fetchrow(_SQL["newest"], unit_id)
        return None if record is None else StoredCertificate(**record)

    async def named(self, serials: list[str]) -> dict[str, StoredCertificate]:
        """Those of `serials` that exist."""
        records = await self._connection.fetch(_SQL["named"], serials)
        return {record["serial"]: StoredCertificate(**record) for record in records}

    async def lineages(self, unit_ids: list[str]) -> dict[str, dict[str, str | None]]:
        """For each unit that has certificates, the predecessor of each by serial."""
        lineages: dict[str, dict[str, str | None]] = {}
        for unit_id, serial, predecessor in await self._connection.fetch(_SQL["lineages"], unit_ids):
            lineages.setdefault(unit_id, {})[serial] = predecessor
        return lineages
