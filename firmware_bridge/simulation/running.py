"""Runs simulated devices until they are told to stop: each a port, and a socket beside it by which it is poked."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.simulation.at_modem import AtModem, ModemManner
from firmware_bridge.simulation.controls import Poke, controlled
from firmware_bridge.simulation.faults import Dice, Faults
from firmware_bridge.simulation.mcu import Mcu, McuFacts
from firmware_bridge.simulation.mcu_device import McuDevice
from firmware_bridge.simulation.mcu_state import Kept, poked
from firmware_bridge.simulation.nmea_player import Manner, Receiver
from firmware_bridge.simulation.pty_device import PtyDevice
from firmware_bridge.smp.framing import Framing

Say = Callable[[str], None]


async def run_mcu(
    link: Path,
    kept: Kept,
    facts: McuFacts,
    stop: asyncio.Event,
    *,
    baud: int,
    framing: Framing,
    faults: Faults,
    seed: int,
    say: Say,
) -> None:
    """A microcontroller on `link` until `stop`; `say` is told what happens to it. Raises SimulationFailed."""
    mcu = Mcu(kept.flash, kept.keys, time.monotonic, facts)
    async with (
        McuDevice(mcu, link, baud=baud, framing=framing, faults=faults, seed=seed, told=say) as device,
        controlled(link, lambda wish: poked(device, wish)),
    ):
        say(f"a microcontroller listens at {link}, {baud} bit/s, {framing} framing")
        await stop.wait()


async def run_gnss(
    link: Path, manner: Manner, stop: asyncio.Event, *, baud: int, every_s: float, faults: Faults, seed: int, say: Say
) -> None:
    """A receiver on `link` until `stop`: a turn each `every_s` seconds. Raises SimulationFailed."""
    receiver, dice = Receiver(manner, seed), Dice(faults, seed)

    def answers(wish: Poke) -> dict[str, object]:
        for name, value in wish.figures.items():
            receiver.poke(name, value)
        return {"turn": receiver.turn, "fix": receiver.has_fix, "antenna": receiver.antenna}

    # What is sent to a receiver is not heard.
    async with PtyDevice(link, baud=baud, heard=lambda _content: None) as port, controlled(link, answers):
        say(f"a receiver tells at {link}, {baud} bit/s")
        while not stop.is_set():
            for delivery in dice.deliver(receiver.next_turn(), delayed=True):
                port.send(delivery.content, delivery.delay_s)
            await _wait(stop, every_s)


async def run_modem(
    link: Path, manner: ModemManner, stop: asyncio.Event, *, baud: int, faults: Faults, seed: int, say: Say
) -> None:
    """A modem on `link` until `stop`. Raises SimulationFailed."""
    modem, dice = AtModem(manner, seed), Dice(faults, seed)

    def answers(wish: Poke) -> dict[str, object]:
        for name, value in wish.figures.items():
            modem.poke(name, value)
        return asdict(modem.state)

    def heard(content: bytes) -> None:
        for said in modem.take(content):
            for delivery in dice.deliver(said.content, delayed=True):
                port.send(delivery.content, said.delay_s + delivery.delay_s)

    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(PtyDevice(link, baud=baud, heard=heard))
        await stack.enter_async_context(controlled(link, answers))
        say(f"a modem listens at {link}, {baud} bit/s")
        await stop.wait()


async def run_unit(
    links: Path, kept: Kept, facts: McuFacts, modem: ModemManner, stop: asyncio.Event, *, seed: int, say: Say
) -> None:
    """A unit's microcontroller, receiver and modem on the ports `mcu`, `gnss` and `modem` in `links`, until `stop` or
    until one of them fails; the folder is made where it is not there. Raises SimulationFailed."""
    try:
        await asyncio.to_thread(links.mkdir, mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SimulationFailed(f"{links} can not be made: {error.strerror}; name another folder") from error
    none, manner = Faults(), Manner()
    runs = (
        run_mcu(links / "mcu", kept, facts, stop, baud=115_200, framing="console", faults=none, seed=seed, say=say),
        run_gnss(links / "gnss", manner, stop, baud=38_400, every_s=1.0, faults=none, seed=seed, say=say),
        run_modem(links / "modem", modem, stop, baud=115_200, faults=none, seed=seed, say=say),
    )
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run)


async def _wait(stop: asyncio.Event, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await stop.wait()
    except TimeoutError:
        return
