"""Announcements and proofs of one batch, in the order they came."""

from base64 import b64encode
from datetime import timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.clones.evidence import signature_fits
from fleet.ingest.batch import Accepted
from fleet.ingest.proving import Proving, concerned
from fleet.store.proofs import ProofState
from protocols.health import HealthReport
from protocols.uplink import AnyUpMessage, HealthBatch, SessionProof, SessionState, proof_text
from tests.support.clones import AT, UNIT, Controllers, Device, Welcomed, a_new_unit

BEGUN = "1" * 32


def proving(controllers: Controllers) -> Proving:
    return Proving(controllers.states, controllers.certificates, {UNIT: controllers.lineage})


def reasons(judged: Proving) -> list[str]:
    return [rejection.reason for rejection in judged.rejections]


def batch(*messages: AnyUpMessage) -> list[Accepted]:
    return [Accepted(message, 0) for message in messages]


def health() -> HealthBatch:
    return HealthBatch(unit=UNIT, session=BEGUN, spool_id=1, reports=[HealthReport(seq=1, sampled_at_ms=0)])


def answered(device: Device, judged: Proving) -> SessionProof:
    proof = device.answer(Welcomed(*judged.answers[UNIT]))
    assert proof is not None
    return proof


def test_the_last_announcement_of_a_batch_is_challenged_and_all_are_folded() -> None:
    controllers = Controllers()
    device = a_new_unit(controllers)
    first, second = device.announce(), device.announce()
    judged = proving(controllers)
    passed = judged.take(batch(first, health(), second))
    assert [item.message for item in passed] == [first, passed[1].message, second]
    assert (judged.challenges[UNIT].session, judged.answers[UNIT][0]) == (second.session, second.session)
    assert judged.rejections == []


def test_an_earlier_announcement_in_the_same_batch_is_a_replay() -> None:
    controllers = Controllers()
    device = a_new_unit(controllers)
    first, second = device.announce(), device.announce()
    judged = proving(controllers)
    passed = judged.take(batch(first, second, first, second))
    assert [item.message for item in passed] == [first, second, second]
    assert judged.challenges[UNIT].session == second.session
    assert reasons(judged) == ["replayed"]


def test_a_will_is_no_announcement() -> None:
    controllers = Controllers()
    will = SessionState(unit=UNIT, session=BEGUN, connection=BEGUN, up=False)
    judged = proving(controllers)
    assert [item.message for item in judged.take(batch(will))] == [will]
    assert judged.answers == {}


def test_a_proof_counts_before_the_next_session_is_announced_and_not_after() -> None:
    for proof_first in (True, False):
        controllers = Controllers()
        device = a_new_unit(controllers)
        begun = proving(controllers)
        begun.take(batch(device.announce()))
        proof = answered(device, begun)
        following = device.announce()
        judged = proving(controllers)
        judged.take(batch(proof, following) if proof_first else batch(following, proof))
        assert len(judged.proofs) == int(proof_first)
        assert reasons(judged) == ([] if proof_first else ["stale-proof"])


def test_a_proof_that_comes_twice_is_one() -> None:
    controllers = Controllers()
    device = a_new_unit(controllers)
    begun = proving(controllers)
    begun.take(batch(device.announce()))
    proof = answered(device, begun)
    judged = proving(controllers)
    assert judged.take(batch(proof, proof)) == []
    assert (len(judged.proofs), judged.rejections) == (1, [])


def test_a_release_begins_what_is_proved_anew() -> None:
    state = ProofState(proven_at=AT, certificate="1", left_boots=["b"], proven_spool=1, proven_seq=9)
    assert state.proven.certificate == "1"
    quarantined = msgspec.structs.replace(state, standing_changed_at=AT)
    assert quarantined.proven.certificate == "1"
    released = msgspec.structs.replace(state, standing_changed_at=AT + timedelta(seconds=1))
    assert (released.proven.certificate, released.proven.left_boots, released.proven.next_seq) == (None, (), None)


def test_the_database_is_asked_only_about_units_that_announce_or_prove() -> None:
    controllers = Controllers()
    device = a_new_unit(controllers)
    begun = proving(controllers)
    begun.take(batch(device.announce()))
    proof = answered(device, begun)
    assert concerned(batch(health())) == ([], [], [])
    assert concerned(batch(health(), device.announce())) == ([UNIT], [], [])
    assert concerned(batch(proof, device.announce())) == ([UNIT], [UNIT], [proof.certificate])


def test_an_ed25519_key_signs_proofs_too() -> None:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT + timedelta(days=30))
    chain_pem = builder.sign(key, None).public_bytes(Encoding.PEM).decode()
    unsigned = SessionProof(
        unit=UNIT,
        session=BEGUN,
        challenge=BEGUN,
        certificate="1",
        boot_id="b",
        spool_id=1,
        next_seq=1,
        signature="",
    )
    signature = b64encode(key.sign(proof_text(unsigned))).decode()
    proof = msgspec.structs.replace(unsigned, signature=signature)
    assert signature_fits(proof, chain_pem)
    for spoilt in ("", "====", "x", signature[:-4], b64encode(key.sign(b"")).decode()):
        assert not signature_fits(msgspec.structs.replace(proof, signature=spoilt), chain_pem)
    assert not signature_fits(msgspec.structs.replace(proof, next_seq=2), chain_pem)
