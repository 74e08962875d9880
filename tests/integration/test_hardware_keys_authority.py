"""An authority whose issuing key is in a token: made there, signing from there, in one process after another."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fleet.ca import rotation
from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import TokenUnusable
from fleet.ca.keys import Pkcs11Key, key_place
from fleet.ca.revocation_list import Revoked
from tests.support.softhsm import MODULE, SoftHsm, hsm

__all__ = ["hsm"]

UNIT = "unit-abcdefgh"
SERIAL = 4711
IN_ANOTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from fleet.ca.authority import CertificateAuthority
authority = CertificateAuthority.load(Path(sys.argv[1]))
sys.stdout.write(authority.issue_takeover(sys.argv[2], datetime.now(UTC)).chain_pem.decode())
sys.stdout.write(authority.crl_pem([], 2, datetime.now(UTC)).decode())
"""


@pytest.fixture
def directory(hsm: SoftHsm, tmp_path: Path) -> Path:
    """An authority that has taken an issuing key in the token into use."""
    directory = tmp_path / "ca"
    CertificateAuthority.create(directory, datetime.now(UTC))
    rotation.rotate_issuing(directory, directory, datetime.now(UTC), in_token(hsm))
    return directory


def in_token(hsm: SoftHsm, key: str = "issuing-2") -> Pkcs11Key:
    return Pkcs11Key(module=str(MODULE), token=hsm.label, key=key, pin_file=str(hsm.pin_file))


def verify(pem: bytes, authority: CertificateAuthority, tmp_path: Path) -> str:
    """What OpenSSL says of a leaf with its chain."""
    leaf, roots = tmp_path / "leaf.pem", tmp_path / "roots.pem"
    leaf.write_bytes(pem)
    roots.write_bytes(authority.roots_pem)
    verified = subprocess.run(
        ["openssl", "verify", "-CAfile", roots, "-untrusted", leaf, leaf],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return verified.stdout + verified.stderr


def lists_in(pem: bytes) -> list[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----\n"
    return [x509.load_pem_x509_crl(part + end) for part in pem.split(end)[:-1]]


def test_it_signs_certificates_and_revocation_lists(directory: Path, tmp_path: Path) -> None:
    assert key_place(directory, "issuing-2.key") == "pkcs11"
    authority = CertificateAuthority.load(directory)
    now = datetime.now(UTC)
    chain = authority.issue_unit(UNIT, generate_private_key(SECP256R1()).public_key(), now).chain_pem.encode()
    leaf, issuing = x509.load_pem_x509_certificates(chain)[:2]
    leaf.verify_directly_issued_by(issuing)
    assert verify(chain, authority, tmp_path).endswith("leaf.pem: OK\n")
    revoked = lists_in(authority.crl_pem([Revoked(SERIAL, now)], 1, now))
    (own,) = [found for found in revoked if found.issuer == issuing.subject]
    assert own.is_signature_valid(issuing.public_key())  # type: ignore[arg-type]  # P-256 is one of those it takes
    assert own.get_revoked_certificate_by_serial_number(SERIAL) is not None
    assert authority.issuing_not_after == issuing.not_valid_after_utc


def test_another_process_signs_with_the_same_key(directory: Path, hsm: SoftHsm, tmp_path: Path) -> None:
    other = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, directory, UNIT],
        env=os.environ | hsm.environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert other.returncode == 0, other.stderr.decode()
    authority = CertificateAuthority.load(directory)
    chain, _, _ = other.stdout.partition(b"-----BEGIN X509 CRL")
    assert verify(chain, authority, tmp_path).endswith("leaf.pem: OK\n")
    issuing = x509.load_pem_x509_certificates(chain)[1]
    assert issuing.not_valid_after_utc == authority.issuing_not_after
    assert [found.is_signature_valid(issuing.public_key()) for found in lists_in(other.stdout)].count(True) == 1  # type: ignore[arg-type]  # as above


def test_a_token_that_is_away_is_told_and_does_not_end_the_authority(directory: Path, hsm: SoftHsm) -> None:
    authority = CertificateAuthority.load(directory)
    now = datetime.now(UTC)
    hsm.unplug()
    with pytest.raises(TokenUnusable, match="plugged in") as told:
        authority.issue_takeover(UNIT, now)
    assert hsm.pin not in str(told.value)
    with pytest.raises(TokenUnusable):
        CertificateAuthority.load(directory)
    hsm.plug_in()
    authority.issue_takeover(UNIT, now)


def test_a_key_that_is_in_use_is_never_taken_for_a_new_certificate(directory: Path, hsm: SoftHsm) -> None:
    with pytest.raises(TokenUnusable, match="choose another name"):
        rotation.rotate_issuing(directory, directory, datetime.now(UTC), in_token(hsm))
    rotation.rotate_issuing(directory, directory, datetime.now(UTC), in_token(hsm, "issuing-3"))
    CertificateAuthority.load(directory).issue_takeover(UNIT, datetime.now(UTC))
