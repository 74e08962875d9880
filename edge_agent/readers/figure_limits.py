"""The range of each figure, taken from the wire contract itself, so that the two can not drift apart."""

import math

import msgspec

from edge_agent.readers.reading import Figure
from protocols.health import FIGURES, HealthReport

_TYPES = {field.name: field.type for field in msgspec.structs.fields(HealthReport) if field.name in FIGURES}

LARGEST_INT = (1 << 53) - 1
"""What any JSON reader keeps exactly; the contract's largest count."""


def objection(name: str, value: Figure) -> str | None:
    """Why `value` may not stand in a health report as figure `name`; None when it may.

    Raises KeyError when no figure has that name.
    """
    kind = _TYPES[name]
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return "out of range: more than 53 bits"
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return f"out of range: {error}, got {ascii(value)[:24]}"
    return None
