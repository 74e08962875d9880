"""Revocation lists, judged by OpenSSL."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, generate_private_key

from fleet.ca.authority import CANARY_PREFIX, CertificateAuthority
from fleet.ca.errors import IssuingExpired
from fleet.ca.revocation_list import CRL_LIFE, Revoked, read_lists, split_lists
from fleet.ca.rotation import rotate_issuing
from protocols.errors import InvalidId
from protocols.topics import CONTROLLER_NAME

NOW = datetime(2026, 11, 22, 3, 0, 0, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=400)
UNIT = "unit-0c41"


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    CertificateAuthority.create(tmp_path / "ca", NOW)
    return tmp_path / "ca"


def unit_chain(authority: CertificateAuthority, now: datetime) -> tuple[int, bytes]:
    issued = authority.issue_unit(UNIT, generate_private_key(SECP256R1()).public_key(), now)
    return issued.serial, issued.chain_pem.encode()


def openssl_says(folder: Path, authority: CertificateAuthority, lists: bytes, chain: bytes, now: datetime) -> str:
    """What `openssl verify -crl_check` says of a chain when it has these lists."""
    for name, content in (("trust", authority.trust_pem), ("lists", lists), ("leaf", chain)):
        (folder / f"{name}.pem").write_bytes(content)
    command = ["openssl", "verify", "-crl_check", "-x509_strict", "-attime", str(int(now.timestamp()))]
    command += ["-CAfile", str(folder / "trust.pem"), "-CRLfile", str(folder / "lists.pem"), str(folder / "leaf.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def test_openssl_refuses_what_is_listed_under_either_issuing_certificate_and_nothing_else(
    ca: Path, tmp_path: Path
) -> None:
    authority = CertificateAuthority.load(ca)
    old = [unit_chain(authority, LATER) for _ in "ab"]
    rotate_issuing(ca, ca, LATER)
    authority.reload()
    new = [unit_chain(authority, LATER) for _ in "ab"]
    revoked = [Revoked(old[0][0], NOW), Revoked(new[0][0], LATER)]
    lists = authority.crl_pem(revoked, 7, LATER)
    for generation in (old, new):
        (_, listed), (_, other) = generation
        assert "certificate revoked" in openssl_says(tmp_path, authority, lists, listed, LATER)
        assert openssl_says(tmp_path, authority, lists, other, LATER).endswith("leaf.pem: OK")


def test_a_list_has_number_signer_dates_and_every_serial_once(ca: Path) -> None:
    authority = CertificateAuthority.load(ca)
    revoked = [Revoked(5, NOW), Revoked(2**158, NOW), Revoked(5, NOW - timedelta(days=1))]
    (only,) = split_lists(authority.crl_pem(revoked, 41, NOW))
    issuing = authority.holdings.issuers[0].certificate
    key = issuing.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert only.is_signature_valid(key)
    assert only.issuer == issuing.subject
    assert only.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 41
    signer = only.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert signer == issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    whole = NOW.replace(microsecond=0)
    assert only.last_update_utc == whole - timedelta(minutes=5)
    assert only.next_update_utc == whole + CRL_LIFE == whole + timedelta(days=30)
    assert [(each.serial_number, each.revocation_date_utc) for each in only] == [
        (5, whole - timedelta(days=1)),
        (2**158, whole),
    ]


def test_what_was_written_is_read_back(ca: Path) -> None:
    authority = CertificateAuthority.load(ca)
    rotate_issuing(ca, ca, NOW)
    authority.reload()
    whole = NOW.replace(microsecond=0)
    revoked = (Revoked(5, whole), Revoked(9, whole))
    lists = read_lists(authority.crl_pem(revoked, 3, NOW))
    assert (lists.revoked, lists.number, lists.next_update) == (revoked, 3, whole + CRL_LIFE)
    assert lists.issuers == {issuer.certificate.subject for issuer in authority.holdings.issuers}
    assert read_lists(b"") == (frozenset(), (), 0, None)
    for damaged in (b"x", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"):
        with pytest.raises(ValueError, match=r"list|parsing|ASN|asn"):
            read_lists(damaged)


def test_an_issuing_certificate_that_has_ended_signs_no_list(ca: Path) -> None:
    authority = CertificateAuthority.load(ca)
    rotate_issuing(ca, ca, LATER)
    authority.reload()
    after = NOW + timedelta(days=731)
    (only,) = split_lists(authority.crl_pem([], 1, after))
    assert only.issuer == authority.holdings.issuers[0].certificate.subject
    with pytest.raises(IssuingExpired):
        authority.crl_pem([], 1, LATER + timedelta(days=731))


def test_a_new_issuing_certificate_gets_a_list_that_says_what_the_others_say(ca: Path, tmp_path: Path) -> None:
    authority = CertificateAuthority.load(ca)
    serial, listed = unit_chain(authority, LATER)
    lists = authority.crl_pem([Revoked(serial, NOW)], 12, LATER)
    assert authority.complete_lists(lists, LATER) == lists
    rotate_issuing(ca, ca, LATER)
    authority.reload()
    _, fresh = unit_chain(authority, LATER)
    assert "unable to get certificate CRL" in openssl_says(tmp_path, authority, lists, fresh, LATER)
    completed = authority.complete_lists(lists, LATER)
    assert completed.startswith(lists), "what is there stays as it was signed"
    assert read_lists(completed)[1:3] == ((Revoked(serial, NOW.replace(microsecond=0)),), 12)
    assert openssl_says(tmp_path, authority, completed, fresh, LATER).endswith("leaf.pem: OK")
    assert "certificate revoked" in openssl_says(tmp_path, authority, completed, listed, LATER)
    first = authority.complete_lists(b"", LATER)
    assert len(split_lists(first)) == 2
    assert read_lists(first).revoked == ()


def test_a_takeover_lasts_a_minute_and_has_the_units_name(ca: Path, tmp_path: Path) -> None:
    authority = CertificateAuthority.load(ca)
    taken = authority.issue_takeover(UNIT, NOW)
    leaf = x509.load_pem_x509_certificates(taken.chain_pem)[0]
    assert [each.value for each in leaf.subject] == [UNIT]
    assert leaf.serial_number == taken.serial
    assert leaf.not_valid_after_utc == NOW.replace(microsecond=0) + timedelta(minutes=1)
    lists = authority.crl_pem([], 1, NOW)
    assert openssl_says(tmp_path, authority, lists, taken.chain_pem, NOW).endswith("leaf.pem: OK")
    for name in (CONTROLLER_NAME, "controller-1", f"{CANARY_PREFIX}{'0' * 16}", "+"):
        with pytest.raises(InvalidId):
            authority.issue_takeover(name, NOW)


def test_canaries_have_names_of_their_own_and_are_refused_once_listed(ca: Path, tmp_path: Path) -> None:
    authority = CertificateAuthority.load(ca)
    canaries = [authority.issue_canary(NOW) for _ in "ab"]
    leaves = [x509.load_pem_x509_certificates(each.chain_pem)[0] for each in canaries]
    names = {str(leaf.subject.rdns[0].rfc4514_string()) for leaf in leaves}
    assert len(names) == 2
    assert all(name.startswith(f"CN={CANARY_PREFIX}") and len(name) == len("CN=canary-") + 16 for name in names)
    assert leaves[0].not_valid_after_utc == NOW.replace(microsecond=0) + timedelta(minutes=10)
    before, after = (authority.crl_pem(some, 1, NOW) for some in ([], [Revoked(canaries[0].serial, NOW)]))
    assert openssl_says(tmp_path, authority, before, canaries[0].chain_pem, NOW).endswith("leaf.pem: OK")
    assert "certificate revoked" in openssl_says(tmp_path, authority, after, canaries[0].chain_pem, NOW)
