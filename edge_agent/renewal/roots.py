"""How trust moves to a new root: only through one that is trusted already. Pure: certificates and times in.

A cross certificate has the new root's key and name and is signed by the root before it (RFC 5280, 3.2: cross
certificate). Path length constraints are left to the verification of chains.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.errors import AcceptanceInvalid
from protocols.joining import RootOffer


class Trust(NamedTuple):
    """The roots to trust from now on, one at least, and how many offered ones are not to be trusted."""

    roots: list[x509.Certificate]
    refused: int


def read_root(pem: str) -> x509.Certificate:
    """The one certificate in `pem`; raises AcceptanceInvalid."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise AcceptanceInvalid("a root certificate can not be read") from error


def root_pem(root: x509.Certificate) -> str:
    """`root` as PEM."""
    return root.public_bytes(Encoding.PEM).decode("ascii")


def follow_roots(trusted: list[x509.Certificate], offers: list[RootOffer], wall_ms: int | None) -> Trust:
    """What to trust when `trusted` has been and the controller offers `offers`, in the order they are offered.

    A root that is not known is taken through its cross certificate by one that is trusted or has just been taken; one
    that is not offered any more is dropped. `wall_ms` None: the time is not known. Raises AcceptanceInvalid when
    nothing would remain, or an offer can not be read.
    """
    offered = [(read_root(offer.root_pem), offer.cross_pem) for offer in offers]
    known = list(trusted)
    while True:
        added = [
            root
            for root, cross_pem in offered
            if root not in known and cross_pem is not None and _vouched(root, read_root(cross_pem), known, wall_ms)
        ]
        if not added:
            break
        known.extend(added)
    taken = [root for root, _ in offered if root in known]
    if not taken:
        raise AcceptanceInvalid("none of the fleet's roots is one that this unit trusts, or leads to one")
    return Trust(list(dict.fromkeys(taken)), sum(root not in known for root, _ in offered))


def _vouched(
    root: x509.Certificate, cross: x509.Certificate, known: list[x509.Certificate], wall_ms: int | None
) -> bool:
    same = cross.subject == root.subject and cross.public_key() == root.public_key()
    return (
        same
        and _signed_by(root, root)
        and all(_may_sign_certificates(certificate) for certificate in (root, cross))
        and any(_signed_by(cross, parent) for parent in known)
        and all(_in_force(certificate, wall_ms) for certificate in (root, cross))
    )


def _signed_by(certificate: x509.Certificate, parent: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(parent)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _may_sign_certificates(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return constraints.ca and usage.key_cert_sign


def _in_force(certificate: x509.Certificate, wall_ms: int | None) -> bool:
    if wall_ms is None:
        return True
    now = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
