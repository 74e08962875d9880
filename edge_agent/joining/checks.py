"""What a unit checks before it believes anyone. Pure: texts, keys and times in."""

from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
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
from edge_agent.errors import AcceptanceInvalid, VoucherUnusable, WrongAuthority
from edge_agent.identity import Identity
from protocols.errors import InvalidVoucher
from protocols.ids import UNIT_ID
from protocols.joining import JoinAccepted, Voucher
from protocols.people import people_hash

_MAX_CHAIN = 4


def read_voucher(text: str, wall_ms: int) -> Voucher:
    """The voucher in `text`; raises VoucherUnusable when it is damaged or, by the unit's own clock, has expired.

    A clock that was never set can not say: then the controller decides.
    """
    try:
        voucher = Voucher.read(text)
    except InvalidVoucher as error:
        raise VoucherUnusable(error.reason, str(error)) from error
    if wall_ms >= voucher.expires_at_s * 1000:
        until = datetime.fromtimestamp(voucher.expires_at_s, UTC).strftime("%Y-%m-%d %H:%MZ")
        raise VoucherUnusable(
            "voucher-expired", f"the voucher expired at {until}; ask for a new one (or set this unit's clock)"
        )
    return voucher


def check_root(pem: bytes, expected_sha256: bytes, url: str) -> str:
    """The one root certificate in `pem` whose hash the voucher carries, as PEM; raises WrongAuthority."""
    try:
        root = x509.load_pem_x509_certificate(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise WrongAuthority(url, expected_sha256.hex(), "no certificate at all") from error
    seen = sha256(root.public_bytes(Encoding.DER)).digest()
    if seen != expected_sha256:
        raise WrongAuthority(url, expected_sha256.hex(), seen.hex())
    return root.public_bytes(Encoding.PEM).decode("ascii")


def check_acceptance(
    accepted: JoinAccepted, root_pem: str, own_key: PublicKeyTypes, people_sha256: bytes, wall_ms: int
) -> Identity:
    """The identity that `accepted` gives; raises AcceptanceInvalid.

    The certificate must lead to the pinned root, be for a client, carry the unit's own key and name the unit; the
    people list must be the one the voucher promised; the controller's keys must be keys.
    """
    if UNIT_ID.fullmatch(accepted.unit_id) is None:
        raise AcceptanceInvalid("the unit id has not the form of one")
    try:
        chain = x509.load_pem_x509_certificates(accepted.certificate_chain_pem.encode())
        root = x509.load_pem_x509_certificate(root_pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise AcceptanceInvalid("the certificate can not be read") from error
    if not 1 <= len(chain) <= _MAX_CHAIN:
        raise AcceptanceInvalid(f"a chain of {len(chain)} certificates")
    leaf = chain[0]
    if leaf.public_key() != own_key:
        raise AcceptanceInvalid("the certificate is for another key than this unit's")
    names = [name.value for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [accepted.unit_id]:
        raise AcceptanceInvalid(f"the certificate names {names}, not {accepted.unit_id}")
    _check_chain(chain, root, wall_ms)
    if people_hash(accepted.people_list) != people_sha256:
        raise AcceptanceInvalid("the people list is not the one the voucher promised")
    return Identity(
        unit_id=accepted.unit_id,
        certificate_chain_pem=accepted.certificate_chain_pem,
        root_pem=root_pem,
        controller_keys=[_controller_key(text) for text in accepted.controller_keys],
        broker=accepted.broker,
        people_list=accepted.people_list,
    )


def _check_chain(chain: list[x509.Certificate], root: x509.Certificate, wall_ms: int) -> None:
    leaf = chain[0]
    # An unset clock can not say whether a certificate is valid now; TLS will, each time it is used.
    at = leaf.not_valid_before_utc if wall_ms < PLAUSIBLE_FROM_MS else datetime.fromtimestamp(wall_ms / 1000, UTC)
    client_only = ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_is_for_a_client
    )
    policy = (
        PolicyBuilder()
        .store(Store([root]))
        .time(at)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=client_only)
    )
    try:
        policy.build_client_verifier().verify(leaf, chain[1:])
    except (VerificationError, UnsupportedAlgorithm, ValueError) as error:
        raise AcceptanceInvalid(f"the certificate does not lead to the pinned root ({error})"[:300]) from error


def _check_is_for_a_client(_policy: Policy, _leaf: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("it is not a client's certificate")


def _controller_key(text: str) -> str:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise AcceptanceInvalid("a controller key is not an Ed25519 key") from error
    return text
