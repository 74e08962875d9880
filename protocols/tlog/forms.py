"""The one form of base64, decimals and text in the log's formats; each reader raises ValueError for any other form."""

import re
from base64 import b64decode, b64encode

MAX_NUMBER = 2**63 - 1
"""The largest size, index or time."""
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """What `text` says, if it is as `to_base64` writes it: no other last bits, no blanks."""
    data = b64decode(text, validate=True)
    if to_base64(data) != text:
        raise ValueError("base64 that is not in its one form")
    return data


def from_hash_line(text: str) -> bytes:
    """The 32 bytes of a SHA-256 hash in base64."""
    data = from_base64(text) if len(text) == 44 else b""
    if len(data) != 32:
        raise ValueError("not a hash of 32 bytes in base64")
    return data


def from_decimal(text: str) -> int:
    """A number from 0 to MAX_NUMBER, without leading zeroes or signs."""
    number = int(text) if _DECIMAL.fullmatch(text) else -1
    if not 0 <= number <= MAX_NUMBER:
        raise ValueError("not a decimal number in its one form")
    return number


def to_utf8(text: str, limit_bytes: int) -> bytes:
    """`text` as UTF-8, if it takes at most `limit_bytes` and has no ASCII control characters but line ends."""
    if len(text) > limit_bytes:
        raise ValueError(f"longer than {limit_bytes} bytes")
    data = text.encode()
    if len(data) > limit_bytes:
        raise ValueError(f"longer than {limit_bytes} bytes")
    if _CONTROL.search(text):
        raise ValueError("it has control characters")
    return data
