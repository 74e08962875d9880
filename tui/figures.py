"""The figures of a health report as a person reads them. Limits and standings come from `protocols.health`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from protocols.figures import figure_text, throttling
from protocols.health import FIGURES, QUANTITIES, Standing, standing

__all__ = ["GROUPS", "LEAST_RANGE", "PLOTTED", "Reading", "figure_text", "readings", "throttling"]

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(quantity.group for quantity in QUANTITIES.values()))
"""The groups of figures, in report order."""

PLOTTED: tuple[str, ...] = (
    "supply_mv",
    "soc_temp_c",
    "storage_used_percent",
    "rsrp_dbm",
    "cpu_used_percent",
    "memory_used_percent",
    "battery_percent",
    "wifi_signal_dbm",
    "clock_offset_ms",
    "spool_waiting",
)
"""Figures worth a history, most telling first."""

LEAST_RANGE = {
    "supply_mv": 200.0,
    "soc_temp_c": 5.0,
    "storage_used_percent": 5.0,
    "rsrp_dbm": 6.0,
    "cpu_used_percent": 10.0,
    "memory_used_percent": 5.0,
    "battery_percent": 5.0,
    "wifi_signal_dbm": 6.0,
    "clock_offset_ms": 5.0,
    "spool_waiting": 10.0,
}
"""The least difference, in the figure's unit, that a drawing spreads over its whole height: less is noise."""


class Reading(NamedTuple):
    """One figure ready to show: `age_s` is set when it is older than its report."""

    name: str
    group: str
    label: str
    text: str
    standing: Standing
    age_s: int | None


def readings(health: Mapping[str, Any]) -> list[Reading]:
    """Every figure of a report, in report order, absent ones included."""
    ages = health.get("ages_s") or {}
    return [
        Reading(
            name=name,
            group=QUANTITIES[name].group,
            label=QUANTITIES[name].label,
            text=figure_text(name, health.get(name)),
            standing=standing(name, health.get(name)),
            age_s=ages.get(name),
        )
        for name in FIGURES
    ]
