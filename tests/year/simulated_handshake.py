"""What a TLS handshake would say at the pretended time, on the real certificates."""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import (
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

_CLIENT = ExtensionPolicy.permit_all()


def leaf_of(chain_pem: bytes) -> x509.Certificate:
    """The first certificate of a chain."""
    return x509.load_pem_x509_certificates(chain_pem)[0]


def is_over(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate has ended."""
    return certificate.not_valid_after_utc <= now


def server_is_trusted(chain: Path, name: str, roots_pem: list[str], now: datetime) -> bool:
    """Whether a client that trusts `roots_pem` takes the server that shows `chain` for `name`."""
    leaf, *others = x509.load_pem_x509_certificates(chain.read_bytes())
    roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in roots_pem]
    verifier = PolicyBuilder().store(Store(roots)).time(now).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(leaf, others)
    except VerificationError:
        return False
    return True


def client_is_trusted(chain_pem: bytes, trust_pem: bytes, now: datetime) -> bool:
    """Whether a server that trusts `trust_pem` lets in the client that shows `chain_pem`."""
    leaf, *others = x509.load_pem_x509_certificates(chain_pem)
    trusted = [one for one in x509.load_pem_x509_certificates(trust_pem) if one.issuer == one.subject]
    policy = PolicyBuilder().store(Store(trusted)).time(now)
    policies = policy.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_CLIENT)
    try:
        policies.build_client_verifier().verify(leaf, others)
    except VerificationError:
        return False
    return True
