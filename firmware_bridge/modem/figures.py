"""What a modem's answers mean, as health figures with the units of `protocols.health`. Pure.

The modem is never asked for what tells a place or a person: no cell, no IMEI, IMSI or ICCID. What an answer holds
beside its figure is not read.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from firmware_bridge.transport.masking import is_gnss
from protocols.health import ModemRegistration, SimState
from protocols.text import one_line

Vendor = Literal["quectel", "simcom", "telit", "u-blox"]

OPERATOR_SIGNS = 32
VERSION_SIGNS = 32
_COLDEST_C, _HOTTEST_C = -60.0, 150.0
_RSSI_MAX, _RSRQ_MAX, _RSRP_MAX, _SINR_MAX = 31, 34, 97, 250

_REGISTRATIONS: dict[int, ModemRegistration] = {
    0: "not-registered",
    1: "home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
    6: "home",
    7: "roaming",
    8: "not-registered",
    9: "home",
    10: "roaming",
    90: "sim-failure",
}
"""3GPP TS 27.007, 10.1.22; 6 and 7 are for messages only, 8 for emergency calls only, 90 is a maker's own."""
_SIM_WORDS: dict[str, SimState] = {
    "READY": "ready",
    "SIM PIN": "pin",
    "SIM PUK": "puk",
    "SIM PIN2": "ready",
    "SIM PUK2": "ready",
    "NOT INSERTED": "missing",
}
_SIM_ERRORS: dict[int, SimState] = {10: "missing", 11: "pin", 12: "puk", 13: "failed", 15: "failed"}
"""+CME ERROR, 3GPP TS 27.007, 9.2; 14 is a SIM that is busy, of which nothing is known."""
_VENDORS: tuple[Vendor, ...] = ("quectel", "simcom", "telit", "u-blox")
_LTE_MODES = frozenset({"LTE", "CAT-M1", "CAT-NB1", "EMTC", "NBIOT"})
_CSQ = re.compile(r"\+CSQ: ?([0-9]{1,3}),[0-9]{1,3}", re.ASCII)
_CESQ = re.compile(r"\+CESQ: ?(?:[0-9]{1,3},){4}([0-9]{1,3}),([0-9]{1,3})(?:,.*)?", re.ASCII)
_CEREG = re.compile(r"\+CEREG: ?[0-9],([0-9]{1,3})(?:,.*)?", re.ASCII)
_COPS = re.compile(r'\+COPS: ?[0-9],[0-9],"([^"]{1,64})"(?:,.*)?', re.ASCII)
_CPIN = re.compile(r"\+CPIN: ?([A-Z0-9 -]{1,32})", re.ASCII)
_QCSQ = re.compile(r'\+QCSQ: ?"([A-Za-z0-9-]{1,8})",-?[0-9]{1,4},-?[0-9]{1,4},([0-9]{1,3}),-?[0-9]{1,4}', re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,3})?", re.ASCII)
_VERSION_PREFIX = re.compile(r"^(?:\+CGMR:|Revision:)\s*")
_UNASKED = re.compile(
    r"[+*^%#]|RDY\b|RING\b|(?:CALL|SMS|PB|APP) (?:READY|DONE)\b|POWERED DOWN|NORMAL POWER", re.IGNORECASE
)
_MAY_TELL_A_PLACE = re.compile(r"[$!,;°]|(?<![\d.])(?:\d{1,3}\.\d{4,}|\d{4,5}\.\d{2,})(?![\d.])", re.ASCII)
"""No version has these. A modem with a receiver in it may say a fix by itself, on the port that is asked."""
_NO_VERSION_SIGN = re.compile(r"[^0-9A-Za-z.+_-]+")
_TEMPERATURE_PREFIXES: dict[Vendor, str] = {
    "quectel": "+QTEMP:",
    "simcom": "+CPMUTEMP:",
    "telit": "#TEMPSENS:",
    "u-blox": "+UTEMP:",
}


class ModemFigures(NamedTuple):
    """Each None where the modem did not say. Signal in dBm, ratios in dB, temperature in °C."""

    rssi_dbm: float | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    modem_registration: ModemRegistration | None = None
    modem_operator: str | None = None
    modem_temp_c: float | None = None
    modem_version: str | None = None
    sim_state: SimState | None = None

    def health(self) -> dict[str, float | str]:
        """The figures of a health report that are known."""
        return {name: value for name, value in self._asdict().items() if value is not None}


