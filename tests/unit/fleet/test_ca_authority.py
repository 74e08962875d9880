"""The certificate authority, judged by OpenSSL as well as by ourselves."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from fleet.ca.authority import CertificateAuthority
from fleet.ca.errors import AuthorityExists, AuthorityUnreadable, InvalidCsr, IssuingExpired, KeyExposed
from fleet.ca.files import create_directory, write_private
from protocols.errors import InvalidId
from protocols.topics import CONTROLLER_NAME

NOW = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)
UNIT = "unit-0c41"


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path / "ca", NOW)


def unit_key() -> ec.EllipticCurvePublicKey:
    return ec.generate_private_key(ec.SECP256R1()).public_key()


def common_names(name: x509.Name) -> list[str | bytes]:
    return [attribute.value for attribute in name]


def openssl_verify(tmp_path: Path, authority: CertificateAuthority, chain_pem: bytes, *options: str) -> str:
    """What `openssl verify` says of a chain when it trusts the root only, at NOW."""
    (tmp_path / "root.pem").write_bytes(authority.root_pem)
    (tmp_path / "chain.pem").write_bytes(chain_pem)
    command = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp())), *options]
    command += ["-CAfile", str(tmp_path / "root.pem"), "-untrusted", str(tmp_path / "chain.pem")]
    done = subprocess.run([*command, str(tmp_path / "chain.pem")], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def test_openssl_accepts_each_leaf_for_its_purpose_only(tmp_path: Path, authority: CertificateAuthority) -> None:
    client = authority.issue_unit(UNIT, unit_key(), NOW).chain_pem.encode()
    controller = authority.issue_controller(NOW).chain_pem
    server = authority.issue_server(["localhost", "127.0.0.1"], NOW).chain_pem
    for chain, right, wrong in (
        (client, "sslclient", "sslserver"),
        (controller, "sslclient", "sslserver"),
        (server, "sslserver", "sslclient"),
    ):
        assert openssl_verify(tmp_path, authority, chain, "-purpose", right).endswith("chain.pem: OK")
        assert "unsuitable certificate purpose" in openssl_verify(tmp_path, authority, chain, "-purpose", wrong)


def test_openssl_finds_the_servers_names(tmp_path: Path, authority: CertificateAuthority) -> None:
    chain = authority.issue_server(["broker.example", "127.0.0.1", "::1"], NOW).chain_pem
    for option in (["-verify_hostname", "broker.example"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]):
        assert openssl_verify(tmp_path, authority, chain, *option).endswith("chain.pem: OK")
    assert "hostname mismatch" in openssl_verify(tmp_path, authority, chain, "-verify_hostname", "other.example")


def test_openssl_refuses_a_leaf_of_another_authority(tmp_path: Path, authority: CertificateAuthority) -> None:
    foreign = CertificateAuthority.create(tmp_path / "foreign", NOW)
    chain = foreign.issue_unit(UNIT, unit_key(), NOW).chain_pem.encode()
    assert "verification failed" in openssl_verify(tmp_path, authority, chain)


def test_a_units_certificate_says_its_id_its_key_and_thirty_days(authority: CertificateAuthority) -> None:
    key = unit_key()
    issued = authority.issue_unit(UNIT, key, NOW)
    leaf, issuing = x509.load_pem_x509_certificates(issued.chain_pem.encode())
    assert common_names(leaf.subject) == [UNIT]
    assert leaf.public_key() == key
    assert leaf.serial_number == issued.serial
    assert leaf.not_valid_before_utc == issued.not_before == NOW.replace(microsecond=0) - timedelta(minutes=5)
    assert leaf.not_valid_after_utc == issued.not_after == NOW.replace(microsecond=0) + timedelta(days=30)
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    leaf.verify_directly_issued_by(issuing)


def test_units_may_hold_ed25519_keys(tmp_path: Path, authority: CertificateAuthority) -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    chain = authority.issue_unit(UNIT, key, NOW).chain_pem.encode()
    assert openssl_verify(tmp_path, authority, chain, "-purpose", "sslclient").endswith("chain.pem: OK")


def test_no_unit_is_named_controller_or_out_of_form(authority: CertificateAuthority) -> None:
    for name in (CONTROLLER_NAME, f"{CONTROLLER_NAME}-1", "UNIT-0C41", "short", "unit/0c41", "unit-0c41\n", "+", ""):
        with pytest.raises(InvalidId):
            authority.issue_unit(name, unit_key(), NOW)


def test_a_weak_key_gets_no_certificate(authority: CertificateAuthority) -> None:
    for key in (
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.generate_private_key(ec.SECP224R1()).public_key(),
    ):
        with pytest.raises(InvalidCsr) as caught:
            authority.issue_unit(UNIT, key, NOW)  # type: ignore[arg-type]  # what a careless caller would pass
        assert caught.value.reason == "weak-key"


def test_the_controllers_certificate_is_named_for_the_topic_rules(authority: CertificateAuthority) -> None:
    issued = authority.issue_controller(NOW)
    leaf = x509.load_pem_x509_certificate(issued.chain_pem)
    assert common_names(leaf.subject) == [CONTROLLER_NAME]
    key = load_pem_private_key(issued.key_pem, None)
    assert key.public_key() == leaf.public_key()
    assert issued.not_after == NOW.replace(microsecond=0) + timedelta(days=90)


def test_a_server_needs_a_name(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match="at least one"):
        authority.issue_server([], NOW)


def test_what_is_loaded_is_what_was_created(tmp_path: Path, authority: CertificateAuthority) -> None:
    loaded = CertificateAuthority.load(tmp_path / "ca")
    assert loaded.trust_pem == authority.trust_pem
    assert loaded.trust_pem.startswith(loaded.root_pem)
    der = x509.load_pem_x509_certificate(loaded.root_pem).public_bytes(Encoding.DER)
    assert loaded.ca_sha256 == sha256(der).digest()
    chain = loaded.issue_unit(UNIT, unit_key(), NOW).chain_pem.encode()
    assert openssl_verify(tmp_path, authority, chain).endswith("chain.pem: OK")


def test_the_authority_runs_without_its_root_key(tmp_path: Path, authority: CertificateAuthority) -> None:
    (tmp_path / "ca" / "root.key").unlink()
    assert CertificateAuthority.load(tmp_path / "ca").root_pem == authority.root_pem


def test_files_are_private(tmp_path: Path, authority: CertificateAuthority) -> None:
    directory = tmp_path / "ca"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in directory.iterdir()} == {"root.crt", "root.key", "issuing.crt", "issuing.key"}
    for name in ("root.key", "issuing.key"):
        assert (directory / name).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_what_root_writes_belongs_to_the_directorys_owner(tmp_path: Path) -> None:
    """Where the test may not change owners, both are the same anyway."""
    uid = 4711 if os.geteuid() == 0 else os.geteuid()
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, uid, -1)
    create_directory(home / "state", {"down.key": b"a", "ca/retired/root.key": b"b"})
    write_private(home / "state" / "ca" / "issuing.key", b"c")
    assert {path.stat().st_uid for path in home.rglob("*")} == {uid}
    assert {path.stat().st_mode & 0o777 for path in home.rglob("*") if path.is_dir()} == {0o700}


def test_create_refuses_to_overwrite_and_leaves_what_is_there(tmp_path: Path, authority: CertificateAuthority) -> None:
    with pytest.raises(AuthorityExists, match="not empty"):
        CertificateAuthority.create(tmp_path / "ca", NOW)
    assert CertificateAuthority.load(tmp_path / "ca").root_pem == authority.root_pem
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_create_fills_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    CertificateAuthority.create(tmp_path / "ca", NOW)
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700


def test_a_key_others_may_read_is_not_used(tmp_path: Path, authority: CertificateAuthority) -> None:
    (tmp_path / "ca" / "issuing.key").chmod(0o640)
    with pytest.raises(KeyExposed, match="0640"):
        CertificateAuthority.load(tmp_path / "ca")


@pytest.mark.parametrize("name", ["root.crt", "issuing.crt", "issuing.key"])
def test_missing_damaged_and_foreign_files_are_named(
    tmp_path: Path, authority: CertificateAuthority, name: str
) -> None:
    path = tmp_path / "ca" / name
    CertificateAuthority.create(tmp_path / "foreign", NOW)
    for content in (
        None,
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        (tmp_path / "foreign" / name).read_bytes(),
    ):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
            path.chmod(0o600)
        with pytest.raises(AuthorityUnreadable) as caught:
            CertificateAuthority.load(tmp_path / "ca")
        assert name.split(".", maxsplit=1)[0] in str(caught.value)


def test_nothing_outlives_the_issuing_certificate(authority: CertificateAuthority) -> None:
    end = authority.issuing_not_after
    late = authority.issue_unit(UNIT, unit_key(), end - timedelta(days=1))
    assert late.not_after == end
    for moment in (end, end + timedelta(days=1), NOW - timedelta(days=1)):
        with pytest.raises(IssuingExpired, match="make a new issuing certificate"):
            authority.issue_unit(UNIT, unit_key(), moment)


def test_a_time_without_a_zone_is_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match="time zone"):
        authority.issue_unit(UNIT, unit_key(), datetime(2026, 11, 21))  # noqa: DTZ001  # the fault under test


def test_no_repr_shows_a_key(tmp_path: Path, authority: CertificateAuthority) -> None:
    issued = authority.issue_controller(NOW)
    shown = repr(authority) + repr(issued)
    assert "PRIVATE" not in shown
    assert issued.key_pem.decode().splitlines()[1] not in shown


def test_written_keys_are_private(tmp_path: Path, authority: CertificateAuthority) -> None:
    issued = authority.issue_controller(NOW)
    issued.write(tmp_path / "tls.key", tmp_path / "tls.crt")
    assert (tmp_path / "tls.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls.key").read_bytes() == issued.key_pem
    assert (tmp_path / "tls.crt").read_bytes() == issued.chain_pem
