"""The figures of a health report as every program says them to a person. Limits are in `protocols.health`. Pure."""

from typing import Any

from protocols.health import QUANTITIES
from protocols.words import UNKNOWN, duration, number, size

_THROTTLING = {0: "undervolt", 1: "capped", 2: "throttled", 3: "soft limit"}
_FIXES = {
    0: "no fix",
    1: "GPS",
    2: "DGPS",
    3: "PPS",
    4: "RTK fixed",
    5: "RTK float",
    6: "estimated",
    7: "manual",
    8: "simulated",
}
_YES_NO = {True: "yes", False: "no"}
_DECIMALS = {"load_1m": 2, "gnss_hdop": 1, "sinr_db": 1, "rsrq_db": 1}


def figure_text(name: str, value: Any) -> str:
    """The value of figure `name` with its unit of measure; `—` when absent, and whatever else came as its own text."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return _YES_NO[value]
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float):
        return str(value)
    return _special(name, value) or _measured(name, value)


def _special(name: str, value: float) -> str | None:
    match name:
        case "supply_mv" | "battery_mv":
            return f"{number(value / 1000, 2 if abs(value) < 10_000 else 1)} V"
        case "throttled_bits":
            return throttling(int(value))
        case "uptime_s" | "mcu_uptime_s":
            return duration(value)
        case "link_rx_bytes" | "link_tx_bytes":
            return size(int(value))
        case "gnss_fix_quality":
            return _FIXES.get(int(value), f"kind {int(value)}")
        case "clock_offset_ms" if abs(value) >= 10_000:
            return f"{number(value / 1000, 1)} s"
        case "clock_offset_ms" if abs(value) < 10:
            return f"{number(value, 1)} ms"
    return None


def _measured(name: str, value: float) -> str:
    unit = QUANTITIES[name].unit if name in QUANTITIES else ""
    return f"{number(value, _DECIMALS.get(name, 0))} {unit}".rstrip()


def throttling(bits: int) -> str:
    """What the firmware's throttling bits say: what is now (0–3), else what was since boot (16–19)."""
    now = [word for bit, word in _THROTTLING.items() if bits >> bit & 1]
    if now:
        return " + ".join(now)
    past = [word for bit, word in _THROTTLING.items() if bits >> (bit + 16) & 1]
    return f"was {' + '.join(past)}" if past else "none"
