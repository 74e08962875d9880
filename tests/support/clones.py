"""A unit, copies of it, a broker that does what it likes, and the controllers' rules: for tests of who is quarantined.

The controllers' side is the real `Proving` and the real `judge_certificate`; the store behind them is two dicts.
"""

from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import UNSET

from fleet.access_records.chain_rules import ProvenChain
from fleet.clones.rules import Finding, judge_certificate
from fleet.ingest.batch import Accepted
from fleet.ingest.proving import Proving
from fleet.store.certificates import StoredCertificate
from fleet.store.proofs import ProofState
from protocols.ids import new_session_nonce, new_spool_id
from protocols.joining import fingerprint
from protocols.uplink import SessionProof, SessionState, proof_text

UNIT = "unit-23456789"
AT = datetime(2026, 11, 22, tzinfo=UTC)


class KeyPool:
    """Keys with certificates that name them. Making one takes a while, so that a world hands out the same ones."""

    def __init__(self) -> None:
        self._made: list[tuple[EllipticCurvePrivateKey, str]] = []

    def get(self, number: int) -> tuple[EllipticCurvePrivateKey, str]:
        """The key with this number, and its certificate in PEM."""
        while len(self._made) <= number:
            key = generate_private_key(SECP256R1())
            name = x509.Name([])
            builder = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT + timedelta(days=30))
            self._made.append((key, builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()))
        return self._made[number]


POOL = KeyPool()


@dataclass
class Disk:
    """What a power cut leaves, and a thief copies. Keys by their number in the pool; `pending` is asked to be next."""

    certificate: str
    key: int
    spool_id: int
    next_seq: int = 1
    pending: int | None = None


class Welcomed(msgspec.Struct, frozen=True):
    """What a unit reads of a Welcome."""

    session: str
    challenge: str


@dataclass
class Controllers:
    """All controllers of a fleet: they share one database."""

    states: dict[str, ProofState] = field(default_factory=dict)
    certificates: dict[str, StoredCertificate] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0
    alarms: int = 0
    _serials: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def lineage(self) -> dict[str, str | None]:
        return {one.serial: one.predecessor for one in self.certificates.values()}

    def issue(self, key: int, predecessor: str | None) -> str:
        """A certificate for a key; returns its serial."""
        private, chain_pem = POOL.get(key)
        serial = f"{next(self._serials):x}"
        self.certificates[serial] = StoredCertificate(
            serial=serial,
            unit_id=UNIT,
            fingerprint=fingerprint(private.public_key()),
            key_protection="soft",
            not_before=AT,
            not_after=AT + timedelta(days=30),
            chain_pem=chain_pem,
            predecessor=predecessor,
        )
        return serial

    def hear(self, message: SessionState | SessionProof, stored_seq: int) -> Welcomed | None:
        """Take a message as ingest does, while `stored_seq` is stored of every spool; returns the Welcome, if any."""
        proving = Proving(self.states, self.certificates, {UNIT: self.lineage})
        proving.take([Accepted(message, 0)])
        for challenge in proving.challenges.values():
            self.states[UNIT] = msgspec.structs.replace(
                self.states[UNIT],
                sessions=self.states[UNIT].sessions[-16:],
                challenge_spool=challenge.spool_id,
                challenge_seq=stored_seq,
            )
        for proof in proving.proofs:
            self.accepted += 1
            self.alarms += proof.is_behind
            if proof.finding is not None:
                self.findings.append(proof.finding)
            self.states[UNIT] = msgspec.structs.replace(
                self.states[UNIT],
                proven_at=AT,
                certificate=proof.proven.certificate,
                boot_id=proof.proven.boot_id,
                left_boots=list(proof.proven.left_boots),
                proven_spool=proof.proven.spool_id,
                proven_seq=proof.proven.next_seq,
            )
        return Welcomed(*proving.answers[UNIT]) if UNIT in proving.answers else None

    def renew(self, shown: str, key: int) -> str | None:
        """What `Renewals` decides: the successor of `shown` for a key, None when that is refused."""
        public = fingerprint(POOL.get(key)[0].public_key())
        for one in self.certificates.values():
            if one.predecessor == shown and one.fingerprint == public:
                return one.serial
        state = self.states.get(UNIT, ProofState())
        finding = judge_certificate(state.proven.certificate, shown, self.lineage)
        if finding is not None:
            self.findings.append(finding)
            return None
        return self.issue(key, shown)


class Device:
    """One device that runs an agent: what is on its disk, and what only lives until it is switched off."""

    def __init__(self, disk: Disk, keys: Iterator[int]) -> None:
        self.disk = disk
        self._keys = keys
        self.chain: ProvenChain | None = None
        self.boot()

    def copied(self) -> "Device":
        """A device with a copy of the disk, switched on."""
        return Device(deepcopy(self.disk), self._keys)

    def boot(self) -> None:
        """Begin anew with what is on the disk."""
        self.boot_id = new_session_nonce()
        self.session = new_session_nonce()

    def write(self, rows: int) -> None:
        self.disk.next_seq += rows

    def lose_spool(self) -> None:
        self.disk.spool_id, self.disk.next_seq = new_spool_id(), 1

    def lose_pending_key(self) -> None:
        self.disk.pending = None

    def announce(self) -> SessionState:
        """Connect, or begin a new session."""
        self.session = new_session_nonce()
        return SessionState(
            unit=UNIT, session=self.session, connection=self.session, up=True, spool_id=self.disk.spool_id
        )

    def answer(self, welcome: Welcomed) -> SessionProof | None:
        """The proof for a Welcome of this session; others are not obeyed."""
        if welcome.session != self.session:
            return None
        proof = SessionProof(
            unit=UNIT,
            session=self.session,
            challenge=welcome.challenge,
            certificate=self.disk.certificate,
            boot_id=self.boot_id,
            spool_id=self.disk.spool_id,
            next_seq=self.disk.next_seq,
            signature="",
            access_records=UNSET if self.chain is None else self.chain.records,
            access_head=UNSET if self.chain is None else self.chain.head,
        )
        signature = POOL.get(self.disk.key)[0].sign(proof_text(proof), ECDSA(SHA256()))
        return msgspec.structs.replace(proof, signature=b64encode(signature).decode())

    def renew(self, controllers: Controllers, *, answered: bool = True) -> None:
        """Ask for the next certificate; the answer arrives, or is lost."""
        if self.disk.pending is None:
            self.disk.pending = next(self._keys)
        serial = controllers.renew(self.disk.certificate, self.disk.pending)
        if answered and serial is not None:
            self.disk.certificate, self.disk.key, self.disk.pending = serial, self.disk.pending, None

    def connect(self, controllers: Controllers, stored_seq: int = 0) -> None:
        """Announce and prove at once, as over a broker that does its work."""
        welcome = controllers.hear(self.announce(), stored_seq)
        assert welcome is not None
        proof = self.answer(welcome)
        assert proof is not None
        before = controllers.accepted
        controllers.hear(proof, stored_seq)
        assert controllers.accepted == before + 1


def a_new_unit(controllers: Controllers) -> Device:
    """A unit that has just joined."""
    keys = count()
    key = next(keys)
    return Device(Disk(controllers.issue(key, None), key, new_spool_id()), keys)
