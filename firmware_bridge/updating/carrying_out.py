"""One image brought to one device: judged, sent, tried once, confirmed when the device is well, else taken back.

`updating.machine` decides what to do next; this does it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from firmware_bridge.errors import DeviceError, DeviceLeftUnsure, DeviceRefused, LineOverrun, PortError, UpdateFailed
from firmware_bridge.images.installed import Installed
from firmware_bridge.updating.device import Progress, UpdatableDevice
from firmware_bridge.updating.machine import (
    Act,
    Did,
    End,
    Event,
    Fault,
    Found,
    Limits,
    Stage,
    State,
    Unwell,
    begin,
    step,
)

SLOWEST_BYTES_PER_S = 100
"""A device that takes an image more slowly is given up: nothing is opened on a unit while it is being sent one."""


class Told(NamedTuple):
    """How far an update is. `progress` while the image is sent; `why` what made it go back a step, if anything did;
    `held_up` what the sending was broken off by, when it is tried again."""

    stage: Stage
    progress: Progress | None = None
    why: str = ""
    held_up: str = ""


Tell = Callable[[Told], None]


async def update(
    device: UpdatableDevice,
    image: bytes,
    *,
    board: str,
    may_downgrade: bool,
    tell: Tell,
    health_limit_s: float = 60.0,
    answer_limit_s: float = 180.0,
    clock: Callable[[], float] = time.monotonic,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Installed:
    """Bring `device` to `image`, and return what it runs then; where the device is already, nothing is done again.

    `board` is what the device is, empty where nobody knows; `may_downgrade` whether two people allowed this image
    though it is older. The device has to be well within `health_limit_s`, and is waited for for `answer_limit_s` when
    it is silent. Being cancelled leaves a device that this brings further when it is called again.

    Raises ImageRefused with nothing sent; UpdateFailed, the device runs what it ran before; DeviceLeftUnsure.
    """
    wanted = await device.judge(image, board)
    limits = Limits(answer_s=answer_limit_s, health_s=health_limit_s)
    state, following = begin(wanted, may_downgrade=may_downgrade, limits=limits)
    carrier = _Carrier(device, image, answer_limit_s, tell)
    while isinstance(following, Act):
        tell(Told(state.stage, why=state.why))
        await rest(following.after_s)
        event = await carrier.carry_out(following, state)
        was_sent = following.doing == "send"
        state, following = step(state, event, clock())
        if was_sent and isinstance(event, Fault) and isinstance(following, Act):
            tell(Told(state.stage, held_up=_held_up(event, answer_limit_s)))
    return _ended(following)


def _held_up(fault: Fault, limit_s: float) -> str:
    return (
        f"the line was lost; waiting for it, {limit_s:g} s at most" if fault.line_lost else f"{fault.why}; trying again"
    )


def _ended(end: End) -> Installed:
    if end.ending == "failed":
        raise UpdateFailed(end.stage, end.why, end.went_back)
    if end.installed is None:
        raise DeviceLeftUnsure(end.stage, end.why)
    return end.installed


class _Carrier:
    """Does what the machine says; what goes wrong with line or device becomes an event."""

    def __init__(self, device: UpdatableDevice, image: bytes, limit_s: float, tell: Tell) -> None:
        self._device = device
        self._image = image
        self._limit_s = limit_s
        self._tell = tell
        self._sent_bytes = 0
        self._send_until_s: float | None = None

    async def carry_out(self, act: Act, state: State) -> Event:
        """What came of `act`; none takes longer than the limit without getting further."""
        try:
            async with asyncio.timeout(self._limit_s) as limit:
                return await self._do(act, state.stage, limit)
        except DeviceRefused as error:
            return Fault(str(error), refused=True, sent_bytes=self._sent_bytes)
        except PortError as error:
            return Fault(str(error), sent_bytes=self._sent_bytes, line_lost=True)
        except (DeviceError, LineOverrun) as error:
            return Fault(str(error), sent_bytes=self._sent_bytes)
        except TimeoutError:
            return Fault(self._too_late(act), sent_bytes=self._sent_bytes)

    def _too_late(self, act: Act) -> str:
        until_s = self._send_until_s
        if act.doing == "send" and until_s is not None and asyncio.get_running_loop().time() >= until_s:
            return f"it takes the image too slowly, {self._sent_bytes} bytes by now; see to the line and its speed"
        return f"nothing came of it within {self._limit_s:g} s"

    async def _do(self, act: Act, stage: Stage, limit: asyncio.Timeout) -> Event:
        if act.doing == "look":
            return Found(await self._device.installed())
        if act.doing == "check":
            why = await self._device.healthy()
            return Did() if why is None else Unwell(why)
        if act.doing == "send":
            await self._send(stage, limit)
        elif act.doing == "try-once":
            await self._device.try_once(self._image)
        elif act.doing == "confirm":
            await self._device.confirm()
        else:
            await self._device.revert()
        return Did()

    async def _send(self, stage: Stage, limit: asyncio.Timeout) -> None:
        """Send it, by pieces that each come within the limit, and all of them within a time that its length allows."""
        loop = asyncio.get_running_loop()
        slowest_s = self._limit_s + len(self._image) / SLOWEST_BYTES_PER_S
        until_s = self._send_until_s = self._send_until_s or loop.time() + slowest_s
        furthest = -1

        def went_on(progress: Progress) -> None:
            nonlocal furthest
            self._sent_bytes = max(self._sent_bytes, progress.done_bytes)
            if progress.done_bytes > furthest and not limit.expired():
                furthest = progress.done_bytes
                limit.reschedule(min(loop.time() + self._limit_s, until_s))
            if progress.done_bytes or not self._sent_bytes:  # an upload that is begun again does not know yet
                self._tell(Told(stage, progress))

        limit.reschedule(min(loop.time() + self._limit_s, until_s))
        await self._device.send(self._image, went_on)
