"""What a receiver says of itself: how good its fix is, how many satellites it uses, how its antenna is. Pure.

The names and units of measure are those of `protocols.health`. No place is among them, nor anything that tells one.
"""

from typing import Any, NamedTuple

from pynmeagps import NMEAReader  # type: ignore[import-untyped]  # the library ships no types
from pyubx2 import UBXReader  # type: ignore[import-untyped]  # nor does this one

from firmware_bridge.gnss.blanking import blank_message, blank_sentence
from firmware_bridge.gnss.splitting import Piece
from protocols.health import AntennaState

HDOP_MAX = 20.0
"""Above this a fix is as good as none."""

_QUALITY_MAX = 8
_SATELLITES_MAX = 200
_ANTENNAS: tuple[AntennaState, ...] = ("unknown", "ok", "open", "short")
"""From the best to the worst: what is said of several antennas is the worst."""
_UBX_ANTENNAS: dict[int, AntennaState] = {2: "ok", 3: "short", 4: "open"}
_ONCE_A_TURN = ("GGA", "NAV-STATUS", "NAV-DOP", "NAV-SAT")
_UBX_FIXES = {1: 6, 2: 1, 3: 1, 4: 1}
"""NAV-STATUS gpsFix (dead reckoning, 2D, 3D, both) as an NMEA quality."""


class GnssFigures(NamedTuple):
    """Each None where the receiver did not say. `fix_quality` is NMEA's: 0 none, 1 GPS, 2 differential, 4 and 5 RTK,
    6 estimated, 8 simulated; `satellites` are those in use."""

    fix_quality: int | None = None
    hdop: float | None = None
    satellites: int | None = None
    antenna: AntennaState | None = None
    in_view: int | None = None

    def health(self) -> dict[str, int | float | str]:
        """The figures of a health report that are known."""
        figures = {
            "gnss_fix_quality": self.fix_quality,
            "gnss_hdop": self.hdop,
            "gnss_satellites": self.satellites,
            "gnss_antenna": self.antenna,
        }
        return {name: value for name, value in figures.items() if value is not None}


