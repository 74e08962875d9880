"""A person's decision on a waiting unit."""

from datetime import datetime
from hmac import compare_digest

from cryptography.hazmat.primitives.serialization import load_der_public_key

from fleet.ca.authority import CertificateAuthority
from fleet.ca.csr import check_unit_key
from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.people_and_units import JoinTurnedAway, UnitJoined, UnitRejoined
from fleet.errors import Conflict, NotFound
from fleet.joining.rejoining import judge_rejoin
from fleet.joining.rules import refusal
from fleet.store.certificates import StoredCertificate
from fleet.store.joining import StoredJoin
from fleet.store.store import Store, Transaction
from fleet.store.units import NewUnit
from protocols.ids import new_unit_id
from protocols.settings import UnitSettings


class JoinDecisions:
    """Accepts and refuses waiting units; new units get `settings`."""

    def __init__(self, store: Store, clock: Clock, authority: CertificateAuthority, settings: UnitSettings) -> None:
        self._store = store
        self._clock = clock
        self._authority = authority
        self._settings = settings

    async def accept(self, join_id: str, fingerprint: str, person_id: str) -> str:
        """Give the waiting unit an id and a certificate, or another certificate when it comes back; returns the id.

        Raises NotFound, or Conflict when it was decided already, `fingerprint` is not the waiting key's, a unit has
        that key already, the voucher was withdrawn, or the unit that comes back may not any more.
        """
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.joining.lock_door()
            join = await _waiting(transaction, join_id)
            if not compare_digest(join.fingerprint, fingerprint.strip().lower()):
                raise Conflict(
                    "fingerprint-differs",
                    "the fingerprint you compared is not the waiting key's",
                    "compare again what the unit shows; if it still differs, refuse the join and tell a supervisor",
                )
            accept = self._let_in if join.rejoins is None else self._let_back
            unit_id = await accept(transaction, join, person_id, now)
            if not await transaction.joining.accept(join_id, unit_id, person_id, now):
                raise Conflict("voucher-withdrawn", "the voucher of this join was withdrawn", "list the joins again")
            transaction.changed.joins = True
        return unit_id

    async def _let_in(self, transaction: Transaction, join: StoredJoin, person_id: str, now: datetime) -> str:
        unit_id = new_unit_id()
        certificate = self._certificate(join, unit_id, None, now)
        unit = NewUnit(
            unit_id=unit_id,
            label=join.label,
            model=join.model,
            fingerprint=join.fingerprint,
            key_protection=join.key_protection,
            accepted_by=person_id,
        )
        settings = self._first_settings()
        await transaction.units.add(unit, settings, certificate, now)
        await transaction.log.append(
            UnitJoined(
                at=now,
                actor=person_id,
                unit=unit_id,
                join=join.join_id,
                fingerprint=join.fingerprint,
                key_protection=join.key_protection,
                certificate=certificate.serial,
                model=HashedText(join.model) if join.model else None,
                settings_version=settings.version,
                report_every_s=settings.report_every_s,
                spool_max_mb=settings.spool_max_mb,
                spool_max_days=settings.spool_max_days,
            )
        )
        transaction.changed.fleet = True
        return unit_id

    async def _let_back(self, transaction: Transaction, join: StoredJoin, person_id: str, now: datetime) -> str:
        unit_id = join.rejoins
        assert unit_id is not None, "asked by the caller"
        certificates = await transaction.certificates.of_unit(unit_id)
        own = next(one for one in certificates if one.fingerprint == join.fingerprint)
        code = await judge_rejoin(transaction, own, certificates)
        if code is not None:
            answer = refusal(code)
            raise Conflict(code, answer.message, answer.remedy)
        certificate = self._certificate(join, unit_id, own.serial, now)
        await transaction.certificates.add(certificate)
        await transaction.log.append(
            UnitRejoined(
                at=now,
                actor=person_id,
                unit=unit_id,
                join=join.join_id,
                fingerprint=join.fingerprint,
                certificate=certificate.serial,
            )
        )
        transaction.changed.units.add(unit_id)
        return unit_id

    def _certificate(self, join: StoredJoin, unit_id: str, predecessor: str | None, now: datetime) -> StoredCertificate:
        issued = self._authority.issue_unit(unit_id, check_unit_key(load_der_public_key(join.public_key_der)), now)
        return StoredCertificate(
            serial=f"{issued.serial:x}",
            unit_id=unit_id,
            fingerprint=join.fingerprint,
            key_protection=join.key_protection,
            not_before=issued.not_before,
            not_after=issued.not_after,
            chain_pem=issued.chain_pem,
            predecessor=predecessor,
        )

    async def refuse(self, join_id: str, reason: str, person_id: str) -> None:
        """Turn the waiting unit away; raises NotFound or Conflict."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            join = await _waiting(transaction, join_id)
            await turn_away(transaction, join, reason, person_id, now)

    def _first_settings(self) -> UnitSettings:
        return UnitSettings(
            version=1,
            report_every_s=self._settings.report_every_s,
            spool_max_mb=self._settings.spool_max_mb,
            spool_max_days=self._settings.spool_max_days,
        )


async def turn_away(transaction: Transaction, join: StoredJoin, reason: str, person_id: str, now: datetime) -> None:
    """Refuse `join`, which waits and is locked by `transaction`, and enter that in the log."""
    await transaction.joining.refuse(join.join_id, person_id, now, reason)
    await transaction.log.append(
        JoinTurnedAway(
            at=now,
            actor=person_id,
            unit=join.rejoins,
            join=join.join_id,
            fingerprint=join.fingerprint,
            reason=HashedText(reason),
        )
    )
    transaction.changed.joins = True


async def _waiting(transaction: Transaction, join_id: str) -> StoredJoin:
    join = await transaction.joining.request(join_id)
    if join is None:
        raise NotFound("join-unknown", "there is no such join request", "list them again")
    if join.state != "pending":
        raise Conflict("join-decided", f"{join.decided_by} has {join.state} this join already", "list the joins again")
    return join
