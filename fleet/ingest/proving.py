"""Announcements and proofs, in the order they came: which session is new, and which proof is evidence. Pure."""

from collections.abc import Iterable, Mapping
from secrets import token_hex

import msgspec
from msgspec import UNSET

from fleet.access_records.chain_rules import ProvenChain
from fleet.clones.evidence import signature_fits
from fleet.clones.rules import AcceptedProof, Evidence, Lineage, behind_what_is_stored, judge, learn
from fleet.ingest.batch import Accepted
from fleet.ingest.judge import Rejection
from fleet.store.certificates import StoredCertificate
from fleet.store.proofs import Challenge, ProofState
from protocols.uplink import HealthBatch, SessionProof, SessionState


class Proving:
    """Takes proofs and old announcements out of a batch; `certificates` are those that its proofs name, by serial.

    `challenges` are to be stored, `answers` are the session and challenge to welcome each unit with.
    """

    def __init__(
        self,
        states: dict[str, ProofState],
        certificates: Mapping[str, StoredCertificate],
        lineages: Mapping[str, Lineage],
    ) -> None:
        self._states = states
        self._certificates = certificates
        self._lineages = lineages
        self.challenges: dict[str, Challenge] = {}
        self.answers: dict[str, tuple[str, str]] = {}
        self.proofs: list[AcceptedProof] = []
        self.rejections: list[Rejection] = []

    def take(self, accepted: Iterable[Accepted]) -> list[Accepted]:
        """Judge all proofs and announcements; returns the batch without proofs and without old announcements."""
        return [item for item in accepted if self._passes(item)]

    def _passes(self, item: Accepted) -> bool:
        message = item.message
        if isinstance(message, SessionProof):
            self._prove(message)
            return False
        if isinstance(message, SessionState) and message.up:
            return self._announce(message)
        return True

    def _announce(self, message: SessionState) -> bool:
        """Challenge a new session. An announcement that comes again, from a broker that repeats itself or replays, is
        answered as before or not at all: it must not displace the challenge of a session that began after it."""
        state = self._states.get(message.unit, ProofState())
        if message.session == state.session:
            if state.challenge is not None:
                self.answers[message.unit] = message.session, state.challenge
            return True
        if message.session in state.sessions:
            self.rejections.append(Rejection(message.unit, "replayed", "the announcement of a session"))
            return False
        challenge = Challenge(
            unit_id=message.unit, session=message.session, challenge=token_hex(16), spool_id=message.spool_id
        )
        self.challenges[message.unit] = challenge
        self.answers[message.unit] = message.session, challenge.challenge
        self._states[message.unit] = msgspec.structs.replace(
            state,
            session=message.session,
            sessions=[*state.sessions, message.session],
            challenge=challenge.challenge,
        )
        return True

    def _prove(self, proof: SessionProof) -> None:
        state = self._states.get(proof.unit, ProofState())
        if proof.challenge == state.answered:
            return  # brokers deliver twice what they are not sure of, and controllers may all hear everything
        if proof.challenge != state.challenge:
            self.rejections.append(Rejection(proof.unit, "stale-proof", "it answers no open challenge"))
            return
        certificate = self._certificates.get(proof.certificate)
        fault = _fault(proof, certificate)
        if fault is not None:
            self.rejections.append(Rejection(proof.unit, "bad-proof", fault))
            return
        evidence = Evidence(
            certificate=proof.certificate, boot_id=proof.boot_id, spool_id=proof.spool_id, next_seq=proof.next_seq
        )
        lineage = self._lineages[proof.unit]
        self.proofs.append(
            AcceptedProof(
                unit_id=proof.unit,
                shown=proof.certificate,
                proven=learn(state.proven, evidence, lineage),
                finding=judge(state.proven, evidence, lineage),
                is_behind=behind_what_is_stored(evidence, state.challenge_spool, state.challenge_seq),
                chain=_chain(proof),
            )
        )
        self._states[proof.unit] = msgspec.structs.replace(state, challenge=None, answered=proof.challenge)


def _chain(proof: SessionProof) -> ProvenChain | None:
    if proof.access_records is UNSET or proof.access_head is UNSET:
        return None
    return ProvenChain(proof.access_records, proof.access_head)


def _fault(proof: SessionProof, certificate: StoredCertificate | None) -> str | None:
    if certificate is None or certificate.unit_id != proof.unit:
        return f"{proof.certificate} is no certificate of this unit"
    if certificate.revoked_at is not None:
        return f"the certificate {proof.certificate} is revoked"
    if not signature_fits(proof, certificate.chain_pem):
        return f"the signature does not fit the key of {proof.certificate}"
    return None


def concerned(accepted: Iterable[Accepted]) -> tuple[list[str], list[str], list[str]]:
    """The units that announce or prove something, those that prove, and the certificates they name; each sorted."""
    announcing: set[str] = set()
    proving: set[str] = set()
    serials: set[str] = set()
    for item in accepted:
        message = item.message
        if type(message) is HealthBatch:  # nearly all of them: a live fleet announces rarely
            continue
        if isinstance(message, SessionProof):
            proving.add(message.unit)
            serials.add(message.certificate)
        elif isinstance(message, SessionState) and message.up:
            announcing.add(message.unit)
    return sorted(announcing | proving), sorted(proving), sorted(serials)
