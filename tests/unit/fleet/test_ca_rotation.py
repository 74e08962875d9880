"""Roots and issuing certificates over time, judged by OpenSSL and by cryptography's verifier, not only by us."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from fleet.ca import certificates
from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import (
    AuthorityUnreadable,
    LastRoot,
    NotAccepted,
    RootKeyAbsent,
    RootsFull,
)
from fleet.ca.files import key_to_pem
from fleet.ca.holdings import digest, load_roots, pem
from fleet.ca.roots import MOST_ROOTS, PUBLIC_NAME, install_root, move_root, retire_root, rotate_root
from fleet.ca.rotation import install_issuing, request_issuing, rotate_issuing, sign_request

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
LATER = NOW + timedelta(days=400)
AFTER = LATER + timedelta(days=31)
"""When every unit that reports has renewed under what came at LATER."""


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    CertificateAuthority.create(tmp_path / "ca", NOW)
    return tmp_path / "ca"


def unit_chain(ca: Path, now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return CertificateAuthority.load(ca).issue_unit("unit-0c41", key, now).chain_pem.encode()


def server_chain(ca: Path, now: datetime) -> bytes:
    return CertificateAuthority.load(ca).issue_server(["127.0.0.1"], now).chain_pem


def openssl_accepts(root: bytes, chain: bytes, now: datetime, folder: Path, purpose: str = "sslserver") -> bool:
    """Whether OpenSSL, in its strictest mood, verifies `chain` (leaf first) when it trusts `root` only."""
    (folder / "trusted.pem").write_bytes(root)
    (folder / "chain.pem").write_bytes(chain)
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(now.timestamp())), "-purpose", purpose]
    command += ["-CAfile", str(folder / "trusted.pem"), "-untrusted", str(folder / "chain.pem")]
    done = subprocess.run([*command, str(folder / "chain.pem")], capture_output=True, text=True, check=False)
    return done.returncode == 0


def cryptography_accepts(root: bytes, chain: bytes, now: datetime) -> bool:
    """Whether cryptography's verifier takes `chain` for 127.0.0.1 when it trusts `root` only."""
    leaf, *others = x509.load_pem_x509_certificates(chain)
    builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(root))).time(now)
    try:
        builder.build_server_verifier(x509.IPAddress(ip_address("127.0.0.1"))).verify(leaf, others)
    except VerificationError:
        return False
    return True


def rotated(ca: Path, tmp_path: Path, now: datetime) -> Path:
    """A new root in use, with an issuing certificate under it; returns the medium of the new root."""
    medium = tmp_path / f"root-of-{now:%Y%m%d}"
    newest = max(tmp_path.glob("root-of-*"), default=ca)
    rotate_root(newest, medium, now)
    install_root(ca, medium / PUBLIC_NAME, now)
    rotate_issuing(ca, medium, now)
    return medium


def test_a_server_is_verified_by_who_knows_the_old_root_only_and_by_who_knows_the_new_one_only(
    ca: Path, tmp_path: Path
) -> None:
    old_root = (ca / "root.crt").read_bytes()
    rotated(ca, tmp_path, LATER)
    new_root = (ca / "root-2.crt").read_bytes()
    foreign = CertificateAuthority.create(tmp_path / "foreign", NOW).root_pem
    chain = server_chain(ca, AFTER)
    assert len(x509.load_pem_x509_certificates(chain)) == 3
    for root, verifies in ((old_root, True), (new_root, True), (foreign, False)):
        assert openssl_accepts(root, chain, AFTER, tmp_path) is verifies
        assert cryptography_accepts(root, chain, AFTER) is verifies
    without_cross = b"".join(pem(each) for each in x509.load_pem_x509_certificates(chain)[:2])
    assert not openssl_accepts(old_root, without_cross, AFTER, tmp_path)
    assert not cryptography_accepts(old_root, without_cross, AFTER)


