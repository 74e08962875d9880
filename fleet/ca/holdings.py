"""What an authority's directory holds, read and verified as a whole.

    root.crt  root.key                  the first root; its key may be elsewhere
    root-2.crt  cross-2.crt  root-2.key the second root, and its name and key signed by the root before it
    issuing.crt  issuing.key            the first issuing certificate; its key may be in a token (`fleet.ca.keys`)
    issuing-2.crt  issuing-2.key        the second
    issuing-3.key                       without its certificate: waits for `fleet ca install`
    retired/                            what is out of use

The highest number is the newest.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.ca import files
from fleet.ca.errors import AuthorityUnreadable
from fleet.ca.key_ring import load_key

Kind = Literal["root", "issuing", "cross"]
_CERTIFICATE = re.compile(r"(?P<kind>root|issuing)(-(?P<number>[1-9][0-9]{0,5}))?\.crt", re.ASCII)
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, slots=True)
class Root:
    """A root in force. `cross` is its name and key signed by the root before it; None for a first root."""

    number: int
    certificate: x509.Certificate
    cross: x509.Certificate | None


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuing certificate with its key (never in the repr) and the root that signed it."""

    number: int
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)
    root: Root


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything in force, newest first, at least one of each."""

    roots: tuple[Root, ...]
    issuers: tuple[Issuer, ...]


def file_name(kind: Kind, number: int, suffix: str = "crt") -> str:
    """The name of the file of `kind` with `number`, from 1."""
    return f"{kind}.{suffix}" if number == 1 else f"{kind}-{number}.{suffix}"


def digest(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate's DER, 32 bytes."""
    return sha256(certificate.public_bytes(Encoding.DER)).digest()


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM)


def numbers(directory: Path, kind: Literal["root", "issuing"]) -> list[int]:
    """The numbers of the certificates of `kind` in `directory`, the newest first."""
    found = (_CERTIFICATE.fullmatch(path.name) for path in directory.iterdir())
    return sorted((int(name["number"] or 1) for name in found if name and name["kind"] == kind), reverse=True)


def read_certificate(directory: Path, name: str) -> x509.Certificate:
    """The certificate in `directory/name`; raises AuthorityUnreadable."""
    try:
        return x509.load_pem_x509_certificate(files.read_certificate_file(directory, name))
    except _UNREADABLE as error:
        raise AuthorityUnreadable(directory, f"{name} is damaged") from error


def load_roots(directory: Path) -> tuple[Root, ...]:
    """The roots in `directory`, newest first and at least one; raises AuthorityUnreadable."""
    roots = [_load_root(directory, number) for number in _some(directory, "root")]
    for newer, older in pairwise(roots):
        # The root before it may be retired; then nobody here can check the cross certificate, and units that hold
        # that root still can.
        if newer.cross is not None and newer.cross.issuer == older.certificate.subject:
            name = file_name("cross", newer.number)
            if not _issued(newer.cross, older.certificate):
                raise AuthorityUnreadable(directory, f"{name} is not signed by {file_name('root', older.number)}")
    return tuple(roots)


def load_holdings(directory: Path) -> Holdings:
    """Read and verify the authority in `directory`.

    Raises AuthorityUnreadable, KeyExposed, or TokenUnusable when a key's token does not answer.
    """
    roots = load_roots(directory)
    return Holdings(roots, tuple(_load_issuer(directory, number, roots) for number in _some(directory, "issuing")))


def _load_root(directory: Path, number: int) -> Root:
    name = file_name("root", number)
    certificate = read_certificate(directory, name)
    if not _issued(certificate, certificate):
        raise AuthorityUnreadable(directory, f"{name} is not a root: it is not signed by its own key")
    cross_name = file_name("cross", number)
    if not (directory / cross_name).exists():
        return Root(number, certificate, None)
    cross = read_certificate(directory, cross_name)
    if cross.public_key() != certificate.public_key() or cross.subject != certificate.subject:
        raise AuthorityUnreadable(directory, f"{cross_name} does not belong to {name}")
    return Root(number, certificate, cross)


def _load_issuer(directory: Path, number: int, roots: tuple[Root, ...]) -> Issuer:
    name, key_name = file_name("issuing", number), file_name("issuing", number, "key")
    certificate = read_certificate(directory, name)
    signer = next((root for root in roots if _issued(certificate, root.certificate)), None)
    if signer is None:
        held = ", ".join(file_name("root", root.number) for root in roots)
        raise AuthorityUnreadable(directory, f"{name} is signed by none of the roots in {held}")
    key = load_key(directory, key_name)
    if key.public_key() != certificate.public_key():
        raise AuthorityUnreadable(directory, f"{key_name} does not belong to {name}")
    return Issuer(number, certificate, key, signer)


def _some(directory: Path, kind: Literal["root", "issuing"]) -> list[int]:
    try:
        found = numbers(directory, kind)
    except OSError as error:
        raise AuthorityUnreadable(directory, f"it can not be read: {error.strerror}") from error
    if not found:
        raise AuthorityUnreadable(directory, f"{kind}.crt: there is no {kind} certificate")
    return found


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True
