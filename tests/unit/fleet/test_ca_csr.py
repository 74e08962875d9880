"""Signing requests from strangers."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleet.ca.authority import CertificateAuthority
from fleet.ca.csr import read_csr
from fleet.ca.errors import InvalidCsr

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
BEGIN, END = "-----BEGIN CERTIFICATE REQUEST-----\n", "\n-----END CERTIFICATE REQUEST-----\n"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def csr(key: ec.EllipticCurvePrivateKey, subject: str = "anything") -> str:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name(subject))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


def refusal(pem: str) -> str:
    with pytest.raises(InvalidCsr) as caught:
        read_csr(pem)
    return caught.value.reason


def der_of(pem: str) -> bytes:
    return b64decode("".join(pem.split("-----")[2].split()))


def pem_of(der: bytes) -> str:
    return BEGIN + b64encode(der).decode() + END


def test_p256_and_ed25519_requests_give_their_keys() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert read_csr(csr(key)) == key.public_key()
    edwards = ed25519.Ed25519PrivateKey.generate()
    request = x509.CertificateSigningRequestBuilder().subject_name(name("x")).sign(edwards, None)
    assert read_csr(request.public_bytes(Encoding.PEM).decode()) == edwards.public_key()


def test_what_the_request_asks_for_does_not_reach_the_certificate(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name("controller"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("broker.example")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=True)
        .sign(key, SHA256())
    )
    authority = CertificateAuthority.create(tmp_path / "ca", NOW)
    accepted = read_csr(greedy.public_bytes(Encoding.PEM).decode())
    leaf = x509.load_pem_x509_certificate(authority.issue_unit("unit-0c41", accepted, NOW).chain_pem.encode())
    plain = x509.load_pem_x509_certificate(
        authority.issue_unit("unit-0c41", read_csr(csr(key)), NOW).chain_pem.encode()
    )
    assert leaf.subject == name("unit-0c41")
    assert list(leaf.extensions) == list(plain.extensions)


def test_weak_keys_are_refused() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(name("x"))
    for key in (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
    ):
        assert refusal(request.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()) == "weak-key"


def test_a_request_needs_proof_of_possession() -> None:
    mine, stolen = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    swapped = der_of(csr(mine)).replace(spki(mine), spki(stolen))
    assert swapped != der_of(csr(mine))
    assert refusal(pem_of(swapped)) == "bad-signature"


def test_what_is_no_request_is_unreadable() -> None:
    good = csr(ec.generate_private_key(ec.SECP256R1()))
    for pem in (
        "",
        "garbage",
        BEGIN + END,
        pem_of(b"\x30\x03\x02\x01\x00"),
        pem_of(der_of(good)[:-9]),
        good.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        good + good,
        "x" + good,
        good + "\0",
        "é" + good,
    ):
        assert refusal(pem) == "unreadable"


def test_length_is_bounded_before_anything_is_parsed() -> None:
    assert refusal(BEGIN + "A" * 5000 + END) == "too-long"


@given(st.binary(max_size=300))
def test_random_bytes_never_pass_and_never_break(noise: bytes) -> None:
    assert refusal(pem_of(noise)) in {"unreadable", "weak-key", "bad-signature"}


EDWARDS = ed25519.Ed25519PrivateKey.generate()
EDWARDS_DER = (
    x509.CertificateSigningRequestBuilder().subject_name(name("x")).sign(EDWARDS, None).public_bytes(Encoding.DER)
)


@example(at=7, flip=1)
@settings(max_examples=500, deadline=None)
@given(at=st.integers(0, len(EDWARDS_DER) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_never_passes_as_another_key(at: int, flip: int) -> None:
    der = bytearray(EDWARDS_DER)
    der[at] ^= flip
    try:
        accepted = read_csr(pem_of(bytes(der)))
    except InvalidCsr:
        return
    assert accepted == EDWARDS.public_key()