def test_a_cross_certificate_can_not_vouch_for_a_third_root(ca: Path, tmp_path: Path) -> None:
    """Path length: what the first root has vouched for may sign issuing certificates and nothing above them."""
    old_root = (ca / "root.crt").read_bytes()
    rotated(ca, tmp_path, LATER)
    third = LATER + timedelta(days=500)
    rotated(ca, tmp_path, third)
    chain = server_chain(ca, third) + (ca / "cross-2.crt").read_bytes()
    assert not openssl_accepts(old_root, chain, third, tmp_path)
    assert not cryptography_accepts(old_root, chain, third)
    second_root = (ca / "root-2.crt").read_bytes()
    assert openssl_accepts(second_root, chain, third, tmp_path)
    assert cryptography_accepts(second_root, chain, third)


def test_brokers_trust_all_roots_and_issuing_certificates_so_both_generations_of_units_come_in(
    ca: Path, tmp_path: Path
) -> None:
    before = unit_chain(ca, LATER)
    rotated(ca, tmp_path, LATER)
    trust = CertificateAuthority.load(ca).trust_pem
    assert len(x509.load_pem_x509_certificates(trust)) == 4
    for chain in (before, unit_chain(ca, LATER)):
        assert openssl_accepts(trust, chain, LATER, tmp_path, "sslclient")


def test_units_are_offered_all_roots_and_pin_the_one_under_which_servers_are(ca: Path, tmp_path: Path) -> None:
    old = digest(load_roots(ca)[0].certificate)
    medium = tmp_path / "new"
    rotate_root(ca, medium, LATER)
    install_root(ca, medium / PUBLIC_NAME, LATER)
    authority = CertificateAuthority.load(ca)
    assert [offer.cross_pem is None for offer in authority.root_offers()] == [False, True]
    assert authority.ca_sha256 == old, "a unit that pinned the new root could verify no server yet"
    rotate_issuing(ca, medium, LATER)
    assert authority.reload()
    assert authority.ca_sha256 == authority.roots_sha256[0] != old
    offers = authority.root_offers()
    assert [offer.root_pem.encode() for offer in offers] == [pem(root.certificate) for root in load_roots(ca)]
    cross = x509.load_pem_x509_certificate((offers[0].cross_pem or "").encode())
    cross.verify_directly_issued_by(x509.load_pem_x509_certificate(offers[1].root_pem.encode()))
    assert authority.roots_pem == "".join(offer.root_pem for offer in offers).encode()


def test_the_newest_issuing_certificate_signs_and_no_root_key_has_to_be_here(ca: Path, tmp_path: Path) -> None:
    move_root(ca, tmp_path / "medium")
    with pytest.raises(RootKeyAbsent, match="--root"):
        rotate_issuing(ca, ca, LATER)
    assert not list(ca.glob("issuing-*")), "nothing is made when the root key is not there"
    rotate_issuing(ca, tmp_path / "medium", LATER)
    _, issuing = x509.load_pem_x509_certificates(unit_chain(ca, LATER))
    assert issuing == x509.load_pem_x509_certificate((ca / "issuing-2.crt").read_bytes())
    assert (ca / "issuing-2.key").stat().st_mode & 0o777 == 0o600
    assert not list(ca.glob("root*.key"))


def test_an_offline_root_signs_what_is_asked_for(ca: Path, tmp_path: Path) -> None:
    move_root(ca, tmp_path / "medium")
    request = tmp_path / "request.pem"
    request.write_bytes(request_issuing(ca))
    assert request_issuing(ca) != b""
    assert len(list(ca.glob("issuing-*.key"))) == 1, "asking again asks for the same key"
    signed = tmp_path / "signed.pem"
    signed.write_bytes(sign_request(request, tmp_path / "medium", LATER))
    changed = install_issuing(ca, signed, LATER)
    newest = CertificateAuthority.load(ca).holdings.issuers[0]
    assert (newest.number, digest(newest.certificate).hex()) == (2, changed.sha256)
    with pytest.raises(NotAccepted, match="no issuing key waits"):
        install_issuing(ca, signed, LATER)


