"""Colours, cross-sections and lengths as a WireViz file writes them. Pure.

The series of colours are DIN 47100's, IEC 60757's ten in the order of the colour code for resistors, TIA-568's and the
25-pair code's. In the last, slate is IEC 60757's grey.
"""

import math
import re
from itertools import product
from typing import NamedTuple

from protocols.wiring.words import COLOUR_CODES


def _codes(text: str) -> list[str]:
    return text.split()


_DIN = _codes(
    "WH BN GN YE GY PK BU RD BK VT GYPK RDBU WHGN BNGN WHYE YEBN WHGY GYBN WHPK PKBN WHBU BNBU WHRD BNRD WHBK BNBK "
    "GYGN YEGY PKGN YEPK GNBU YEBU GNRD YERD GNBK YEBK GYBU PKBU GYRD PKRD GYBK PKBK BUBK RDBK"
)
_TRICOLOUR = ["WHBN", "YEGN", *_DIN[10:24]]
_PAIRS = list(product(_codes("WH RD BK YE VT"), _codes("BU OG GN BN SL")))

SERIES: dict[str, list[str]] = {
    "DIN": [*_DIN, *(f"{base}BK" for base in _TRICOLOUR)],
    "IEC": _codes("BN RD OG YE GN BU VT GY WH BK"),
    "BW": ["BK", "WH"],
    "T568A": _codes("WHGN GN WHOG BU WHBU OG WHBN BN"),
    "T568B": _codes("WHOG OG WHGN BU WHBU GN WHBN BN"),
    "TEL": [colour for first, second in _PAIRS for colour in (second + first, first + second)],
    "TELALT": [
        colour for first, second in _PAIRS for colour in (first + second, second if first == "WH" else second + first)
    ],
}
"""Which colours a `color_code` stands for, from the first wire on; begun again where there are more wires."""

_CODES = re.compile("[A-Za-z]{2}")
_SAME = {"SL": "GY"}
_GAUGE = re.compile(r"\s*(?P<aught>\d{1,2}/0|\d{1,9}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>[A-Za-z²]+2?)?\s*")
_LENGTH = re.compile(r"\s*(?P<number>\d{1,9}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>\S.{0,19})?\s*")
_METRES = {
    "": 1.0,
    "m": 1.0,
    "mm": 0.001,
    "cm": 0.01,
    "dm": 0.1,
    "km": 1000.0,
    "in": 0.0254,
    "inch": 0.0254,
    "inches": 0.0254,
    '"': 0.0254,
    "ft": 0.3048,
    "feet": 0.3048,
    "foot": 0.3048,
    "'": 0.3048,
    "yd": 0.9144,
}
_MM2 = {None, "mm2", "mm²", "sqmm", "qmm"}


class Measure(NamedTuple):
    """A figure in the plan's unit, None where the text says none; `is_changed`: whether it was in another unit."""

    value: float | None
    is_changed: bool = False


def iec_colour(code: str) -> str | None:
    """A colour in IEC 60757's codes; None where the text is none of at most three of them."""
    parts = _CODES.findall(code)
    if "".join(parts) != code or not 1 <= len(parts) <= 3:
        return None
    known = [_SAME.get(part.upper(), part.upper()) for part in parts]
    return "".join(known) if all(part in COLOUR_CODES for part in known) else None


def csa_mm2(text: str) -> Measure:
    """A cross-section; American gauges become square millimetres by ASTM B258: d = 0.127 mm · 92^((36 − n)/39)."""
    found = _GAUGE.fullmatch(text)
    if found is None:
        return Measure(None)
    unit = found["unit"]
    if unit is not None and unit.upper() == "AWG":
        size = found["aught"]
        diameter_mm = 0.127 * 92 ** ((36 - max(-10.0, min(_gauge(size), 60.0))) / 39)
        return Measure(_within(round(math.pi / 4 * diameter_mm**2, 4), 120), is_changed=True)
    if (unit if unit is None else unit.lower()) not in _MM2 or "/" in found["aught"]:
        return Measure(None)
    return Measure(_within(float(found["aught"]), 120))


def _gauge(size: str) -> float:
    """4/0 and 0000 are gauge -3."""
    if size.endswith("/0"):
        return 1 - int(size[:-2])
    return 1 - len(size) if set(size) == {"0"} else float(size)


def length_m(text: str) -> Measure:
    """A length in metres, the unit where none is written. A length of 0 says none."""
    found = _LENGTH.fullmatch(text)
    factor = None if found is None else _METRES.get((found["unit"] or "").strip().lower())
    if found is None or factor is None:
        return Measure(None)
    if factor == 1:
        return Measure(_within(float(found["number"]), 100))
    return Measure(_within(round(float(found["number"]) * factor, 6), 100), is_changed=True)


def _within(value: float, most: float) -> float | None:
    return value if 0 < value <= most else None
