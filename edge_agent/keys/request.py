"""What a unit asks a certificate with."""

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding


def request_pem(key: EllipticCurvePrivateKey) -> str:
    """A certificate signing request (PKCS #10, PEM) that proves possession of `key` and asks for no name."""
    from cryptography import x509  # noqa: PLC0415 - seldom needed, and it costs a small machine dearly

    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")
