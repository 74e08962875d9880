"""The objects of a PKCS#11 session that make up a P-256 key: a private and a public half with one label.

Failures of the token leave here as the library's PKCS11Error; `hardware_keys.token` tries again or explains them.
"""

import secrets
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hardware_keys.errors import KeyAmbiguous, KeyNotFound, KeyUnsuitable

if TYPE_CHECKING:
    from pkcs11 import ObjectClass, Session

P256_OID = bytes.fromhex("06082a8648ce3d030107")
"""CKA_EC_PARAMS of a P-256 key: the DER of the curve's object identifier (RFC 5480, section 2.1.1.1)."""
HALF_BYTES = 32
_POINT_BYTES = 1 + 2 * HALF_BYTES
_OCTET_STRING = bytes([0x04, _POINT_BYTES])


def public_key(session: "Session", token: str, label: str) -> EllipticCurvePublicKey:
    """The public half of the key `label`, whose private half is there too and can not be taken out.

    Raises KeyNotFound, KeyAmbiguous, KeyUnsuitable.
    """
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - only machines with a token have it

    private_key(session, token, label)
    public = _only(session, ObjectClass.PUBLIC_KEY, token, label)
    if public is None:
        raise KeyUnsuitable(token, label, "has no public half")
    if public[Attribute.EC_PARAMS] != P256_OID:
        raise KeyUnsuitable(token, label, "is not a P-256 key")
    return _from_point(public[Attribute.EC_POINT], token, label)


def private_key(session: "Session", token: str, label: str) -> Any:
    """The private half of the key `label`, for `sign`.

    Raises KeyNotFound, KeyAmbiguous, and KeyUnsuitable for a key that can be taken out.
    """
    from pkcs11 import Attribute, KeyType, ObjectClass  # noqa: PLC0415 - only machines with a token have it

    private = _only(session, ObjectClass.PRIVATE_KEY, token, label)
    if private is None:
        raise KeyNotFound(token, label)
    if private[Attribute.KEY_TYPE] is not KeyType.EC:
        raise KeyUnsuitable(token, label, "is not a P-256 key")
    if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
        raise KeyUnsuitable(token, label, "can be taken out of the token")
    return private


def make(session: "Session", token: str, label: str) -> None:
    """Make a P-256 key `label`, of which there is no private half; raises KeyUnsuitable if it could be taken out."""
    from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass  # noqa: PLC0415 - only machines with a token
    from pkcs11.constants import DEFAULT  # noqa: PLC0415 - as above

    # What a power cut left of a key that was never whole.
    for remnant in _all(session, ObjectClass.PUBLIC_KEY, label):
        remnant.destroy()
    parameters = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P256_OID}, local=True)
    parameters.generate_keypair(
        store=True,
        label=label,
        id=secrets.token_bytes(16),
        capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
        # DEFAULT leaves an attribute out: a TPM's module refuses to be told what a key is not for.
        public_template={Attribute.ENCRYPT: DEFAULT, Attribute.WRAP: DEFAULT},
        private_template={
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.DECRYPT: DEFAULT,
            Attribute.UNWRAP: DEFAULT,
            Attribute.DERIVE: DEFAULT,
        },
    )
    try:
        public_key(session, token, label)
    except KeyUnsuitable:
        destroy(session, label)
        raise


def sign(private: Any, digest: bytes) -> bytes:
    """ECDSA over the first 32 bytes of `digest` (FIPS 186-5, section 6.4.1), as DER; PKCS#11 gives r and s in a row."""
    from pkcs11 import Mechanism  # noqa: PLC0415 - only machines with a token have it

    raw: bytes = private.sign(digest[:HALF_BYTES], mechanism=Mechanism.ECDSA)
    return encode_dss_signature(int.from_bytes(raw[:HALF_BYTES]), int.from_bytes(raw[HALF_BYTES:]))


def destroy(session: "Session", label: str) -> None:
    """Destroy every half of the key `label`, the private one first."""
    from pkcs11 import ObjectClass  # noqa: PLC0415 - only machines with a token have it

    for half in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        for found in _all(session, half, label):
            found.destroy()


def _all(session: "Session", half: "ObjectClass", label: str) -> list[Any]:
    from pkcs11 import Attribute  # noqa: PLC0415 - only machines with a token have it

    return list(session.get_objects({Attribute.CLASS: half, Attribute.LABEL: label}))


def _only(session: "Session", half: "ObjectClass", token: str, label: str) -> Any:
    found = _all(session, half, label)
    if len(found) > 1:
        raise KeyAmbiguous(token, label, len(found))
    return found[0] if found else None


def _from_point(point: bytes, token: str, label: str) -> EllipticCurvePublicKey:
    """The key of CKA_EC_POINT: an uncompressed point in a DER octet string, or bare as some modules give it."""
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point.removeprefix(_OCTET_STRING))
    except ValueError as error:
        raise KeyUnsuitable(token, label, "has a public half that is no point of P-256") from error
