"""Units that were away until their certificate had ended: the old key, and a person who compares its fingerprint."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.ca.csr import UnitPublicKey, read_csr
from fleet.ca.errors import InvalidCsr
from fleet.clock import Clock
from fleet.clones.rules import judge_certificate
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import JoinPresented
from fleet.joining.refusals import Asker, refuse
from fleet.joining.rules import refusal
from fleet.joining.terms import Terms
from fleet.settings import JoiningSettings
from fleet.store.certificates import StoredCertificate
from fleet.store.joining import StoredJoin
from fleet.store.store import Store, Transaction
from protocols.ids import new_token_id
from protocols.joining import JoinPending, JoinRefusal, RefusalCode, RejoinReply, RejoinRequest, fingerprint

ENDS_SOON = timedelta(days=1)
"""A certificate that ends within this may not last until the unit has renewed it."""

REFUSED_FOR = timedelta(days=1)
"""How long a person's refusal is repeated to the unit before it may ask a person again."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a unit that has proved its key, and the newest certificate for that key."""

    request: RejoinRequest
    asker: Asker
    key: UnitPublicKey
    own: StoredCertificate


class Rejoining:
    """Answers units that come back."""

    def __init__(self, store: Store, clock: Clock, settings: JoiningSettings, terms: Terms) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._terms = terms

    async def ask(self, request: RejoinRequest, came_from: str) -> RejoinReply | JoinRefusal:
        """Answer one request; a refusal is recorded. The same request gets the same answer until it is decided."""
        now = self._clock()
        asker = Asker(unit_id=None, fingerprint=None, came_from=came_from)
        try:
            key = read_csr(request.csr_pem)
        except InvalidCsr as error:
            async with self._store.transaction() as transaction:
                return await refuse(transaction, "csr-invalid", asker, now, str(error))
        async with self._store.transaction() as transaction:
            await transaction.joining.lock_door()
            certificates = await transaction.certificates.of_unit(request.unit_id)
            own = next((one for one in certificates if one.fingerprint == fingerprint(key)), None)
            if own is None:
                asker = msgspec.structs.replace(asker, fingerprint=fingerprint(key))
                return await refuse(transaction, "key-unknown", asker, now)
            asker = Asker(unit_id=own.unit_id, fingerprint=own.fingerprint, came_from=came_from)
            # In the order in which a person's decision takes its locks: request, then unit.
            last = await transaction.joining.newest_rejoin(own.unit_id)
            code = await judge_rejoin(transaction, own, certificates)
            if code is not None:
                return await refuse(transaction, code, asker, now)
            return await self._answer(transaction, _Asked(request=request, asker=asker, key=key, own=own), last, now)

    async def _answer(
        self, transaction: Transaction, asked: _Asked, last: StoredJoin | None, now: datetime
    ) -> RejoinReply | JoinRefusal:
        own = asked.own
        if own.not_after - now > ENDS_SOON:
            accepted = last is not None and last.state == "accepted" and last.fingerprint == own.fingerprint
            if accepted and own.connected_at is None:
                return self._terms.renewed(own.unit_id, own.chain_pem)
            return await refuse(transaction, "certificate-valid", asked.asker, now)
        if last is not None and last.state == "pending":
            if last.fingerprint != own.fingerprint:
                return await refuse(transaction, "join-refused", asked.asker, now, "it waits with another key already")
            await transaction.joining.seen_again(last.join_id, now)
            return self._pending(own)
        if last is not None and last.state == "refused" and now - (last.decided_at or now) < REFUSED_FOR:
            return refusal("join-refused", last.reason)
        if await transaction.joining.count_pending() >= self._settings.max_pending:
            return await refuse(transaction, "joins-full", asked.asker, now)
        return await self._present(transaction, asked, now)

    async def _present(self, transaction: Transaction, asked: _Asked, now: datetime) -> JoinPending | JoinRefusal:
        own, request = asked.own, asked.request
        join = StoredJoin(
            join_id=new_token_id(),
            rejoins=own.unit_id,
            fingerprint=own.fingerprint,
            public_key_der=asked.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            key_protection=request.key_protection,
            model=request.model,
            agent_version=request.agent_version,
            came_from=asked.asker.came_from,
            first_seen_at=now,
            last_seen_at=now,
        )
        if not await transaction.joining.add_request(join):
            return await refuse(transaction, "join-refused", asked.asker, now, "its key waits with a voucher already")
        await transaction.log.append(
            JoinPresented(
                at=now,
                actor=CONTROLLER,
                unit=own.unit_id,
                voucher=None,
                join=join.join_id,
                fingerprint=own.fingerprint,
                came_from=join.came_from,
            )
        )
        transaction.changed.joins = True
        return self._pending(own)

    def _pending(self, own: StoredCertificate) -> JoinPending:
        return JoinPending(fingerprint=own.fingerprint, poll_after_s=self._settings.poll_after_s)


async def judge_rejoin(
    transaction: Transaction, own: StoredCertificate, certificates: Sequence[StoredCertificate]
) -> RefusalCode | None:
    """Why the unit may not come back with the key of `own`, one of its `certificates`; locks the unit's row.

    The key must not be older than what the unit has connected with. That one asks with an older key does not
    quarantine the unit: a request to come back is no fresh proof of the key, so that somebody else may have kept it.
    """
    unit = await transaction.revocation.lock_unit(own.unit_id)
    assert unit is not None, "a certificate refers to its unit"
    if unit.state == "revoked" or own.revoked_at is not None:
        return "unit-revoked"
    if unit.state == "quarantined":
        return "unit-quarantined"
    state = (await transaction.proofs.states([own.unit_id])).get(own.unit_id)
    lineage = {one.serial: one.predecessor for one in certificates}
    superseded = judge_certificate(state.proven.certificate if state else None, own.serial, lineage) is not None
    return "certificate-superseded" if superseded else None
