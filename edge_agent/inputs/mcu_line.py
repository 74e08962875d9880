"""A line that the unit's microcontroller watches. It is asked several times a second; openings of the housing it counts
itself, so that none between two questions is missed."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from edge_agent.errors import InputUnusable
from edge_agent.inputs.line_source import LineLevel
from edge_agent.inputs.settings import MCU_DEBOUNCE_MAX_MS, InputSettings
from firmware_bridge.mcu.figures import McuStats

PULSE_MS = 250
"""An opening between two questions is told as one of this length: longer than any line's `debounce_ms` may be."""
assert PULSE_MS > MCU_DEBOUNCE_MAX_MS


class Known(Protocol):
    """What is known of the microcontroller; see `edge_agent.serial.mcu_link.McuState`."""

    @property
    def stats(self) -> McuStats | None:
        """None while it does not answer."""
        ...

    @property
    def at_boot_ms(self) -> int:
        """When that was."""
        ...

    @property
    def fault(self) -> str:
        """Why it does not answer."""
        ...


class Microcontroller(Protocol):
    """Whoever asks it."""

    @property
    def state(self) -> Known:
        """What is known now."""
        ...

    async def next_state(self) -> Known:
        """The state after the next news of it."""
        ...


class _Counted(NamedTuple):
    openings: int
    active: bool


class TamperCount:
    """Which openings the levels did not show. Pure."""

    def __init__(self) -> None:
        """Nothing is known yet: what was counted before the agent began is nobody's news."""
        self._before: _Counted | None = None

    def has_missed(self, count: int | None, *, active: bool) -> bool:
        """Whether the housing was opened, beside what the last two levels show, since the call before."""
        if count is None:
            return False
        before, self._before = self._before, _Counted(count, active)
        if before is None:
            return False
        # One that counts from the start again has been restarted.
        grown = count - before.openings if count >= before.openings else count
        return grown > int(active and not before.active)


class McuLine:
    """A LineSource of one line."""

    def __init__(self, settings: InputSettings, mcu: Microcontroller) -> None:
        """Asks nothing yet."""
        self._settings = settings
        self._line = str(settings.line)
        self._mcu = mcu
        self._tampered = TamperCount()
        self._failure_told = False

    @property
    def names(self) -> tuple[str, ...]:
        """See LineSource."""
        return (self._settings.name,)

    async def levels(self) -> AsyncGenerator[LineLevel, None]:
        """See LineSource. After a failure it waits until the microcontroller answers again."""
        name = self._settings.name
        before: bool | None = None
        state = await self._first_state()
        while True:
            if state.stats is None:
                if state.fault:
                    self._failure_told = True
                    raise InputUnusable(name, f"the microcontroller does not answer: {state.fault}")
            else:
                active = self._level(state.stats)
                has_missed = self._line == "tamper" and self._tampered.has_missed(
                    state.stats.tamper_count, active=active
                )
                if has_missed:
                    yield LineLevel(name, not active, max(0, state.at_boot_ms - PULSE_MS))
                if has_missed or active != before:
                    yield LineLevel(name, active, state.at_boot_ms)
                before = active
            state = await self._mcu.next_state()

    async def _first_state(self) -> Known:
        state = self._mcu.state
        while state.stats is None and (self._failure_told or not state.fault):
            state = await self._mcu.next_state()
        self._failure_told = False
        return state

    def _level(self, stats: McuStats) -> bool:
        level = stats.line(self._line)
        if level is None:
            raise InputUnusable(
                self._settings.name, f"the microcontroller has no line {self._line}; check the settings"
            )
        return level != self._settings.active_low
