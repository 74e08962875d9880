"""Sign-in challenges that nobody has to remember: the nonce carries its own proof. Pure.

A nonce is 112 hexadecimal digits: 16 random bytes, the expiry in milliseconds since 1970 (8 bytes), and the
HMAC-SHA256 by the fleet's challenge secret over the person and both (32 bytes).
"""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

_CONTEXT = b"muster challenge v1"
_RANDOM_BYTES = 16
_EXPIRY_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def make_nonce(secret: bytes, person_id: str, expires_at: datetime, random: bytes) -> str:
    """The nonce for `person_id`, good until `expires_at` (to the millisecond); `random` is 16 fresh random bytes."""
    if len(random) != _RANDOM_BYTES:
        raise ValueError(f"a nonce takes {_RANDOM_BYTES} random bytes, not {len(random)}")
    head = random + ((expires_at - _EPOCH) // _MILLISECOND).to_bytes(_EXPIRY_BYTES)
    return (head + _seal(secret, person_id, head)).hex()


def nonce_is_good(secret: bytes, person_id: str, nonce: str, now: datetime) -> bool:
    """Whether `nonce` was made with `secret` for this person and has not expired; it may have been used."""
    raw = bytes.fromhex(nonce)
    head, seal = raw[: _RANDOM_BYTES + _EXPIRY_BYTES], raw[_RANDOM_BYTES + _EXPIRY_BYTES :]
    if not hmac.compare_digest(seal, _seal(secret, person_id, head)):
        return False
    return (now - _EPOCH) // _MILLISECOND < int.from_bytes(head[_RANDOM_BYTES:])


def _seal(secret: bytes, person_id: str, head: bytes) -> bytes:
    return hmac.digest(secret, b"\n".join([_CONTEXT, person_id.encode(), head]), sha256)
