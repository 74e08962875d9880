"""A simulated microcontroller on a pty, and the agent's side of it, for tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.clock import SystemClock
from edge_agent.openings.ledger import Opening
from edge_agent.serial.mcu_link import McuLink, McuPort
from edge_agent.serial.vital_signs import Sign, VitalSigns
from edge_agent.watch import Happening
from firmware_bridge.simulation.board import Board
from firmware_bridge.simulation.mcu import Mcu
from firmware_bridge.simulation.mcu_device import McuDevice
from protocols.access_record import Modality
from tests.support.waiting import until
from tests.unit.firmware_bridge.simulation_devices import KEYS, fitted

CLOCK = SystemClock()


def at_once(_least: float, _most: float) -> float:
    """Draws no waiting worth the name."""
    return 0.01


@dataclass
class SerialUnit:
    """The device and what the agent told of it. `alive` is whether the agent's work goes on."""

    device: McuDevice
    told: list[Happening] = field(default_factory=list)
    alive: bool = True
    _turns: int = 0

    @property
    def board(self) -> Board:
        return self.device.mcu.board

    def vitals(self) -> VitalSigns:
        return VitalSigns({"reports": Sign(self._work, lambda: 0.0)})

    async def tell(self, happening: Happening) -> None:
        self.told.append(happening)

    def kinds(self) -> list[str]:
        return [each.kind for each in self.told]

    def link(self, **given: Any) -> McuLink:
        settings: dict[str, Any] = {"watchdog_s": 0, "with_supply": True, "poll_s": 0.02, "draw": at_once, **given}
        port = McuPort(str(self.device.port.link), 921_600, raw=False)
        return McuLink(port, CLOCK, self.tell, self.vitals(), **settings)

    def _work(self) -> int:
        self._turns += int(self.alive)
        return self._turns


@asynccontextmanager
async def serial_unit(folder: Path) -> AsyncIterator[SerialUnit]:
    """The microcontroller, plugged in and with power."""
    mcu = Mcu(fitted(), KEYS, time.monotonic)
    async with McuDevice(mcu, folder / "mcu", baud=921_600) as device:
        yield SerialUnit(device)


@asynccontextmanager
async def running(*works: Any) -> AsyncIterator[None]:
    """What has a `run`, run meanwhile; a failure of one fails the test."""
    async with asyncio.TaskGroup() as tasks:
        begun = [tasks.create_task(work.run()) for work in works]
        try:
            yield
        finally:
            for task in begun:
                task.cancel()


async def holds(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds."""

    async def asked() -> bool:
        return bool(condition())

    await until(asked, limit_s=30)


def opening(*modalities: Modality, lasts_ms: int = 60_000, name: str = "open-" + "a" * 24) -> Opening:
    """An opening from now on."""
    now_ms = CLOCK.mono_ms()
    return Opening(
        opening=name,
        mandate="mandate",
        authority="authority",
        person="P-1",
        modalities=list(modalities),
        boot_id="boot",
        opened_boot_ms=now_ms,
        since_boot_ms=now_ms,
        until_boot_ms=now_ms + lasts_ms,
        since_ms=CLOCK.wall_ms(),
        ends_by="expiry",
        carried=False,
    )
