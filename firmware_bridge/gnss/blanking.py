"""Takes out of a receiver's messages whatever could tell a place, before anything else looks at them. Pure.

Of a sentence only the fields that a health figure needs are kept; a sentence that is not named here is dropped whole.
In UBX the directions of satellites are zeroed, which would tell a place roughly. The checksum is made right again, so
that a parser takes what is left.
"""

import re
from functools import reduce
from operator import xor

from firmware_bridge.gnss.splitting import NAV_SAT, UBX_FRAME_BYTES, checks

_SENTENCE = re.compile(rb"\$([A-Z]{2})([A-Z]{3}),([\x20-\x23\x25-\x29\x2b-\x7e]*)\*([0-9A-Fa-f]{2})")
_KEPT: dict[bytes, frozenset[int]] = {
    b"GGA": frozenset({5, 6, 7}),  # quality, satellites in use, HDOP
    b"GSA": frozenset({1, 15}),  # kind of fix, HDOP
    b"GSV": frozenset({0, 1, 2}),  # how many sentences, which of them, satellites in view
}
"""Of each sentence, the fields that stay, counted from 0 after its name."""

_ANTENNA = re.compile(rb"[0-9]{2},[0-9]{2},[0-9]{2},(?:ANTSTATUS=|ANTENNA )(?:OK|OPEN|SHORT|INIT|DONTKNOW)")
_SATELLITE_BYTES = 12


def blank_sentence(sentence: bytes) -> bytes | None:
    """`sentence`, without its line end, with nothing left in it that tells a place; None when it is not well-formed,
    its checksum is wrong, or no health figure is in it."""
    found = _SENTENCE.fullmatch(sentence)
    if found is None or _checksum(sentence[1:-3]) != int(found[4], 16):
        return None
    talker, formatter, content = found[1], found[2], found[3]
    if formatter == b"TXT":
        kept = content if _ANTENNA.fullmatch(content) is not None else None
    elif formatter in _KEPT:
        wanted = _KEPT[formatter]
        kept = b",".join(field if i in wanted else b"" for i, field in enumerate(content.split(b",")))
    else:
        kept = None
    if kept is None:
        return None
    body = talker + formatter + b"," + kept
    return b"$%s*%02X" % (body, _checksum(body))


def blank_message(message: bytes) -> bytes:
    """The UBX `message`, which is whole, without the directions of satellites."""
    if (message[2], message[3]) != NAV_SAT:
        return message
    payload = bytearray(message[6:-2])
    for at in range(8, len(payload) - _SATELLITE_BYTES + 1, _SATELLITE_BYTES):
        payload[at + 3 : at + 6] = bytes(3)
    body = message[2 : UBX_FRAME_BYTES - 2] + payload
    return message[:2] + body + checks(body)


def _checksum(body: bytes) -> int:
    return reduce(xor, body, 0)