def test_what_does_not_fit_is_not_installed(ca: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    CertificateAuthority.create(foreign, NOW)
    request = tmp_path / "request.pem"
    request.write_bytes(request_issuing(ca))
    signed = tmp_path / "signed.pem"

    def refused(content: bytes, why: str, now: datetime = LATER) -> None:
        signed.write_bytes(content)
        with pytest.raises(NotAccepted, match=why):
            install_issuing(ca, signed, now)

    refused(sign_request(request, foreign, LATER), "not signed by the newest root")
    refused(sign_request(request, ca, LATER), "not valid now", LATER + timedelta(days=731))
    refused(b"nothing of the kind", "no certificate in PEM")
    refused((ca / "issuing.crt").read_bytes(), "for another key")
    refused((ca / "root.crt").read_bytes(), "no issuing certificate")
    refused((ca / "root.crt").read_bytes() * 2, "2 certificates")
    assert CertificateAuthority.load(ca).holdings.issuers[0].number == 1
    with pytest.raises(NotAccepted, match="not a request"):
        sign_request(signed, ca, LATER)
    with pytest.raises(NotAccepted, match="can not be read"):
        sign_request(tmp_path / "nowhere", ca, LATER)


def test_a_root_comes_in_only_with_the_signature_of_the_one_before(ca: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    CertificateAuthority.create(foreign, NOW)
    rotate_root(foreign, tmp_path / "theirs", LATER)
    rotate_root(ca, tmp_path / "ours", LATER)
    ours = (tmp_path / "ours" / PUBLIC_NAME).read_bytes()
    root, cross = x509.load_pem_x509_certificates(ours)
    file = tmp_path / "file.pem"

    def refused(content: bytes, why: str, now: datetime = LATER) -> None:
        file.write_bytes(content)
        with pytest.raises(NotAccepted, match=why):
            install_root(ca, file, now)

    refused((tmp_path / "theirs" / PUBLIC_NAME).read_bytes(), "not signed by the newest root")
    refused(pem(root), "has to hold the new root and its cross certificate")
    refused(pem(cross) + pem(root), "not signed by its own key")
    theirs = (tmp_path / "theirs" / "cross.crt").read_bytes()
    refused(pem(root) + theirs, "not the root's")
    refused(ours, "not valid now", NOW)
    file.write_bytes(ours)
    assert install_root(ca, file, LATER).sha256 == digest(root).hex()
    refused(ours, "in force already")
    assert [each.number for each in load_roots(ca)] == [2, 1]


def test_there_are_no_more_roots_than_units_are_told_of(ca: Path, tmp_path: Path) -> None:
    for years in range(1, MOST_ROOTS):
        rotated(ca, tmp_path, NOW + timedelta(days=400 * years))
    now = NOW + timedelta(days=400 * MOST_ROOTS)
    with pytest.raises(RootsFull, match="retire one"):
        rotated(ca, tmp_path, now)
    assert len(CertificateAuthority.load(ca).root_offers()) == MOST_ROOTS


def test_a_root_that_may_not_vouch_for_another_does_not(tmp_path: Path) -> None:
    """Roots of the first version had path length 1: too short for a successor."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = certificates.Signer(certificates.common_name("Muster root"), key)
    builder = certificates._builder(signer.name, key.public_key(), NOW, NOW + timedelta(days=3650), signer)
    root = certificates._as_authority(builder, path_length=1).sign(key, SHA256())
    (tmp_path / "root.crt").write_bytes(pem(root))
    (tmp_path / "root.key").write_bytes(key_to_pem(key))
    (tmp_path / "root.key").chmod(0o600)
    with pytest.raises(NotAccepted, match="can not vouch"):
        rotate_root(tmp_path, tmp_path / "new", LATER)


def test_a_root_is_retired_when_nobody_needs_it_any_more(ca: Path, tmp_path: Path) -> None:
    old = digest(load_roots(ca)[0].certificate).hex()
    with pytest.raises(LastRoot, match="the only one"):
        retire_root(ca, old, LATER)
    medium = tmp_path / "root-of-next"
    rotate_root(ca, medium, LATER)
    install_root(ca, medium / PUBLIC_NAME, LATER)
    with pytest.raises(LastRoot, match="issuing certificate in use"):
        retire_root(ca, old, LATER, at_once=True)
    rotate_issuing(ca, medium, LATER)
    with pytest.raises(LastRoot, match="--at-once"):
        retire_root(ca, old, LATER + timedelta(days=29))
    for nobody in ("", "00" * 32):
        with pytest.raises(NotAccepted, match=r"(0|2) roots"):
            retire_root(ca, nobody, AFTER)
    changes = retire_root(ca, old[:12].upper(), AFTER)
    assert [each.change for each in changes] == ["issuing-retired", "root-retired"]
    assert changes[-1].sha256 == old
    authority = CertificateAuthority.load(ca)
    assert len(x509.load_pem_x509_certificates(authority.trust_pem)) == 2
    assert {path.name for path in (ca / "retired").iterdir()} == {"root.crt", "root.key", "issuing.crt", "issuing.key"}
    chain = server_chain(ca, AFTER)
    assert openssl_accepts((ca / "retired" / "root.crt").read_bytes(), chain, AFTER, tmp_path), "until it renews"
    third = rotated(ca, tmp_path, AFTER + timedelta(days=300))
    assert third.exists()
    assert [root.number for root in load_roots(ca)] == [3, 2], "numbers are not used again"


def test_a_stolen_root_is_retired_at_once(ca: Path, tmp_path: Path) -> None:
    rotated(ca, tmp_path, LATER)
    old = digest(load_roots(ca)[1].certificate).hex()
    retire_root(ca, old, LATER, at_once=True)
    assert [root.number for root in CertificateAuthority.load(ca).holdings.roots] == [2]


def test_a_root_key_is_gone_here_only_when_it_is_there(ca: Path, tmp_path: Path) -> None:
    before = (ca / "root.key").read_bytes()
    medium = tmp_path / "medium"
    medium.mkdir()
    (medium / "root.key").write_bytes(b"another key")
    with pytest.raises(NotAccepted, match="another key is there"):
        move_root(ca, medium)
    assert (ca / "root.key").read_bytes() == before
    (medium / "root.key").unlink()
    assert move_root(ca, medium) == [medium / "root.key"]
    assert not (ca / "root.key").exists()
    assert (medium / "root.key").read_bytes() == before
    assert (medium / "root.key").stat().st_mode & 0o777 == 0o600
    assert (medium / "root.crt").read_bytes() == (ca / "root.crt").read_bytes()
    with pytest.raises(RootKeyAbsent):
        move_root(ca, medium)


def test_an_interrupted_rotation_is_taken_up_again(ca: Path) -> None:
    request_issuing(ca)
    waiting = (ca / "issuing-2.key").read_bytes()
    assert CertificateAuthority.load(ca).holdings.issuers[0].number == 1
    rotate_issuing(ca, ca, LATER)
    assert (ca / "issuing-2.key").read_bytes() == waiting
    assert CertificateAuthority.load(ca).holdings.issuers[0].number == 2


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("root-2.crt", "root.crt"),
        ("cross-2.crt", "cross-2.crt"),
        ("issuing-2.crt", "issuing.crt"),
        ("issuing-2.key", "issuing.key"),
        ("root-2.crt", "issuing.crt"),
        ("cross-2.crt", "root-2.crt"),
    ],
)
def test_everything_that_is_loaded_is_verified(ca: Path, tmp_path: Path, name: str, stranger: str) -> None:
    rotated(ca, tmp_path, LATER)
    (tmp_path / "elsewhere").mkdir()
    foreign = tmp_path / "elsewhere" / "ca"
    CertificateAuthority.create(foreign, NOW)
    rotated(foreign, tmp_path / "elsewhere", LATER)
    CertificateAuthority.load(ca)
    shutil.copyfile(foreign / stranger, ca / name)
    with pytest.raises(AuthorityUnreadable, match=r"-2\.(crt|key)"):
        CertificateAuthority.load(ca)


def test_an_issuing_certificate_ends_with_its_root(ca: Path) -> None:
    late = NOW + timedelta(days=3600)
    rotate_issuing(ca, ca, late)
    authority = CertificateAuthority.load(ca)
    assert authority.issuing_not_after == authority.holdings.roots[0].certificate.not_valid_after_utc


def test_a_failed_reload_changes_nothing(ca: Path) -> None:
    authority = CertificateAuthority.load(ca)
    before = authority.trust_pem
    assert authority.reload() is False
    (ca / "issuing-2.crt").write_bytes(b"half a cert")
    with pytest.raises(AuthorityUnreadable):
        authority.reload()
    assert authority.trust_pem == before
    (ca / "issuing-2.crt").unlink()
    rotate_issuing(ca, ca, LATER)
    assert authority.reload() is True
