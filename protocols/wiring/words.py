"""Words of wiring: names, points, colours, terminals."""

from typing import Annotated, Literal

from msgspec import Meta

_NAME = "[A-Za-z][A-Za-z0-9_-]{0,23}"
_PIN = "[A-Za-z0-9_+-]{1,24}"

Name = Annotated[str, Meta(pattern=f"^{_NAME}$(?!\\n)")]
"""Of a component or conductor: letters, digits, `_` and `-`, a letter first, at most 24."""

PinName = Annotated[str, Meta(pattern=f"^{_PIN}$(?!\\n)")]
"""Of a cavity, or of a load's terminal: letters, digits, `_`, `+` and `-`, at most 24."""

Point = Annotated[str, Meta(pattern=f"^{_NAME}(\\.{_PIN})?$(?!\\n)")]
"""Where a conductor ends; see `protocols.wiring.plan`."""

COLOUR_CODES: dict[str, str] = {
    "BK": "black",
    "BN": "brown",
    "RD": "red",
    "OG": "orange",
    "YE": "yellow",
    "GN": "green",
    "BU": "blue",
    "VT": "violet",
    "GY": "grey",
    "WH": "white",
    "PK": "pink",
    "TQ": "turquoise",
    "GD": "gold",
    "SR": "silver",
}
"""IEC 60757's letter codes."""

_CODES = "|".join(COLOUR_CODES)
Colour = Annotated[str, Meta(pattern=f"^({_CODES}){{1,3}}$(?!\\n)")]
"""One to three codes of IEC 60757 without a sign between them, the base colour first: `RD`, `GNYE`, `BKWH`."""

PositiveTerminal = Literal["15", "30", "30a", "50", "54", "58"]
"""DIN 72552: 15 ignition-switched, 30 battery, 30a second battery, 50 starter control, 54 brake, 58 side lights."""

NegativeTerminal = Literal["31", "31b"]
"""DIN 72552: 31 return, 31b switched return."""

CableType = Literal["thin-wall", "pvc"]
"""ISO 6722 class B thin-wall, or old PVC, which carries about half."""

ResistanceTable = Literal["iec-60228", "iso-6722"]
"""Whose resistances are used; IEC 60228 class 5 is the conservative one."""

CircuitKind = Literal["battery", "general", "starter", "srs", "abs", "adas", "48v", "high-voltage"]
"""What a vehicle's own circuit serves. Only `battery` and `general` may be tapped."""

TerminalRole = Literal["supply", "return", "ignition-sense", "can-h", "can-l", "signal", "screen"]
"""What a load's terminal is for."""

ConnectorKind = Literal["in-line", "device", "terminal", "fuse-box", "J1962"]
"""`terminal`: a ring, ferrule or blade on one conductor's end. J1962: the diagnostic plug."""
