"""New issuing certificates: made here when the root key is at hand, else asked for here and signed where it is."""

from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.ca import certificates, files
from fleet.ca.csr import read_csr
from fleet.ca.errors import InvalidCsr, NotAccepted, RootKeyAbsent
from fleet.ca.holdings import Root, digest, file_name, load_roots, numbers, pem
from fleet.ca.key_ring import load_key, make_key
from fleet.ca.keys import Pkcs11Key

Change = Literal["issuing-added", "issuing-retired", "root-added", "root-retired"]
ChangingStep = Literal["rotate-issuing", "install", "install-root", "retire-root"]
"""What somebody tells the authority to do, from which changes follow."""


class Changed(NamedTuple):
    """What came into or went out of use, to be logged; `sha256` is of its DER, hexadecimal."""

    change: Change
    sha256: str


def rotate_issuing(directory: Path, root_directory: Path, now: datetime, token: Pkcs11Key | None = None) -> Changed:
    """Make a new issuing key and certificate in the authority's `directory`, signed by its newest root, whose key is
    in `root_directory`. The new key lives in `token` where one is named. Those before it stay.

    Raises RootKeyAbsent before anything is made, and what `load_roots` and `make_key` raise.
    """
    root = load_roots(directory)[0]
    root_key = key_of(root, root_directory)
    key, number = _pending_key(directory, token)
    certificate = _issuing(key.public_key(), now, root.certificate, root_key)
    files.write_private(directory / file_name("issuing", number), pem(certificate))
    return Changed("issuing-added", digest(certificate).hex())


def request_issuing(directory: Path, token: Pkcs11Key | None = None) -> bytes:
    """A request (PKCS #10, PEM) for a new issuing key in `directory`; asked again before the certificate is installed,
    one for the same key. Raises what `load_key` and `make_key` raise."""
    key, _ = _pending_key(directory, token)
    subject = certificates.issuing_name(key.public_key())
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return request.public_bytes(Encoding.PEM)


def sign_request(request_path: Path, root_directory: Path, now: datetime) -> bytes:
    """The issuing certificate (PEM) for the request in `request_path`, signed by the newest root in `root_directory`.

    Raises NotAccepted for what is no such request, RootKeyAbsent, and what `load_roots` raises.
    """
    try:
        key = read_csr(_text(request_path))
    except InvalidCsr as error:
        raise NotAccepted(request_path, f"not a request of `fleet ca request`: {error.detail}") from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise NotAccepted(request_path, "its key is not EC P-256; make the request with `fleet ca request`")
    root = load_roots(root_directory)[0]
    return pem(_issuing(key, now, root.certificate, key_of(root, root_directory)))


def install_issuing(directory: Path, path: Path, now: datetime) -> Changed:
    """Take the issuing certificate in `path` into use: for the key that waits for it in `directory`.

    Raises NotAccepted when it fits no key that waits, is not signed by the newest root, or is not valid at `now`.
    """
    certificate = read_one(path)
    roots = load_roots(directory)
    newest = roots[0].certificate
    try:
        certificate.verify_directly_issued_by(newest)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise NotAccepted(path, "it is not signed by the newest root; have it signed with that root's key") from error
    _check_issuing(certificate, path, now)
    pending = _pending(directory)
    if pending is None:
        raise NotAccepted(path, "no issuing key waits for a certificate here; `fleet ca request` makes one")
    if load_key(directory, file_name("issuing", pending, "key")).public_key() != certificate.public_key():
        raise NotAccepted(path, f"it is for another key than {file_name('issuing', pending, 'key')}")
    files.write_private(directory / file_name("issuing", pending), pem(certificate))
    return Changed("issuing-added", digest(certificate).hex())


def key_of(root: Root, directory: Path) -> EllipticCurvePrivateKey:
    """The private key of `root`, from whichever root key in `directory` it is; raises RootKeyAbsent, and what
    `load_key` raises."""
    for path in sorted(directory.glob("root*.key")):
        key = load_key(directory, path.name)
        if key.public_key() == root.certificate.public_key():
            return key
    raise RootKeyAbsent(directory, digest(root.certificate).hex())


def read_one(path: Path) -> x509.Certificate:
    """The one certificate in `path`; raises NotAccepted."""
    found = read_several(path)
    if len(found) != 1:
        raise NotAccepted(path, f"it holds {len(found)} certificates, not one")
    return found[0]


def read_several(path: Path) -> list[x509.Certificate]:
    """The certificates in `path` (PEM), one at least; raises NotAccepted."""
    try:
        return x509.load_pem_x509_certificates(_text(path).encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise NotAccepted(path, "it holds no certificate in PEM") from error


def path_length(certificate: x509.Certificate) -> int | None:
    """How many authorities may follow below `certificate`; None for one that is no authority, or has no limit."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None


def next_number(directory: Path, kind: Literal["root", "issuing"]) -> int:
    """The number after all that were ever used."""
    retired = directory / "retired"
    used = [*numbers(directory, kind), *(numbers(retired, kind) if retired.is_dir() else [])]
    return max(used, default=0) + 1


def _issuing(
    key: EllipticCurvePublicKey, now: datetime, root: x509.Certificate, root_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    signer = certificates.Signer(root.subject, root_key)
    return certificates.issuing_certificate(key, now, signer, root.not_valid_after_utc)


def _check_issuing(certificate: x509.Certificate, path: Path, now: datetime) -> None:
    if path_length(certificate) != 0:
        raise NotAccepted(path, "it is no issuing certificate (path length 0)")
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        raise NotAccepted(path, "it is not valid now; check the clocks here and where it was signed")


def _pending_key(directory: Path, token: Pkcs11Key | None) -> tuple[EllipticCurvePrivateKey, int]:
    """The key that waits for its certificate, or a new one, and its number."""
    number = next_number(directory, "issuing")
    name = file_name("issuing", number, "key")
    if _pending(directory) is None:
        return make_key(directory / name, token), number
    if token is not None and files.read_private(directory, name) != token.toml():
        raise NotAccepted(directory / name, "another key waits for its certificate already; remove this file first")
    return load_key(directory, name), number


def _pending(directory: Path) -> int | None:
    number = next_number(directory, "issuing")
    return number if (directory / file_name("issuing", number, "key")).exists() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise NotAccepted(path, f"it can not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotAccepted(path, "it is not PEM") from error
