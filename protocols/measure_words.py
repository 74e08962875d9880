"""The numbers of a readiness certificate as every program says them to a person. Pure."""

from protocols.api.checks import Measure
from protocols.words import UNKNOWN, number

_SIDES = {"frame-rate": "at least", "focus": "at least", "silence": "above", "supply": "at least"}
"""How a measure is held against its limit; the others are to be at most that."""


def value_words(measure: Measure) -> str:
    """What was measured: `24.8 fps`, `0 %`, `0.93`, `5.09 V`; `—` where nothing was."""
    return UNKNOWN if measure.value is None else _told(measure.value, measure.unit_of_measure)


def limit_words(measure: Measure) -> str:
    """What it was held against: `at least 8 fps`; empty without a limit."""
    if measure.limit is None:
        return ""
    return f"{_SIDES.get(measure.name, 'at most')} {_told(measure.limit, measure.unit_of_measure, is_limit=True)}"


def _told(value: float, unit: str, *, is_limit: bool = False) -> str:
    match unit:
        case "share":
            return f"{_decimals(value * 100, 1, whole=is_limit or not value)} %"
        case "score":
            return number(value, 2)
        case "mV":
            return f"{number(value / 1000, 2)} V"
        case "ms":
            return f"{number(value)} ms"
        case _:
            return f"{_decimals(value, 1, whole=is_limit)} {unit}"


def _decimals(value: float, decimals: int, *, whole: bool) -> str:
    """With `whole`, a number without a fraction is said without one."""
    return number(value, 0 if whole and value == int(value) else decimals)
