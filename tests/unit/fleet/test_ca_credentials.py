"""The controller's own certificates in its state directory, and authorities from before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from fleet.ca import certificates
from fleet.ca.authority import CertificateAuthority
from fleet.ca.files import key_to_pem, write_private
from fleet.ca.holdings import pem
from fleet.ca.revocation_list import Revoked
from fleet.ca.rotation import rotate_issuing
from fleet.credentials import Credentials, create_credentials, load_credentials
from protocols.joining import API_TLS_NAME

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
API, BROKER = ["fleet.example", "127.0.0.1"], ["broker.example"]
OWN = ("tls/server", "tls/controller", "broker/server")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    create_credentials(tmp_path / "state", NOW)
    load_credentials(tmp_path / "state", API, BROKER, NOW)
    return tmp_path / "state"


def load(state: Path, now: datetime = NOW) -> Credentials:
    return load_credentials(state, API, BROKER, now)


def inodes(state: Path) -> dict[str, int]:
    """Which file is which: what is written again is another file."""
    return {str(path.relative_to(state)): path.stat().st_ino for path in state.rglob("*") if path.is_file()}


def renewed(state: Path, before: dict[str, int]) -> set[str]:
    return {name for name, number in inodes(state).items() if before.get(name) != number}


def test_what_is_good_is_left_alone(state: Path) -> None:
    before = inodes(state)
    assert not load(state).refresh(NOW + timedelta(days=60))
    assert renewed(state, before) == set()


def test_a_revocation_list_that_is_written_meanwhile_is_not_written_over(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revoker writes it in a thread of its own, or another process does."""
    credentials, path = load(state), state / "broker" / "crl.pem"
    newer = credentials.authority.crl_pem([Revoked(7, NOW)], 9, NOW)
    complete = CertificateAuthority.complete_lists

    def while_another_writes(self: CertificateAuthority, content: bytes, now: datetime) -> bytes:
        write_private(path, newer)
        return complete(self, content, now)

    monkeypatch.setattr(CertificateAuthority, "complete_lists", while_another_writes)
    credentials.refresh(NOW)
    assert path.read_bytes() == newer


@pytest.mark.parametrize("name", OWN)
def test_a_pair_that_was_cut_short_is_made_anew(state: Path, name: str) -> None:
    """Power may go between the two files, or in the middle of a disk's mind."""
    key, chain = state / f"{name}.key", state / f"{name}.crt"
    pair = {f"{name}.key", f"{name}.crt"}
    other = key_to_pem(generate_private_key(SECP256R1()))
    for path, content in ((key, other), (key, b""), (chain, b""), (chain, b"-----BEGIN"), (key, None), (chain, None)):
        if content is None:
            path.unlink()
        else:
            write_private(path, content)
        before = inodes(state)
        load(state)
        assert renewed(state, before) == pair


def test_each_serves_under_its_own_names(state: Path) -> None:
    def names(name: str) -> set[str]:
        leaf = x509.load_pem_x509_certificates((state / f"{name}.crt").read_bytes())[0]
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return {*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))}

    assert names("tls/server") == {*API, API_TLS_NAME}
    assert names("broker/server") == {*BROKER}
    load_credentials(state, [*API, "new.example"], BROKER, NOW)
    assert names("tls/server") == {*API, "new.example", API_TLS_NAME}


def test_a_server_certificate_from_before_the_api_had_a_name_is_replaced(state: Path) -> None:
    authority = CertificateAuthority.load(state / "ca")
    authority.issue_server(API, NOW).write(state / "tls" / "server.key", state / "tls" / "server.crt")
    before = inodes(state)
    load(state)
    assert renewed(state, before) == {"tls/server.key", "tls/server.crt"}


def test_a_rotation_makes_everything_anew_and_tells_the_broker(state: Path) -> None:
    before = inodes(state)
    credentials = load(state)
    rotate_issuing(state / "ca", state / "ca", NOW)
    credentials.authority.reload()
    assert credentials.refresh(NOW)
    made = {f"{name}.{suffix}" for name in OWN for suffix in ("key", "crt")}
    assert renewed(state, before) == {*made, "broker/ca.crt", "broker/crl.pem", "ca/issuing-2.key", "ca/issuing-2.crt"}


def test_an_authority_of_the_first_version_is_still_one(tmp_path: Path) -> None:
    """Two names without a key's identifier, and a root of path length 1."""
    root_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    signer = certificates.Signer(certificates.common_name("Muster root"), root_key)

    def authority(name: str, public: certificates.SubjectKey, path_length: int) -> bytes:
        builder = certificates._builder(certificates.common_name(name), public, NOW, NOW + timedelta(days=700), signer)
        signed = certificates._as_authority(builder, path_length=path_length)
        return pem(signed.sign(root_key, SHA256()))

    create_credentials(tmp_path, NOW)
    ca = tmp_path / "ca"
    write_private(ca / "root.crt", authority("Muster root", root_key.public_key(), 1))
    write_private(ca / "root.key", key_to_pem(root_key))
    write_private(ca / "issuing.crt", authority("Muster issuing", key.public_key(), 0))
    write_private(ca / "issuing.key", key_to_pem(key))
    credentials = load(tmp_path)
    rotate_issuing(ca, ca, NOW)
    credentials.authority.reload()
    assert credentials.refresh(NOW)
    assert len(credentials.authority.root_offers()) == 1


def test_a_damaged_revocation_list_is_not_replaced_by_an_empty_one(state: Path) -> None:
    (state / "broker" / "crl.pem").write_bytes(b"-----BEGIN X509 CRL-----\n")
    assert load(state).crl_path.read_bytes() == b"-----BEGIN X509 CRL-----\n"
