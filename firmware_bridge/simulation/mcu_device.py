"""A simulated microcontroller on a port: its frames, log text between them, what goes wrong, power that comes back."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.simulation.faults import Dice, Faults
from firmware_bridge.simulation.flash import Cut
from firmware_bridge.simulation.mcu import Mcu
from firmware_bridge.simulation.pty_device import PtyDevice
from firmware_bridge.smp.framing import REQUESTS, Framing, decoder, encoder

_LOG_EVERY = 5
"""A line of log before every fifth reply, in console framing."""


class McuDevice:
    """`mcu` on the port `link`. As a context it has power and its cable is in."""

    def __init__(
        self,
        mcu: Mcu,
        link: Path,
        *,
        baud: int = 115200,
        framing: Framing = "console",
        faults: Faults = Faults(),  # noqa: B008 - frozen
        seed: int = 1,
        told: Callable[[str], None] = lambda _event: None,
    ) -> None:
        self.mcu = mcu
        self.port = PtyDevice(link, baud=baud, heard=self._heard)
        self.messages = 0
        """How many came from the far end, those that were lost included."""
        self._framing = framing
        self._encode = encoder(framing)
        self._decoder = decoder(framing, ops=REQUESTS)
        self._dice = Dice(faults, seed)
        self._told = told
        self._replies = 0
        self._boots = 0
        self._stirred = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Plug it in and give it power."""
        await self.port.__aenter__()
        self.set_faults(self._dice.faults)
        self.mcu.power_on()
        self._look()
        self._tasks = [asyncio.create_task(self._keep_time(), name=f"time of {self.port.link.name}")]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take its power, and pull it out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.mcu.power_off()
        await self.port.__aexit__(kind, error, trace)

    def set_faults(self, faults: Faults) -> None:
        """Let other things go wrong from now on; bytes, messages and operations are counted from now."""
        self._dice.faults = faults
        self.messages = 0
        at = faults.power_at_write
        self.mcu.flash.cut(None if at is None else Cut(at, faults.power_done))
        if faults.cable_after_bytes is not None:
            self.port.pull_after(faults.cable_after_bytes, self._cable_is_out)

    def cut_power(self) -> None:
        """Let its power fail now."""
        self.mcu.power_off()
        self._look()

    def pull_cable(self) -> None:
        """Pull the cable now; it is plugged in again after `cable_back_ms`."""
        self.port.pull()
        self._cable_is_out()

    def _heard(self, content: bytes) -> None:
        for message in self._decoder.feed(content):
            for delivery in self._dice.deliver(message):
                self._ask(delivery.content)

    def _ask(self, message: bytes) -> None:
        self.messages += 1
        faults = self._dice.faults
        if self.messages == faults.power_at_message:
            self.mcu.power_off()
        if faults.stuck_at_message is not None and self.messages >= faults.stuck_at_message:
            return
        reply = self.mcu.answer(message)
        self._look()
        if reply is not None:
            self._say(reply)

    def _say(self, reply: bytes) -> None:
        self._replies += 1
        if self._framing == "console" and self._replies % _LOG_EVERY == 0:
            self.port.send(f"[{self._replies:08d}] <inf> unit: {self._replies} replies\r\n".encode())
        for delivery in self._dice.deliver(self._encode(reply), delayed=True):
            self.port.send(delivery.content, delivery.delay_s)

    def _look(self) -> None:
        """See whether it restarted, lost its power, or has something due."""
        if len(self.mcu.boots) != self._boots:
            self._boots = len(self.mcu.boots)
            self._decoder.reset()
            text = self._boot_text()
            self._told(text)
            if self._framing == "console":
                self.port.send(f"*** {text} ***\r\n".encode())
        self._stirred.set()

    def _boot_text(self) -> str:
        booted = self.mcu.booted
        if booted is None:
            return "nothing to boot" if self.mcu.powered else "power failed"
        state = "confirmed" if booted.confirmed else "on trial"
        return f"booting {booted.image.version_text}, {state} ({booted.swap.name.lower()})"

    async def _keep_time(self) -> None:
        """Let what is due happen, and bring the power back."""
        loop = asyncio.get_running_loop()
        while True:
            self._stirred.clear()
            if not self.mcu.powered:
                self._told("power is off")
                await asyncio.sleep(self._dice.faults.power_back_ms / 1000)
                self.mcu.flash.cut(None)
                self.mcu.power_on()
                self._look()
                continue
            due_s = self.mcu.due_s
            wait_s = None if due_s is None else max(0.0, due_s - self.mcu.now_s())
            timer = None if wait_s is None else loop.call_later(wait_s, self._stirred.set)
            try:
                await self._stirred.wait()
            finally:
                if timer is not None:
                    timer.cancel()
            self.mcu.advance()
            if len(self.mcu.boots) != self._boots:
                self._look()

    def _cable_is_out(self) -> None:
        self._told("the cable was pulled")
        self._decoder.reset()
        loop = asyncio.get_running_loop()
        loop.call_later(self._dice.faults.cable_back_ms / 1000, self._cable_is_in)

    def _cable_is_in(self) -> None:
        if self._tasks and not self._tasks[0].done():
            self.port.plug()
            self._told("the cable is in again")
