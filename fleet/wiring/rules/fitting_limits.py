"""What a measured value is held against, and the sentence that says how it compares. Pure."""

from typing import Literal, NamedTuple

from fleet.wiring.rules.rule import at_least, at_most
from protocols.wiring.fitted import Compared, Measured, MeasuredQuantity

_UNITS: dict[MeasuredQuantity, str] = {
    "battery-v": "V",
    "voltage-at-load-v": "V",
    "kit-drain-ma": "mA",
    "sense-off-v": "V",
    "sense-on-v": "V",
    "termination-ohm": "Ω",
}


class Limits(NamedTuple):
    """What a value is held against. `missing`: what is not known, by which it stays unjudged unless a known limit
    fails it; `little` is the least that is plausible, and `why` what a smaller value means."""

    formula: str
    predicted: float | None = None
    low: float | None = None
    high: float | None = None
    missing: str = ""
    little: float | None = None
    why: str = ""
    unverified: tuple[str, ...] = ()


def compared(one: Measured, limits: Limits) -> Compared:
    """A value held against its limits, both included."""
    too_low = limits.low is not None and not at_least(one.value, limits.low)
    too_high = limits.high is not None and not at_most(one.value, limits.high)
    verdict: Literal["pass", "fail", "unjudged"] = "pass"
    if too_low or too_high:
        verdict = "fail"
    elif limits.missing:
        verdict = "unjudged"
    return Compared(
        quantity=one.quantity,
        subject=one.subject,
        value=one.value,
        predicted=limits.predicted,
        low=limits.low,
        high=limits.high,
        verdict=verdict,
        sentence=_sentence(one, limits, too_low=too_low, too_high=too_high),
        by_unit=one.by_unit,
        measured_at=one.measured_at,
    )


def _sentence(one: Measured, limits: Limits, *, too_low: bool, too_high: bool) -> str:
    parts = [f"{_figure(one.value, one.quantity)} measured"]
    if too_low and limits.low is not None:
        parts.append(f"less than {_figure(limits.low, one.quantity)}")
    elif too_high and limits.high is not None:
        parts.append(f"more than {_figure(limits.high, one.quantity)}")
    elif limits.missing:
        parts.append(f"can not be judged: {limits.missing}")
    else:
        parts.append(_within(limits, one.quantity))
    said = "; ".join(part for part in (", ".join(parts), limits.formula) if part)
    if limits.little is not None and not at_least(one.value, limits.little):
        said += f"; less than {_figure(limits.little, one.quantity)} is implausible: {limits.why}"
    if limits.unverified:
        said += f"; unverified: {', '.join(limits.unverified)}"
    return said


def _within(limits: Limits, quantity: MeasuredQuantity) -> str:
    match limits.low, limits.high:
        case float(low), float(high):
            return f"within {_figure(low, quantity)} to {_figure(high, quantity)}"
        case float(low), None:
            return f"at least {_figure(low, quantity)}"
        case None, float(high):
            return f"at most {_figure(high, quantity)}"
    return "held against nothing"


def _figure(value: float, quantity: MeasuredQuantity) -> str:
    return f"{round(value, 4):.6g} {_UNITS[quantity]}"
