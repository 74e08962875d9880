"""Keeps the connection to the unit's microcontroller: asks what it measures, kicks the watchdog, switches the power.

It is one task. Whoever wants something of the microcontroller asks here; for new firmware the port is lent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import structlog

from edge_agent.clock import Clock
from edge_agent.errors import McuAway, SensorPowerAway
from edge_agent.serial.latest import Latest
from edge_agent.serial.vital_signs import VitalSigns
from edge_agent.watch import Happening
from firmware_bridge.errors import BridgeError, DeviceRefused, DeviceSilent, ReplyUnreadable
from firmware_bridge.mcu.figures import McuStats
from protocols.backoff import Backoff, Draw, evenly
from protocols.text import one_line

if TYPE_CHECKING:
    from firmware_bridge.smp.device import SmpDevice

STOPPED_S = 900
"""The watchdog's time when the agent stops in order: enough to start another one, and nothing is left alone."""

POWER_LIMIT_S = 4.0
LEND_LIMIT_S = 20.0
GOOD_AFTER_MS = 30_000
_MOST_POWER_MS = 960_000
_REPLY_S = 1.0
_TOLD_MORE_MS = 1_000
_SUMMARY_SIGNS = 200
_KICKS_IN_LIMIT = 4

_log = structlog.get_logger(__name__)


class McuPort(NamedTuple):
    """Where the microcontroller hangs: the port as people call it, its speed, and whether SMP goes raw."""

    port: str
    baud: int
    raw: bool


class McuState(NamedTuple):
    """What is known now: `stats` of `at_boot_ms`, None without a connection; `fault` says why there is none, empty
    before the first try and while the port is lent."""

    stats: McuStats | None
    at_boot_ms: int
    fault: str


