"""What a simulated receiver says, turn by turn: NMEA and UBX, invented by a seed in the manner of a real one. Pure.

It stands at the place on the open sea that is farthest from any land, and says in each fix that it is simulated.
"""

from dataclasses import dataclass
from functools import reduce
from operator import xor
from random import Random
from typing import Literal

from pyubx2 import GET, UBXMessage  # type: ignore[import-untyped]  # the library ships no types

from firmware_bridge.errors import SimulationFailed

Protocol = Literal["nmea", "ubx", "both"]
ANTENNAS = ("ok", "open", "short")

_LATITUDE, _LONGITUDE = "4852.60000,S", "12323.60000,W"
_SIMULATED = 8
_SATELLITES_A_SENTENCE = 4
_SATELLITES_A_FIX = 12
_UBX_ANTENNAS = {"ok": 2, "short": 3, "open": 4}
_NOISE = bytes(range(0x80, 0x100)) + b"$GN,*\r\n\xb5\x62"


@dataclass
class _Satellite:
    number: int
    elevation_deg: int
    azimuth_deg: int
    signal_dbhz: int
    used: bool = False


@dataclass(frozen=True)
class Manner:
    """How it behaves: it has no fix in its first `searching` turns; a turn is left out with chance `gaps`, and noise
    comes before one with chance `noise`, each 0 to 1."""

    protocol: Protocol = "both"
    searching: int = 5
    gaps: float = 0.0
    noise: float = 0.0


class Receiver:
    """A receiver that has just been switched on."""

    def __init__(self, manner: Manner, seed: int) -> None:
        self.antenna = "ok"
        self.turn = 0
        self._manner = manner
        self._random = Random(seed)  # noqa: S311 - invented satellites, no secrets
        self._hdop = 1.1
        chance = self._random.randrange
        self._sky = [
            _Satellite(number, chance(5, 86), chance(360), chance(22, 47)) for number in range(2, 2 + chance(9, 14))
        ]

    @property
    def has_fix(self) -> bool:
        """Whether it has one in this turn: an antenna that is open or shorted hears nothing."""
        return self.turn >= self._manner.searching and self.antenna == "ok"

    def poke(self, name: str, value: int | str | None) -> None:
        """`antenna` takes ok, open, short; `fix` 0 makes it search anew. Raises SimulationFailed."""
        if name == "antenna" and value in ANTENNAS:
            self.antenna = str(value)
        elif name == "fix" and value == 0:
            self.turn = 0
        else:
            raise SimulationFailed("a receiver takes antenna=ok, antenna=open, antenna=short, fix=0")

    def next_turn(self) -> bytes:
        """What it sends in the next second; nothing in a turn that is left out."""
        self._drift()
        self.turn += 1
        chance = self._random.random
        if chance() < self._manner.gaps:
            return b""
        noise = bytes(self._random.choices(_NOISE, k=24)) if chance() < self._manner.noise else b""
        nmea = b"" if self._manner.protocol == "ubx" else self._nmea()
        ubx = b"" if self._manner.protocol == "nmea" else self._ubx()
        return noise + nmea + ubx

    def _drift(self) -> None:
        """Signals wander a little; without a fix no satellite is used."""
        self._hdop = min(2.5, max(0.7, self._hdop + self._random.uniform(-0.1, 0.1)))
        for satellite in self._sky:
            moved = satellite.signal_dbhz + self._random.choice((-1, 0, 0, 1))
            satellite.signal_dbhz = min(50, max(15, moved))
            satellite.used = self.has_fix and satellite.signal_dbhz >= 20

    @property
    def _used(self) -> list[_Satellite]:
        return [satellite for satellite in self._sky if satellite.used]

    def _nmea(self) -> bytes:
        second = self.turn
        at = f"{second // 3600 % 24:02d}{second // 60 % 60:02d}{second % 60:02d}.00"
        place = f"{_LATITUDE},{_LONGITUDE}" if self.has_fix else ",,,"
        hdop = f"{self._hdop:.2f}" if self.has_fix else "99.99"
        quality = f"{_SIMULATED},{len(self._used):02d},{hdop},2.0,M,0.0,M,," if self.has_fix else f"0,00,{hdop},,,,,,"
        used = [f"{satellite.number:02d}" for satellite in self._used[:_SATELLITES_A_FIX]]
        used += [""] * (_SATELLITES_A_FIX - len(used))
        dilutions = f"{self._hdop * 1.6:.2f},{hdop},{self._hdop * 1.3:.2f}" if self.has_fix else "99.99,99.99,99.99"
        lines = [
            f"GNRMC,{at},{'A' if self.has_fix else 'V'},{place},0.0,,010126,,,{'S' if self.has_fix else 'N'}",
            f"GNGGA,{at},{place},{quality}",
            f"GNGSA,A,{3 if self.has_fix else 1},{','.join(used)},{dilutions}",
            *self._in_view(),
            f"GNTXT,01,01,02,ANTSTATUS={self.antenna.upper()}",
        ]
        return b"".join(sentence(line) for line in lines)

    def _in_view(self) -> list[str]:
        sky = self._sky if self.antenna == "ok" else []
        groups = [sky[at : at + _SATELLITES_A_SENTENCE] for at in range(0, len(sky), _SATELLITES_A_SENTENCE)] or [[]]
        return [
            f"GPGSV,{len(groups)},{number},{len(sky):02d}"
            + "".join(
                f",{each.number:02d},{each.elevation_deg:02d},{each.azimuth_deg:03d},{each.signal_dbhz:02d}"
                for each in group
            )
            for number, group in enumerate(groups, start=1)
        ]

    def _ubx(self) -> bytes:
        scaled = round(self._hdop * 100) if self.has_fix else 9999
        rf = {"antStatus_01": _UBX_ANTENNAS[self.antenna], "antPower_01": 1, "noisePerMS_01": 88, "agcCnt_01": 3900}
        sky: dict[str, int] = {}
        for index, each in enumerate(self._sky if self.antenna == "ok" else [], start=1):
            sky |= {
                f"svId_{index:02d}": each.number,
                f"cno_{index:02d}": each.signal_dbhz,
                f"elev_{index:02d}": each.elevation_deg,
                f"azim_{index:02d}": each.azimuth_deg,
                f"svUsed_{index:02d}": int(each.used),
            }
        count = len(self._sky) if self.antenna == "ok" else 0
        time_ms = self.turn * 1000
        fix = {"gpsFix": 3 if self.has_fix else 0, "gpsFixOk": int(self.has_fix)}
        messages = (
            UBXMessage("NAV", "NAV-STATUS", GET, iTOW=time_ms, msss=time_ms, **fix),
            UBXMessage("NAV", "NAV-DOP", GET, iTOW=time_ms, hDOP=scaled / 100),
            UBXMessage("NAV", "NAV-SAT", GET, iTOW=time_ms, version=1, numSvs=count, **sky),
            UBXMessage("MON", "MON-RF", GET, version=0, nBlocks=1, **rf),
        )
        return b"".join(message.serialize() for message in messages)


def sentence(content: str) -> bytes:
    """`content` between `$` and its checksum, with the line end of NMEA 0183."""
    return f"${content}*{reduce(xor, content.encode()):02X}\r\n".encode()
