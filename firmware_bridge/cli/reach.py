"""How commands reach a device that speaks SMP."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from firmware_bridge.cli.spying import spied
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.smp.framing import Framing
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.first_look import naming_what_talks

Answer = TypeVar("Answer")


class Reach(NamedTuple):
    """The port by any of its names, its speed, how SMP is framed, and where its traffic is shown, if anywhere."""

    port: str
    baud: int
    framing: Framing
    spy: Path | None

    def ask(self, act: Callable[[SmpDevice], Awaitable[Answer]]) -> Answer:
        """What came of `act` on the device. Raises what it raises, and PortError."""
        return asyncio.run(self._connected(act))

    async def _connected(self, act: Callable[[SmpDevice], Awaitable[Answer]]) -> Answer:
        with spied(self.spy) as spy:
            async with (
                await open_line(resolve(self.port), baud=self.baud, spy=spy) as line,
                SmpDevice.on(line, self.framing) as device,
                naming_what_talks(line),
            ):
                return await act(device)
