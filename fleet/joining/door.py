"""The door units knock at: a voucher and a certificate request in, pending or a certificate out."""

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.ca.csr import read_csr
from fleet.ca.errors import InvalidCsr
from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.people_and_units import JoinPresented, JoinRefusedEntry
from fleet.joining.rules import judge_voucher, refusal
from fleet.settings import JoiningSettings
from fleet.store.events import ControllerEvent
from fleet.store.joining import StoredJoin, StoredVoucher
from fleet.store.store import Store, Transaction
from protocols.ids import new_token_id
from protocols.joining import (
    BrokerAddress,
    JoinAccepted,
    JoinPending,
    JoinRefusal,
    JoinReply,
    JoinRequest,
    RefusalCode,
    fingerprint,
)

_KNOWN_KEY = {
    "unit": "its key already belongs to a unit",
    "waiting": "its key already waits to be accepted, with another voucher",
}


class _Knock(msgspec.Struct, frozen=True):
    """A request with what was learnt of its sender; the key is None when the request proves none."""

    request: JoinRequest
    came_from: str
    key_fingerprint: str | None = None
    public_key_der: bytes = b""


class Door:
    """Answers join requests. `controller_keys` and `broker` are what an accepted unit is told."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: JoiningSettings,
        *,
        controller_keys: list[str],
        broker: BrokerAddress,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._controller_keys = controller_keys
        self._broker = broker

    async def knock(self, request: JoinRequest, came_from: str) -> JoinReply | JoinRefusal:
        """Answer one request. A refusal is recorded as an alarm event and a log entry.

        The same refusal of the same key from the same address is counted on its event until a person takes that.

        The same request gets the same answer however often it comes, until the unit has connected.
        """
        try:
            key = read_csr(request.csr_pem)
        except InvalidCsr as error:
            async with self._store.transaction() as transaction:
                return await self._refuse(transaction, "csr-invalid", None, _Knock(request, came_from), str(error))
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        knock = _Knock(request, came_from, fingerprint(key), der)
        async with self._store.transaction() as transaction:
            voucher = await transaction.joining.voucher_by_secret(bytes.fromhex(request.secret))
            code = judge_voucher(voucher, fingerprint(key), self._clock())
            if code is not None or voucher is None:
                return await self._refuse(transaction, code or "voucher-unknown", voucher, knock)
            known = await transaction.joining.request_of_voucher(voucher.voucher_id)
            if known is not None:
                return await self._answer_again(transaction, known)
            return await self._admit(transaction, voucher, knock, fingerprint(key))

    async def _admit(
        self, transaction: Transaction, voucher: StoredVoucher, knock: _Knock, key_fingerprint: str
    ) -> JoinPending | JoinRefusal:
        now = self._clock()
        await transaction.joining.lock_door()
        if await transaction.joining.count_pending() >= self._settings.max_pending:
            return await self._refuse(transaction, "joins-full", voucher, knock)
        known = await transaction.joining.fingerprint_known(key_fingerprint)
        if known is not None:
            return await self._refuse(transaction, "join-refused", voucher, knock, _KNOWN_KEY[known])
        join = StoredJoin(
            join_id=new_token_id(),
            voucher_id=voucher.voucher_id,
            fingerprint=key_fingerprint,
            public_key_der=knock.public_key_der,
            key_protection=knock.request.key_protection,
            model=knock.request.model,
            agent_version=knock.request.agent_version,
            came_from=knock.came_from,
            first_seen_at=now,
            last_seen_at=now,
        )
        if not await transaction.joining.add_request(join):
            return await self._refuse(transaction, "join-refused", voucher, knock, _KNOWN_KEY["waiting"])
        await transaction.joining.bind(voucher.voucher_id, key_fingerprint)
        await transaction.log.append(
            JoinPresented(
                at=now,
                actor=CONTROLLER,
                voucher=voucher.voucher_id,
                join=join.join_id,
                fingerprint=key_fingerprint,
                came_from=knock.came_from,
            )
        )
        transaction.changed.joins = True
        return self._pending(join)

    async def _answer_again(self, transaction: Transaction, join: StoredJoin) -> JoinReply | JoinRefusal:
        await transaction.joining.seen_again(join.join_id, self._clock())
        if join.state == "refused":
            return refusal("join-refused", join.reason)
        if join.state == "pending" or join.unit_id is None:
            return self._pending(join)
        certificates = await transaction.certificates.of_unit(join.unit_id)
        certificate = next((one for one in certificates if one.fingerprint == join.fingerprint), None)
        people = await transaction.people.list_of_version(join.people_version)
        settings = await transaction.units.settings(join.unit_id)
        assert certificate is not None, "accepting wrote a certificate"
        assert people is not None, "a voucher refers to its people list"
        assert settings is not None, "accepting wrote settings"
        return JoinAccepted(
            unit_id=join.unit_id,
            certificate_chain_pem=certificate.chain_pem,
            controller_keys=self._controller_keys,
            broker=self._broker,
            people_list=people.text,
            settings=settings,
        )

    def _pending(self, join: StoredJoin) -> JoinPending:
        return JoinPending(fingerprint=join.fingerprint, poll_after_s=self._settings.poll_after_s)

    async def _refuse(
        self,
        transaction: Transaction,
        code: RefusalCode,
        voucher: StoredVoucher | None,
        knock: _Knock,
        detail: str = "",
    ) -> JoinRefusal:
        now = self._clock()
        answer = refusal(code, detail)
        named = f" (voucher for {voucher.label})" if voucher is not None and voucher.label else ""
        event = ControllerEvent(
            kind="join-refused",
            severity="alarm",
            summary=f"a join from {knock.came_from} was refused: {answer.message}{named}"[:200],
            repeat_key=":".join(
                ("join", code, voucher.voucher_id if voucher else "", knock.key_fingerprint or "", knock.came_from)
            ),
        )
        if await transaction.events.add(event, now):
            await transaction.log.append(
                JoinRefusedEntry(
                    at=now,
                    actor=CONTROLLER,
                    code=code,
                    voucher=voucher.voucher_id if voucher else None,
                    fingerprint=knock.key_fingerprint,
                    came_from=knock.came_from,
                )
            )
        transaction.changed.events = True
        return answer
