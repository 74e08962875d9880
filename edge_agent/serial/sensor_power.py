"""Power of camera and microphone, where the microcontroller has it: on while something is open, and no longer.

The microcontroller counts the time by itself, so it cuts the power when the lease is over whatever becomes of the
agent. The power never decides how long something is open: the lease does.
"""

import asyncio
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.openings.ledger import Opening

MARGIN_MS = 2_000
"""The power ends so long after the lease, which has closed by then: what is cut off sooner would look like a fault."""


class Switch(Protocol):
    """The microcontroller's switch."""

    async def sensor_power(self, until_boot_ms: int) -> None:
        """Power until then, from now; 0 cuts it now. Raises SensorPowerAway."""
        ...


class SensorPower:
    """A Guard of picture and sound."""

    def __init__(self, switch: Switch, clock: Clock, *, settle_s: float) -> None:
        """`settle_s` is how long camera and microphone take from power until they can be opened."""
        self._switch = switch
        self._clock = clock
        self._settle_s = settle_s
        self._until_boot_ms: dict[str, int] = {}
        self._turn = asyncio.Lock()

    async def before(self, opening: Opening) -> None:
        """See Guard. Without the microcontroller's answer nothing is opened: SensorPowerAway."""
        if "position" in opening.modalities:
            return
        async with self._turn:
            was_on = bool(self._until_boot_ms)
            self._until_boot_ms[opening.opening] = opening.until_boot_ms
            try:
                await self._switch_as_needed()
            except BaseException:
                del self._until_boot_ms[opening.opening]
                raise
        if not was_on:
            await asyncio.sleep(self._settle_s)

    async def extended(self, opening: str, until_boot_ms: int) -> None:
        """See Guard."""
        async with self._turn:
            if opening in self._until_boot_ms:
                self._until_boot_ms[opening] = until_boot_ms
                await self._switch_as_needed()

    async def after(self, opening: str) -> None:
        """See Guard. Where the microcontroller does not answer, it cuts the power when its time is over."""
        async with self._turn:
            if self._until_boot_ms.pop(opening, None) is not None:
                await self._switch_as_needed()

    def is_wanted(self) -> bool:
        """Whether there is to be power."""
        return bool(self._until_boot_ms)

    async def _switch_as_needed(self) -> None:
        latest_ms = max(self._until_boot_ms.values(), default=-MARGIN_MS)
        await self._switch.sensor_power(latest_ms + MARGIN_MS)
