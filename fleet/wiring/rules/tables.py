"""Figures of conductors and fuses, each with its source and whether it was read there. Pure."""

from bisect import bisect_left
from typing import NamedTuple

from protocols.wiring.words import CableType, ResistanceTable


class Entry(NamedTuple):
    """A figure of a table. `is_verified`: it was read in `source`; else it is remembered, and nobody has checked it."""

    value: float
    source: str
    is_verified: bool = True


_MK = "MK Global UK, ISO 6722 class B thin-wall"
_RYDER = "Ryder, 1 mm² PVC = 8.75 A; other sizes half of thin-wall"
_IEC = "IEC 60228 class 5 at 20 °C"
_ISO = "ISO 6722 at 20 °C"

_THIN_WALL_A = {
    0.5: 11.0,
    0.75: 14.0,
    1.0: 16.5,
    1.5: 21.0,
    2.0: 25.0,
    2.5: 29.0,
    3.0: 33.0,
    4.0: 39.0,
    4.5: 42.0,
    6.0: 50.0,
    8.5: 63.0,
    10.0: 70.0,
}
_THIN_WALL_REMEMBERED_A = {0.35: 7.0, 16.0: 110.0}
_PVC_READ_A = {1.0: 8.75}

AMPACITY_A: dict[CableType, dict[float, Entry]] = {
    "thin-wall": {
        **{size: Entry(value, _MK) for size, value in _THIN_WALL_A.items()},
        **{size: Entry(value, _MK, is_verified=False) for size, value in _THIN_WALL_REMEMBERED_A.items()},
    },
    "pvc": {
        **{
            size: Entry(value / 2, _RYDER, is_verified=False)
            for size, value in (_THIN_WALL_A | _THIN_WALL_REMEMBERED_A).items()
        },
        **{size: Entry(value, _RYDER) for size, value in _PVC_READ_A.items()},
    },
}
"""What a conductor may carry, amperes, by its cross-section in mm²."""

RESISTANCE_MOHM_PER_M: dict[ResistanceTable, dict[float, Entry]] = {
    "iec-60228": {
        size: Entry(value, _IEC)
        for size, value in {
            0.5: 39.0,
            0.75: 26.0,
            1.0: 19.5,
            1.5: 13.3,
            2.5: 7.98,
            4.0: 4.95,
            6.0: 3.30,
            10.0: 1.91,
            16.0: 1.21,
        }.items()
    },
    "iso-6722": {
        size: Entry(value, _ISO, is_verified=False)
        for size, value in {
            0.35: 54.4,
            0.5: 37.1,
            0.75: 24.7,
            1.0: 18.5,
            1.5: 12.7,
            2.5: 7.60,
            4.0: 4.71,
            6.0: 3.14,
            10.0: 1.82,
            16.0: 1.16,
        }.items()
    },
}
"""Resistance of copper at 20 °C, milliohms a metre, by cross-section in mm²."""

COPPER_PER_K = 0.00393
"""By what share copper's resistance grows a kelvin above 20 °C."""

BLADE_COLOURS: dict[float, str] = {
    1.0: "black",
    2.0: "grey",
    3.0: "violet",
    4.0: "pink",
    5.0: "tan",
    7.5: "brown",
    10.0: "red",
    15.0: "blue",
    20.0: "yellow",
    25.0: "clear",
    30.0: "green",
    40.0: "orange",
}
"""Blade fuses by rating, amperes."""

FUSE_LOAD_SHARE = 0.75
"""The share of a fuse's rating that a load may draw for hours."""


def ampacity(csa_mm2: float, cable_type: CableType) -> Entry | None:
    """What a conductor may carry, amperes; None for a size that is not in the table."""
    return AMPACITY_A[cable_type].get(csa_mm2)


def resistance(csa_mm2: float, table: ResistanceTable) -> Entry | None:
    """A conductor's resistance at 20 °C, milliohms a metre; None for a size that is not in the table."""
    return RESISTANCE_MOHM_PER_M[table].get(csa_mm2)


def copper_factor(temperature_c: float) -> float:
    """By what copper's resistance at 20 °C is multiplied at `temperature_c`, degrees Celsius."""
    return 1 + COPPER_PER_K * (temperature_c - 20)


def sizes(cable_type: CableType, table: ResistanceTable) -> list[float]:
    """Cross-sections in both tables, mm², the smallest first: those that can be advised."""
    return sorted(AMPACITY_A[cable_type].keys() & RESISTANCE_MOHM_PER_M[table].keys())


def next_fuse(needed_a: float) -> float | None:
    """The smallest blade fuse of at least `needed_a`; None above the largest."""
    ratings = list(BLADE_COLOURS)
    at = bisect_left(ratings, needed_a - 1e-9)
    return ratings[at] if at < len(ratings) else None