class Look:
    """Gathers what a receiver says within some seconds."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._turns: dict[str, int] = {}
        self._quality: dict[str, int] = {}
        self._hdop: dict[str, float] = {}
        self._satellites: dict[str, int] = {}
        self._in_view: dict[str, int] = {}
        self._antenna: AntennaState | None = None

    @property
    def said_anything(self) -> bool:
        """Whether anything came that is of use."""
        return bool(self._turns)

    @property
    def is_whole(self) -> bool:
        """Whether a whole turn of the receiver has been heard: something that comes once in each has come twice."""
        return max((self._turns.get(name, 0) for name in _ONCE_A_TURN), default=0) >= 2

    def take(self, piece: Piece) -> None:
        """Note what is in `piece`. Never raises, and keeps no part of it."""
        if piece.kind == "nmea":
            blanked = blank_sentence(piece.content)
            said = None if blanked is None else _parsed(NMEAReader, blanked)
        else:
            said = _parsed(UBXReader, blank_message(piece.content))
        if said is None:
            return
        name = said.msgID if piece.kind == "nmea" else said.identity
        note = _NOTES.get(name)
        if note is None:
            return
        try:
            note(self, said)
        except (AttributeError, TypeError, ValueError):  # a field that is empty, or no number
            return
        self._turns[name] = self._turns.get(name, 0) + 1

    def figures(self) -> GnssFigures:
        """What is known now. A fix with an HDOP above 20 counts as none; without a fix there is no HDOP."""
        quality = _first(self._quality, "GGA", "NAV-STATUS", "GSA")
        hdop = _first(self._hdop, "GGA", "GSA", "NAV-DOP")
        if hdop is not None and hdop > HDOP_MAX:
            quality, hdop = 0, None
        if quality == 0:
            hdop = None
        in_view = sum(self._in_view.values()) if self._in_view else None
        return GnssFigures(quality, hdop, _first(self._satellites, "NAV-SAT", "GGA"), self._antenna, in_view)

    def note_gga(self, said: Any) -> None:
        """Quality of the fix, satellites in use, HDOP."""
        quality = int(said.quality)
        if not 0 <= quality <= _QUALITY_MAX:
            return
        self._quality["GGA"] = quality
        self._count("GGA", said.numSV)
        self._dilution("GGA", said.HDOP)

    def note_gsa(self, said: Any) -> None:
        """HDOP; and that there is no fix, for a receiver that sends no GGA."""
        self._quality["GSA"] = 0 if int(said.navMode) <= 1 else 1
        self._dilution("GSA", said.HDOP)

    def note_gsv(self, said: Any) -> None:
        """Satellites in view of one system."""
        in_view = int(said.numSV)
        if 0 <= in_view <= _SATELLITES_MAX:
            self._in_view[said.talker] = in_view

    def note_txt(self, said: Any) -> None:
        """What u-blox's and others' receivers write of their antenna."""
        self._see_antenna(_antenna_word(str(said.text)))

    def note_status(self, said: Any) -> None:
        """Quality of the fix."""
        quality = _UBX_FIXES.get(said.gpsFix, 0) if said.gpsFixOk else 0
        self._quality["NAV-STATUS"] = 2 if quality == 1 and said.diffSoln else quality

    def note_dop(self, said: Any) -> None:
        """HDOP."""
        self._dilution("NAV-DOP", said.hDOP)

    def note_sat(self, said: Any) -> None:
        """Satellites in use and in view."""
        there = range(1, int(said.numSvs) + 1)
        self._count("NAV-SAT", sum(int(getattr(said, f"svUsed_{i:02d}")) for i in there))
        self._in_view = {"UBX": min(len(there), _SATELLITES_MAX)}

    def note_rf(self, said: Any) -> None:
        """The antennas of a receiver of several bands."""
        states = [_UBX_ANTENNAS.get(getattr(said, f"antStatus_{i:02d}")) for i in range(1, int(said.nBlocks) + 1)]
        self._antenna = None
        for state in states:
            self._see_antenna(state or "unknown")

    def note_hw(self, said: Any) -> None:
        """The antenna of a receiver of one band."""
        self._antenna = _UBX_ANTENNAS.get(said.aStatus, "unknown")

    def _count(self, source: str, value: Any) -> None:
        count = -1 if value in {"", None} else int(value)
        if 0 <= count <= _SATELLITES_MAX:
            self._satellites[source] = count

    def _dilution(self, source: str, value: Any) -> None:
        self._hdop.pop(source, None)
        if value in {"", None}:
            return
        hdop = float(value)
        if hdop > 0:
            self._hdop[source] = hdop

    def _see_antenna(self, state: AntennaState) -> None:
        worst = max(_ANTENNAS.index(state), -1 if self._antenna is None else _ANTENNAS.index(self._antenna))
        self._antenna = _ANTENNAS[worst]


_NOTES = {
    "GGA": Look.note_gga,
    "GSA": Look.note_gsa,
    "GSV": Look.note_gsv,
    "TXT": Look.note_txt,
    "NAV-STATUS": Look.note_status,
    "NAV-DOP": Look.note_dop,
    "NAV-SAT": Look.note_sat,
    "MON-RF": Look.note_rf,
    "MON-HW": Look.note_hw,
}


def _parsed(reader: Any, message: bytes) -> Any:
    """What the library reads in `message`, None for nothing."""
    try:
        return reader.parse(message)
    except Exception:  # noqa: BLE001 - whatever the library finds wrong, its error shows the message
        return None


def _antenna_word(text: str) -> AntennaState:
    word = text.replace("=", " ").rpartition(" ")[2]
    states: dict[str, AntennaState] = {"OK": "ok", "OPEN": "open", "SHORT": "short"}
    return states.get(word, "unknown")


def _first(known: dict[str, Any], *sources: str) -> Any:
    """What the first of `sources` that said anything says; None when none did."""
    return next((known[source] for source in sources if source in known), None)
