"""Figures of vehicles, the diagnostic plug and CAN, each with its source and whether it was read there. Pure."""

from typing import Literal

from fleet.wiring.rules.tables import Entry

SystemV = Literal[12, 24]
Suppression = Literal["suppressed", "unsuppressed"]

_TEST_A = "ISO 16750-2 test A, upper value, as ITECH's IT6000C manual has it, p. 81"
_TEST_B = "ISO 16750-2 test B, as ITECH's IT6000C manual has it, p. 82"
_TEST_B_24_V = "ISO 16750-2 test B; the same page has it agreed with the customer, typically 58 V"
_J1962 = "SAE J1962, as DashLogic's table of its pins has it"
_CAN = "ISO 11898 at 1 Mbit/s, as DEWETRON's DEWE3-A4L manual has it, p. 18"

LOAD_DUMP_V: dict[tuple[SystemV, Suppression], Entry] = {
    (12, "suppressed"): Entry(35.0, _TEST_B),
    (12, "unsuppressed"): Entry(101.0, _TEST_A),
    (24, "suppressed"): Entry(65.0, _TEST_B_24_V, is_verified=False),
    (24, "unsuppressed"): Entry(202.0, _TEST_A),
}
"""What a load has to survive when the battery is lost while the alternator charges it, volts."""

J1962_PINS: dict[str, str] = {
    "4": "chassis ground",
    "5": "signal ground",
    "6": "CAN-H",
    "7": "K-line",
    "14": "CAN-L",
    "16": "battery positive",
}
"""The diagnostic plug's pins that kit may use."""

J1962_SUPPLY_A: dict[SystemV, Entry] = {12: Entry(4.0, _J1962), 24: Entry(2.0, _J1962)}
"""The most that may be drawn from pin 16, amperes: type A at 12 V, type B at 24 V."""

CAN_STUB_MAX_M = Entry(0.3, _CAN)
"""How far a listener may be from the bus, metres."""

CAN_BUS_MAX_M = Entry(40.0, _CAN)
"""How long a bus may be from end to end, metres."""

CAN_ENDS = 2
"""How many terminating resistors a bus has, one at each end."""

CAN_END_OHM = Entry(120.0, _CAN)
"""A terminating resistor, ohms."""

CAN_END_MIN_OHM = Entry(108.0, _CAN)
CAN_END_MAX_OHM = Entry(132.0, _CAN)
"""What the line's own impedance may be, which a terminating resistor has to match, ohms."""
