"""The plain forms kernel files come in: one number, one word. Pure; any text but the form raises SourceGarbled."""

import re

from edge_agent.errors import SourceGarbled

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,16})")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_WORD = re.compile(r"[\x20-\x7e]{1,80}")


def integer(text: str) -> int:
    """A decimal integer of at most 20 digits, spaces around it allowed."""
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped) is None:
        raise SourceGarbled("an integer", text)
    return int(stripped)


def hexadecimal(text: str) -> int:
    """A hexadecimal number of at most 64 bits, `0x` optional."""
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise SourceGarbled("a hexadecimal number", text)
    return int(match[1], 16)


def decimal(text: str) -> float:
    """A plain decimal fraction, no exponent; finite."""
    stripped = text.strip()
    if _DECIMAL.fullmatch(stripped) is None:
        raise SourceGarbled("a decimal number", text)
    return float(stripped)


def word(text: str) -> str:
    """One line of printable ASCII, 1 … 80 characters, a NUL or spaces at its ends taken off."""
    stripped = text.strip("\0 \t\r\n")
    if _WORD.fullmatch(stripped) is None:
        raise SourceGarbled("a line of text", text)
    return stripped


def flag(text: str) -> bool:
    """`0` or `1`."""
    stripped = text.strip()
    if stripped not in {"0", "1"}:
        raise SourceGarbled("0 or 1", text)
    return stripped == "1"