MODEM_FIGURES = frozenset(ModemFigures._fields)


def rssi_dbm(lines: Iterable[str]) -> float | None:
    """-113 + 2n of AT+CSQ; 99 is unknown."""
    found = _first(_CSQ, lines)
    if found is None or int(found[1]) > _RSSI_MAX:
        return None
    return float(-113 + 2 * int(found[1]))


def rsrp_dbm(lines: Iterable[str]) -> float | None:
    """-140 + n of AT+CESQ; 255 is unknown."""
    found = _first(_CESQ, lines)
    if found is None or int(found[2]) > _RSRP_MAX:
        return None
    return float(-140 + int(found[2]))


def rsrq_db(lines: Iterable[str]) -> float | None:
    """-19.5 + n/2 of AT+CESQ; 255 is unknown."""
    found = _first(_CESQ, lines)
    if found is None or int(found[1]) > _RSRQ_MAX:
        return None
    return -19.5 + int(found[1]) / 2


def quectel_sinr_db(lines: Iterable[str]) -> float | None:
    """n/5 - 20 of AT+QCSQ, on LTE."""
    found = _first(_QCSQ, lines)
    if found is None or found[1].upper() not in _LTE_MODES or int(found[2]) > _SINR_MAX:
        return None
    return int(found[2]) / 5 - 20


def registration(lines: Iterable[str]) -> ModemRegistration | None:
    """What AT+CEREG? says; the cell that some modems add is not read."""
    found = _first(_CEREG, lines)
    return None if found is None else _REGISTRATIONS.get(int(found[1]), "unknown")


def operator(lines: Iterable[str]) -> str | None:
    """The network's name of AT+COPS?, at most 32 signs."""
    found = _first(_COPS, lines)
    return None if found is None else operator_name(found[1])


def operator_name(text: str) -> str | None:
    """A network's name as it may be shown; None for an empty one."""
    return one_line(text, OPERATOR_SIGNS) or None


def sim_state(lines: Iterable[str]) -> SimState | None:
    """What AT+CPIN? says. A modem that is locked to a network or telephone counts as one whose SIM has failed."""
    found = _first(_CPIN, lines)
    if found is None:
        return None
    word = found[1].strip()
    return _SIM_WORDS.get(word, "failed" if word.startswith("PH-") else None)


def sim_state_by_error(code: int) -> SimState | None:
    """What the +CME ERROR `code` says in answer to AT+CPIN?."""
    return _SIM_ERRORS.get(code)


def version(lines: Iterable[str]) -> str | None:
    """The firmware's name of AT+CGMR, which has no beginning of its own: the last line that is not something the modem
    says by itself. A sign that a version may not hold becomes `_`; a line that may tell a place is passed over."""
    said = [line for line in lines if line.startswith("+CGMR:") or not _UNASKED.match(line)]
    return next((name for name in map(version_name, reversed(said)) if name is not None), None)


def version_name(text: str) -> str | None:
    """A firmware's name in the signs that a version may hold, at most 32; None for an empty one, and for text that may
    tell a place."""
    if _MAY_TELL_A_PLACE.search(text) is not None or is_gnss(text):
        return None
    said = _VERSION_PREFIX.sub("", text.strip())
    return _NO_VERSION_SIGN.sub("_", said).strip("_")[:VERSION_SIGNS] or None


def vendor(lines: Iterable[str]) -> Vendor | None:
    """Whose modem it is, by AT+CGMI; None for one whose own commands are not known here."""
    said = " ".join(lines).casefold()
    return next((known for known in _VENDORS if known in said), None)


def temperature_c(of: Vendor, lines: Iterable[str]) -> float | None:
    """The hottest place of the modem, by its vendor's own command; u-blox's modems say tenths."""
    prefix = _TEMPERATURE_PREFIXES[of]
    tokens = [
        token.strip(' "') for line in lines if line.startswith(prefix) for token in line[len(prefix) :].split(",")
    ]
    numbers = [float(token) for token in tokens if _NUMBER.fullmatch(token)]
    if of == "u-blox":
        numbers = [number / 10 for number in numbers[-1:]]
    return max((number for number in numbers if _COLDEST_C <= number <= _HOTTEST_C), default=None)


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> re.Match[str] | None:
    return next((found for line in lines if (found := pattern.fullmatch(line)) is not None), None)
