"""What a unit checks before it believes anyone. Pure: texts, keys and times in."""

from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.certificate import check_chain
from edge_agent.errors import AcceptanceInvalid, VoucherUnusable, WrongAuthority
from edge_agent.identity import Identity
from protocols.errors import InvalidVoucher
from protocols.ids import UNIT_ID
from protocols.joining import JoinAccepted, Voucher
from protocols.people import people_hash


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
        shown = x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise WrongAuthority(url, expected_sha256.hex(), "no certificate at all") from error
    seen = {sha256(root.public_bytes(Encoding.DER)).digest(): root for root in shown}
    if expected_sha256 not in seen:
        raise WrongAuthority(url, expected_sha256.hex(), next(iter(seen)).hex())
    return seen[expected_sha256].public_bytes(Encoding.PEM).decode("ascii")


def check_acceptance(
    accepted: JoinAccepted, root_pem: str, own_key: PublicKeyTypes, people_sha256: bytes, wall_ms: int
) -> Identity:
    """The identity that `accepted` gives, but for its key's name and the controller's address; raises
    AcceptanceInvalid.

    The certificate must lead to the pinned root, be for a client, carry the unit's own key and name the unit; the
    people list must be the one the voucher promised; the controller's keys must be keys.
    """
    if UNIT_ID.fullmatch(accepted.unit_id) is None:
        raise AcceptanceInvalid("the unit id has not the form of one")
    try:
        root = x509.load_pem_x509_certificate(root_pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise AcceptanceInvalid("the pinned root can not be read") from error
    check_chain(accepted.certificate_chain_pem, [root], own_key, accepted.unit_id, wall_ms)
    if people_hash(accepted.people_list) != people_sha256:
        raise AcceptanceInvalid("the people list is not the one the voucher promised")
    return Identity(
        unit_id=accepted.unit_id,
        certificate_chain_pem=accepted.certificate_chain_pem,
        roots_pem=[root_pem],
        controller_keys=[check_controller_key(text) for text in accepted.controller_keys],
        broker=accepted.broker,
        people_list=accepted.people_list,
    )


def check_controller_key(text: str) -> str:
    """`text` if it is a raw Ed25519 key in hexadecimal; raises AcceptanceInvalid."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise AcceptanceInvalid("a controller key is not an Ed25519 key") from error
    return text
