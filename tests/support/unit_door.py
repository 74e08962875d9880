"""A unit that has joined through a real API, and what it asks of it afterwards: as small as the contract allows."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.ca.files import key_to_pem
from fleet.clones.rules import Evidence, judge, learn
from fleet.store.proofs import Challenge
from fleet.store.store import Store
from protocols.ids import new_session_nonce
from protocols.joining import (
    API_TLS_NAME,
    JoinAccepted,
    JoinRefusal,
    KeyProtection,
    RejoinReply,
    RejoinRequest,
    Renewed,
    RenewRequest,
    fingerprint,
)
from protocols.people import SignedPeopleList
from tests.support.controller import RunningApi
from tests.support.joining import Knocker

PERSON = "TO-12"


def new_key() -> EllipticCurvePrivateKey:
    """A fresh key of the kind that units make."""
    return generate_private_key(SECP256R1())


def csr_of(key: EllipticCurvePrivateKey) -> str:
    """A certificate request for `key`; its subject counts for nothing."""
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


@dataclass
class JoinedUnit:
    """A unit's id, the key and chain it connects with, and where its controller is."""

    api: RunningApi
    unit_id: str
    key: EllipticCurvePrivateKey
    chain_pem: str

    @property
    def leaf(self) -> x509.Certificate:
        """Its certificate."""
        return x509.load_pem_x509_certificate(self.chain_pem.encode())

    @property
    def serial(self) -> str:
        """Its certificate's serial, as it is stored."""
        return f"{self.leaf.serial_number:x}"

    @property
    def fingerprint(self) -> str:
        """Its key's fingerprint."""
        return fingerprint(self.key.public_key())

    def with_certificate(self, key: EllipticCurvePrivateKey, chain_pem: str) -> "JoinedUnit":
        """The same unit with another key and certificate."""
        return JoinedUnit(self.api, self.unit_id, key, chain_pem)

    async def renew(
        self, key: EllipticCurvePrivateKey, key_protection: KeyProtection = "soft", *, csr_pem: str | None = None
    ) -> Renewed | JoinRefusal:
        """Ask for a certificate for `key`."""
        request = RenewRequest(csr_pem=csr_pem or csr_of(key), key_protection=key_protection, agent_version="1")
        answer = await self._ask("POST", "/unit/renew", request, shows_certificate=True)
        if answer.status_code != 200:
            return msgspec.json.decode(answer.content, type=JoinRefusal)
        return msgspec.json.decode(answer.content, type=Renewed)

    async def renewed(self, key: EllipticCurvePrivateKey) -> "JoinedUnit":
        """This unit with the successor of its certificate for `key`."""
        answer = await self.renew(key)
        assert isinstance(answer, Renewed), answer
        return self.with_certificate(key, answer.certificate_chain_pem)

    async def rejoin(self) -> RejoinReply | JoinRefusal:
        """Ask to come back with its key."""
        request = RejoinRequest(unit_id=self.unit_id, csr_pem=csr_of(self.key), key_protection="soft", model="m")
        answer = await self._ask("POST", "/unit/rejoin", request, shows_certificate=False)
        if answer.status_code != 200:
            return msgspec.json.decode(answer.content, type=JoinRefusal)
        reply: RejoinReply = msgspec.json.decode(answer.content, type=RejoinReply)
        return reply

    async def people_after(self, version: int) -> list[SignedPeopleList] | JoinRefusal:
        """Ask for people lists."""
        answer = await self._ask("GET", f"/unit/people?after={version}", None, shows_certificate=True)
        if answer.status_code != 200:
            return msgspec.json.decode(answer.content, type=JoinRefusal)
        return msgspec.json.decode(answer.content, type=list[SignedPeopleList])

    async def connects(self, store: Store, boot_id: str = "boot") -> str | None:
        """Let the unit have proved that it connects with its certificate; returns what that gives away, if anything."""
        async with store.transaction() as transaction:
            now = self.api.services.clock()
            challenge = Challenge(
                unit_id=self.unit_id, session=new_session_nonce(), challenge=new_session_nonce(), spool_id=7
            )
            await transaction.proofs.challenge([challenge], now)
            proven = (await transaction.proofs.states([self.unit_id]))[self.unit_id].proven
            lineage = (await transaction.certificates.lineages([self.unit_id]))[self.unit_id]
            evidence = Evidence(certificate=self.serial, boot_id=boot_id, spool_id=7, next_seq=1)
            await transaction.proofs.accept(self.unit_id, self.serial, learn(proven, evidence, lineage), now)
        finding = judge(proven, evidence, lineage)
        return None if finding is None else finding.cause

    def context(self, *, shows_certificate: bool = True) -> ssl.SSLContext:
        """TLS as a unit has it."""
        context = ssl.create_default_context(cafile=str(self.api.ca_file))
        if shows_certificate:
            files = self.api.home / f"{self.serial}.key", self.api.home / f"{self.serial}.crt"
            files[0].write_bytes(key_to_pem(self.key))
            files[1].write_text(self.chain_pem)
            context.load_cert_chain(files[1], files[0])
        return context

    async def _ask(
        self, method: str, path: str, body: msgspec.Struct | None, *, shows_certificate: bool
    ) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        context = self.context(shows_certificate=shows_certificate)
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=30) as door:
            return await door.request(
                method, self.api.url + path, content=content, extensions={"sni_hostname": API_TLS_NAME}
            )


async def join(api: RunningApi, label: str = "van kit 3") -> JoinedUnit:
    """A unit that PERSON, who must be there, has accepted."""
    voucher_text = (await api.services.vouchers.make(label, PERSON)).text
    knocker = Knocker(Path(api.ca_file))
    await knocker.knock(voucher_text)
    async with api.services.store.transaction() as transaction:
        (waiting,) = [one for one in await transaction.joining.pending() if one.fingerprint == knocker.fingerprint]
    await api.services.decisions.accept(waiting.join_id, waiting.fingerprint, PERSON)
    accepted = await knocker.knock(voucher_text)
    assert isinstance(accepted, JoinAccepted)
    return JoinedUnit(api, accepted.unit_id, knocker.key, accepted.certificate_chain_pem)
