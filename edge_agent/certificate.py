"""The unit's own certificate and how its chain is judged. Pure: texts, keys and times in."""

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from edge_agent.clock import PLAUSIBLE_FROM_MS
from edge_agent.errors import AcceptanceInvalid

_MAX_CHAIN = 5
"""Leaf, issuing certificate, and the cross certificates of a few roots."""


class OwnCertificate(NamedTuple):
    """What a certificate says of itself: `serial` in lower-case hexadecimal, times in Unix milliseconds."""

    serial: str
    from_ms: int
    until_ms: int


def read_all(chain_pem: str) -> list[x509.Certificate]:
    """The certificates in `chain_pem`, one at least; raises ValueError when there is none, or one can not be read."""
    try:
        return x509.load_pem_x509_certificates(chain_pem.encode())
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from error


def read_own(chain_pem: str) -> OwnCertificate:
    """The first certificate in `chain_pem`; raises ValueError as `read_all`."""
    leaf = read_all(chain_pem)[0]
    return OwnCertificate(f"{leaf.serial_number:x}", _ms(leaf.not_valid_before_utc), _ms(leaf.not_valid_after_utc))


def check_chain(
    chain_pem: str, roots: list[x509.Certificate], own_key: PublicKeyTypes, unit_id: str, wall_ms: int | None
) -> None:
    """Check that `chain_pem` is a certificate this unit may use; raises AcceptanceInvalid.

    It must carry `own_key`, name `unit_id` and nothing else, be for a client, and lead to one of `roots` at `wall_ms`.
    A clock that is unknown or was never set can not say whether a certificate is valid now; TLS will, at each use.
    """
    try:
        chain = read_all(chain_pem)
    except ValueError as error:
        raise AcceptanceInvalid("the certificate can not be read") from error
    if not 1 <= len(chain) <= _MAX_CHAIN:
        raise AcceptanceInvalid(f"a chain of {len(chain)} certificates")
    leaf = chain[0]
    if leaf.public_key() != own_key:
        raise AcceptanceInvalid("the certificate is for another key than this unit's")
    names = [name.value for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [unit_id]:
        raise AcceptanceInvalid(f"the certificate names {names}, not {unit_id}")
    unknown = wall_ms is None or wall_ms < PLAUSIBLE_FROM_MS
    at = leaf.not_valid_before_utc if unknown else datetime.fromtimestamp((wall_ms or 0) / 1000, UTC)
    client_only = ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_is_for_a_client
    )
    policy = (
        PolicyBuilder()
        .store(Store(roots))
        .time(at)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=client_only)
    )
    try:
        policy.build_client_verifier().verify(leaf, chain[1:])
    except (VerificationError, UnsupportedAlgorithm, ValueError) as error:
        raise AcceptanceInvalid(f"the certificate does not lead to a pinned root ({error})"[:300]) from error


def _check_is_for_a_client(_policy: Policy, _leaf: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("it is not a client's certificate")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
