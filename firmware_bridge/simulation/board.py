"""The board around a simulated microcontroller: supply, battery, inputs, the watchdog over the unit, and the switch for
camera and microphone. Pure: the time is given, in seconds of any clock that does not go back.
"""

from dataclasses import dataclass, field, fields
from math import sin

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.mcu.figures import NOT_FITTED
from firmware_bridge.smp.unit_group import MOST_POWER_MS

Figure = int | None

_SAG_MV = 180
"""How far the supply sags while camera and microphone have power."""

_RIPPLE_MV = 15
_EVENTS_KEPT = 50


@dataclass
class BoardFigures:
    """What a person can poke at; None: not fitted. Inputs are 0 or 1, `gpio` 32 bits."""

    supply_mv: Figure = 12_450
    battery_mv: Figure = 12_800
    ignition: Figure = 0
    tamper: Figure = 0
    door: Figure = 0
    gpio: Figure = 0
    tamper_count: Figure = 0


FIGURES = tuple(each.name for each in fields(BoardFigures))


@dataclass
class Board:
    """The board; `began_s` is when the microcontroller started, whose restarts the rest outlives."""

    began_s: float = 0.0
    figures: BoardFigures = field(default_factory=BoardFigures)
    watchdog_due_s: float | None = None
    watchdog_resets: int = 0
    power_until_s: float = 0.0
    events: list[str] = field(default_factory=list)

    def poke(self, name: str, value: Figure) -> None:
        """Give a figure another value; a tamper input that goes to 1 is counted. Raises SimulationFailed."""
        if name not in FIGURES:
            raise SimulationFailed(f"{name} is none of {', '.join(FIGURES)}")
        if value is not None and not 0 <= value < NOT_FITTED:
            raise SimulationFailed(f"{name} takes 0 to {NOT_FITTED - 1}, or none where it is not fitted")
        if name == "tamper" and value and not self.figures.tamper and self.figures.tamper_count is not None:
            self.figures.tamper_count += 1
        setattr(self.figures, name, value)

    def advance(self, now_s: float) -> None:
        """Let what was due happen: the watchdog restarts the unit, the switch cuts the power."""
        if self.watchdog_due_s is not None and now_s >= self.watchdog_due_s:
            self.watchdog_due_s = None
            self.watchdog_resets += 1
            self._tell("the watchdog restarted the unit")
        if self.power_until_s and now_s >= self.power_until_s:
            self.power_until_s = 0.0
            self._tell("camera and microphone lost their power")

    def kick(self, limit_s: int, now_s: float) -> None:
        """Restart the unit in `limit_s` unless kicked again."""
        self.watchdog_due_s = now_s + limit_s

    def power(self, on_ms: int, now_s: float) -> None:
        """Give camera and microphone power for `on_ms` from now, 0 … 960,000; 0 cuts it."""
        had = self.power_left_ms(now_s) > 0
        self.power_until_s = now_s + min(on_ms, MOST_POWER_MS) / 1000 if on_ms else 0.0
        if had != (on_ms > 0):
            self._tell(f"camera and microphone {'have' if on_ms else 'lost their'} power")

    def power_left_ms(self, now_s: float) -> int:
        """For how long camera and microphone have power, ms."""
        return max(0, round((self.power_until_s - now_s) * 1000))

    def statistics(self, now_s: float) -> dict[str, int]:
        """The statistics of the group `unit`."""
        figures = {name: getattr(self.figures, name) for name in FIGURES}
        figures["supply_mv"] = self._supply_mv(now_s)
        timed = {
            "uptime_s": int(now_s - self.began_s),
            "watchdog_resets": self.watchdog_resets,
            "power_left_ms": self.power_left_ms(now_s),
        }
        return {name: NOT_FITTED if value is None else value for name, value in figures.items()} | timed

    def _supply_mv(self, now_s: float) -> Figure:
        """It ripples a little, and sags while camera and microphone draw from it."""
        supply_mv = self.figures.supply_mv
        if supply_mv is None:
            return None
        sag_mv = _SAG_MV if self.power_left_ms(now_s) else 0
        return max(0, supply_mv - sag_mv + round(_RIPPLE_MV * sin(now_s)))

    def _tell(self, event: str) -> None:
        self.events = [*self.events[1 - _EVENTS_KEPT :], event]