class McuLink:
    """One microcontroller."""

    def __init__(
        self,
        port: McuPort,
        clock: Clock,
        tell: Callable[[Happening], Awaitable[None]],
        vitals: VitalSigns,
        *,
        watchdog_s: int,
        with_supply: bool,
        poll_s: float,
        power_wanted: Callable[[], bool] | None = None,
        draw: Draw = evenly,
    ) -> None:
        """`watchdog_s` 0 leaves the watchdog alone. `with_supply`: the unit's supply is what it measures. Where
        `power_wanted` is given and false, power that is on is cut."""
        self._port = port
        self._clock = clock
        self._tell = tell
        self._vitals = vitals
        self._watchdog_s = watchdog_s
        self._with_supply = with_supply
        self._poll_s = poll_s
        self._power_wanted = power_wanted
        self._draw = draw
        self._device: SmpDevice | None = None
        self._news = asyncio.Event()
        self._lending = asyncio.Lock()
        self._leave = asyncio.Event()
        self._idle = asyncio.Event()
        self._lost_told = False
        self._kick_due_ms = 0
        self._not_kicked_told = False
        self.latest = Latest()
        self.state = McuState(None, 0, "")

    @property
    def port(self) -> McuPort:
        """Where it hangs."""
        return self._port

    async def next_state(self) -> McuState:
        """The state after the next news of it."""
        await self._news.wait()
        return self.state

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        backoff = Backoff(base_s=1.0, cap_s=30.0, draw=self._draw)
        while True:
            if self._leave.is_set():
                await self._lent_until_given_back()
                backoff.reset()
            began_ms = self._clock.mono_ms()
            try:
                await self._one_connection()
            except (BridgeError, OSError) as error:
                await self._lost(str(error))
            finally:
                self._device = None
            if self._clock.mono_ms() - began_ms >= GOOD_AFTER_MS:
                backoff.reset()
            await self._pause(backoff.next_s())

    async def sensor_power(self, until_boot_ms: int) -> None:
        """See `sensor_power.Switch`."""
        device = self._device
        if device is None:
            raise SensorPowerAway(f"{self._port.port} does not answer")

        asked_ms = 0

        async def switch() -> int:
            nonlocal asked_ms
            asked_ms = min(max(0, until_boot_ms - self._clock.mono_ms()), _MOST_POWER_MS)
            return await device.sensor_power(asked_ms)

        from firmware_bridge.mcu.asking import tried  # noqa: PLC0415 - SMP is loaded where it is used

        try:
            async with asyncio.timeout(POWER_LIMIT_S):
                left_ms = await tried(switch)
        except TimeoutError:
            raise SensorPowerAway(f"{self._port.port}: no answer within {POWER_LIMIT_S:g} s") from None
        except BridgeError as error:
            raise SensorPowerAway(str(error)) from error
        if left_ms > asked_ms + _TOLD_MORE_MS or (asked_ms and not left_ms):
            raise SensorPowerAway(f"{self._port.port}: asked for {asked_ms} ms, it says {left_ms} ms")

    @asynccontextmanager
    async def lent(self, for_s: int) -> AsyncIterator[None]:
        """While this is entered the port is free for somebody else, for `for_s` seconds at most as far as the watchdog
        goes. One at a time. Raises McuAway when the port is not let go in time."""
        async with self._lending:
            await self._kick_once(for_s)
            self._leave.set()
            try:
                async with asyncio.timeout(LEND_LIMIT_S):
                    await self._idle.wait()
                yield
            except TimeoutError as error:
                raise McuAway(self._port.port, "it is still in use; try again") from error
            finally:
                self._kick_due_ms = 0
                self._idle.clear()
                self._leave.clear()
                self._say(McuState(None, self._clock.mono_ms(), ""))

    async def stop(self) -> None:
        """The agent stops in order: give whoever starts it again time to do so. Never raises."""
        await self._kick_once(STOPPED_S)

    async def _one_connection(self) -> None:
        # SMP and pyserial are heavy, and most units have no microcontroller.
        from firmware_bridge.mcu.asking import stats_of, tried, version_of  # noqa: PLC0415 - as above
        from firmware_bridge.smp.device import Limits, SmpDevice  # noqa: PLC0415 - as above
        from firmware_bridge.transport.ports import resolve  # noqa: PLC0415 - as above
        from firmware_bridge.transport.serial_line import open_line  # noqa: PLC0415 - as above

        path = await asyncio.to_thread(resolve, self._port.port)
        line = await open_line(path, baud=self._port.baud)
        try:
            async with SmpDevice.on(
                line, "raw" if self._port.raw else "console", Limits(reply_s=_REPLY_S, tries=1)
            ) as device:
                version = await tried(lambda: version_of(device))
                uptime_s = -1
                while not self._leave.is_set():
                    stats = await tried(lambda: stats_of(device))
                    if stats.uptime_s is not None and stats.uptime_s < uptime_s:
                        version = await tried(lambda: version_of(device))
                    uptime_s = -1 if stats.uptime_s is None else stats.uptime_s
                    await self._heard(device, stats, version)
                    await self._pause(self._poll_s)
        finally:
            self._device = None
            with suppress(BridgeError):
                await line.close()

    async def _heard(self, device: "SmpDevice", stats: McuStats, version: str | None) -> None:
        self._device = device
        self.latest.tell(stats.health(version, with_supply=self._with_supply))
        self._say(McuState(stats, self._clock.mono_ms(), ""))
        if self._lost_told:
            self._lost_told = False
            await self._tell(Happening("mcu-back", "info", "the microcontroller answers again"))
        if self._power_wanted is not None and stats.power_left_ms and not self._power_wanted():
            await self._cut_power(device)
        await self._kick_if_alive(device)

    async def _cut_power(self, device: "SmpDevice") -> None:
        """Power that nobody wants; one that does not cut it is asked again after its next figures."""
        try:
            await device.sensor_power(0)
        except (DeviceRefused, DeviceSilent, ReplyUnreadable) as error:
            _log.warning("the microcontroller does not cut the sensors' power", detail=str(error))

    async def _lost(self, detail: str) -> None:
        self.latest.fail(one_line(detail, _SUMMARY_SIGNS))
        self._say(McuState(None, self._clock.mono_ms(), one_line(detail, _SUMMARY_SIGNS)))
        if not self._lost_told:
            self._lost_told = True
            summary = one_line(f"the microcontroller does not answer: {detail}", _SUMMARY_SIGNS)
            await self._tell(Happening("mcu-lost", "warning", summary))

    async def _kick_if_alive(self, device: "SmpDevice") -> None:
        now_ms = self._clock.mono_ms()
        if not self._watchdog_s or now_ms < self._kick_due_ms:
            return
        missing = self._vitals.missing(now_ms / 1000)
        if missing:
            await self._tell_not_kicked(f"{', '.join(missing)} stands still, so the watchdog is not kicked and will")
            return
        every_ms = self._watchdog_s * 1000 // _KICKS_IN_LIMIT
        try:
            await device.kick(self._watchdog_s)
        except DeviceRefused as error:
            _log.warning("the microcontroller has no watchdog", detail=str(error))
        except (DeviceSilent, ReplyUnreadable) as error:
            # It tells its figures, so it is not lost: it is kicked again after the next ones.
            self._kick_due_ms = self._kick_due_ms or now_ms
            _log.warning("the watchdog's kick was not answered", detail=str(error))
            if now_ms - self._kick_due_ms >= every_ms:
                await self._tell_not_kicked("the microcontroller does not answer the watchdog's kick, which may")
            return
        self._not_kicked_told = False
        self._kick_due_ms = max(self._kick_due_ms, now_ms + every_ms)  # a longer time was asked for meanwhile

    async def _tell_not_kicked(self, why: str) -> None:
        """Once, until it is kicked again."""
        if not self._not_kicked_told:
            self._not_kicked_told = True
            await self._tell(Happening("watchdog-not-kicked", "alarm", f"{why} restart the unit"))

    async def _kick_once(self, limit_s: int) -> None:
        device = self._device
        if device is None or not self._watchdog_s:
            return
        from firmware_bridge.mcu.asking import tried  # noqa: PLC0415 - SMP is loaded where it is used

        limit_s = max(limit_s, self._watchdog_s)
        self._kick_due_ms = self._clock.mono_ms() + limit_s * 1000  # a shorter one must not follow it
        try:
            async with asyncio.timeout(POWER_LIMIT_S):
                await tried(lambda: device.kick(limit_s))
        except (BridgeError, TimeoutError) as error:
            _log.warning("the watchdog was not given more time", detail=str(error))

    async def _lent_until_given_back(self) -> None:
        self.latest.fail("its port is lent for new firmware")
        self._say(McuState(None, self._clock.mono_ms(), ""))
        while self._leave.is_set():
            self._idle.set()  # also for who borrows it at once after it was given back
            await self.next_state()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leave.wait()

    def _say(self, state: McuState) -> None:
        self.state = state
        news, self._news = self._news, asyncio.Event()
        news.set()
