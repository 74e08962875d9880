"""The coordinates of a position as they are stored: sealed, so that no copy of the database tells where a unit is.

AES-256-GCM under a key that HKDF-SHA256 makes from the key with which controllers sign what units are sent
(`down.key`), which all controllers of a fleet share. Bound to unit, opening and mandate: what is moved to another row
does not open.
"""

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fleet.errors import Conflict
from protocols.opening import Degrees

_INFO = b"muster: last position of a unit, 1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_DEGREES = struct.Struct("<dd")


class PositionSeal:
    """Seals and opens with what is derived from `down_key`."""

    def __init__(self, down_key: Ed25519PrivateKey) -> None:
        derivation = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO)
        self._cipher = AESGCM(derivation.derive(down_key.private_bytes_raw()))

    def seal(self, at: Degrees, *, unit_id: str, opening: str, mandate_id: str) -> bytes:
        """44 bytes that tell nothing of `at` without the key."""
        nonce = os.urandom(_NONCE_BYTES)
        degrees = _DEGREES.pack(at.latitude_deg, at.longitude_deg)
        return nonce + self._cipher.encrypt(nonce, degrees, _bound(unit_id, opening, mandate_id))

    def unseal(self, sealed: bytes, *, unit_id: str, opening: str, mandate_id: str) -> Degrees:
        """What was sealed for the same unit, opening and mandate; else raises Conflict."""
        nonce, degrees = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            opened = self._cipher.decrypt(nonce, degrees, _bound(unit_id, opening, mandate_id))
        except InvalidTag as error:
            raise Conflict(
                "position-sealed",
                f"the position of {unit_id} was sealed by a controller with another down.key, or changed since",
                "give each controller of the fleet the same down.key (docs/keys.md), then have it found again:"
                f" fleet position {unit_id}",
            ) from error
        latitude_deg, longitude_deg = _DEGREES.unpack(opened)
        return Degrees(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _bound(unit_id: str, opening: str, mandate_id: str) -> bytes:
    return "\n".join((unit_id, opening, mandate_id)).encode()
