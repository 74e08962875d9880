"""Renewing a certificate: over mutual TLS, for a new key, and as often as the answer is lost."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography import x509

from fleet.ca.csr import UnitPublicKey, read_csr
from fleet.ca.errors import InvalidCsr
from fleet.clock import Clock
from fleet.clones.rules import judge_certificate
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import CertificateRenewed
from fleet.joining.refusals import Asker, refuse
from fleet.joining.terms import Terms
from fleet.renewal.proofs import quarantine
from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store, Transaction
from protocols.api.units import UnitState
from protocols.joining import JoinRefusal, Renewed, RenewRequest, fingerprint
from protocols.people import SignedPeopleList

MAX_SUCCESSORS = 16
"""A unit that has lost the key of a successor gets another one; one that asks for more than so many is refused."""
MAX_ALIVE = 64
"""Certificates of a unit that have not ended. One unit's many would be many on every revocation list."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that a client has proved the key of, as it is stored, and the state of its unit."""

    certificate: StoredCertificate
    state: UnitState


async def recognise(transaction: Transaction, shown: x509.Certificate | None) -> Shown | None:
    """The unit's certificate that was shown, its unit's row locked until the transaction ends; None when it is none."""
    if shown is None:
        return None
    stored = await transaction.certificates.get(f"{shown.serial_number:x}")
    if stored is None or fingerprint(shown.public_key()) != stored.fingerprint:
        return None
    unit = await transaction.revocation.lock_unit(stored.unit_id)
    assert unit is not None, "a certificate refers to its unit"
    again = await transaction.certificates.get(stored.serial)  # as it is with its unit locked
    assert again is not None, "certificates are never deleted"
    return Shown(certificate=again, state=unit.state)


class Renewals:
    """Gives units the successors of their certificates."""

    def __init__(self, store: Store, clock: Clock, terms: Terms) -> None:
        self._store = store
        self._clock = clock
        self._terms = terms

    async def renew(
        self, shown: x509.Certificate | None, request: RenewRequest, came_from: str
    ) -> Renewed | JoinRefusal:
        """Answer a client that has proved the key of `shown`; a refusal is recorded.

        The same request key gets the same certificate again, also when the unit has meanwhile connected with it. While
        the unit has connected with no successor, another key gets another one. Who asks for another with a certificate
        whose successor has connected is a copy: the unit is quarantined.
        """
        now = self._clock()
        try:
            key = read_csr(request.csr_pem)
        except InvalidCsr as error:
            async with self._store.transaction() as transaction:
                asker = Asker(unit_id=None, fingerprint=None, came_from=came_from)
                return await refuse(transaction, "csr-invalid", asker, now, str(error))
        async with self._store.transaction() as transaction:
            await transaction.joining.lock_door()
            found = await recognise(transaction, shown)
            if found is None:
                asker = Asker(unit_id=None, fingerprint=fingerprint(key), came_from=came_from)
                return await refuse(transaction, "certificate-unknown", asker, now)
            asker = Asker(unit_id=found.certificate.unit_id, fingerprint=fingerprint(key), came_from=came_from)
            refused = await self._judge(transaction, found, asker, now)
            if refused is not None:
                return refused
            return await self._succeed(transaction, found.certificate, key, request, asker, now)

    async def people_after(
        self, shown: x509.Certificate | None, version: int, came_from: str
    ) -> list[SignedPeopleList] | JoinRefusal:
        """The people lists after `version`, oldest first, at most 16, for a unit that has proved the key of `shown`.

        A quarantined unit gets them too: it obeys the people in them, and opens nothing by them. A refusal is recorded.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await recognise(transaction, shown)
            asker = Asker(
                unit_id=found.certificate.unit_id if found else None,
                fingerprint=found.certificate.fingerprint if found else None,
                came_from=came_from,
            )
            if found is None:
                return await refuse(transaction, "certificate-unknown", asker, now)
            if found.state == "revoked" or found.certificate.revoked_at is not None:
                return await refuse(transaction, "unit-revoked", asker, now)
            return await transaction.people.lists_after(version)

    async def _judge(self, transaction: Transaction, found: Shown, asker: Asker, now: datetime) -> JoinRefusal | None:
        """Why nothing is given for this certificate, whichever key asks."""
        if found.state == "revoked" or found.certificate.revoked_at is not None:
            return await refuse(transaction, "unit-revoked", asker, now)
        if found.state == "quarantined":
            return await refuse(transaction, "unit-quarantined", asker, now)
        if found.certificate.not_after <= now:
            return await refuse(transaction, "certificate-ended", asker, now)
        return None

    async def _succeed(
        self,
        transaction: Transaction,
        shown: StoredCertificate,
        key: UnitPublicKey,
        request: RenewRequest,
        asker: Asker,
        now: datetime,
    ) -> Renewed | JoinRefusal:
        unit_id, key_fingerprint = shown.unit_id, fingerprint(key)
        certificates = await transaction.certificates.of_unit(unit_id)
        successors = [one for one in certificates if one.predecessor == shown.serial]
        known = next((one for one in successors if one.fingerprint == key_fingerprint), None)
        if known is not None:
            return self._terms.renewed(unit_id, known.chain_pem)
        if await _is_superseded(transaction, shown, certificates, now):
            return await refuse(transaction, "certificate-superseded", asker, now)
        if await transaction.joining.fingerprint_known(key_fingerprint) is not None:
            return await refuse(transaction, "key-known", asker, now)
        if len(successors) >= MAX_SUCCESSORS:
            detail = f"{len(successors)} successors of this certificate were asked for, and none was used"
            return await refuse(transaction, "joins-too-fast", asker, now, detail)
        alive = sum(one.not_after > now for one in certificates)
        if alive >= MAX_ALIVE:
            return await refuse(
                transaction, "joins-too-fast", asker, now, f"{alive} of its certificates have not ended"
            )
        issued = self._terms.authority.issue_unit(unit_id, key, now)
        successor = StoredCertificate(
            serial=f"{issued.serial:x}",
            unit_id=unit_id,
            fingerprint=key_fingerprint,
            key_protection=request.key_protection,
            not_before=issued.not_before,
            not_after=issued.not_after,
            chain_pem=issued.chain_pem,
            predecessor=shown.serial,
        )
        await transaction.certificates.add(successor)
        await transaction.log.append(
            CertificateRenewed(
                at=now,
                actor=CONTROLLER,
                unit=unit_id,
                certificate=successor.serial,
                predecessor=shown.serial,
                fingerprint=key_fingerprint,
                key_protection=request.key_protection,
            )
        )
        transaction.changed.units.add(unit_id)
        return self._terms.renewed(unit_id, successor.chain_pem)


async def _is_superseded(
    transaction: Transaction, shown: StoredCertificate, certificates: Sequence[StoredCertificate], now: datetime
) -> bool:
    """Whether the unit has connected with what `shown` was not; it is quarantined then."""
    state = (await transaction.proofs.states([shown.unit_id])).get(shown.unit_id)
    lineage = {one.serial: one.predecessor for one in certificates}
    finding = judge_certificate(state.proven.certificate if state else None, shown.serial, lineage)
    if finding is not None:
        await quarantine(transaction, shown.unit_id, finding, now)
    return finding is not None
