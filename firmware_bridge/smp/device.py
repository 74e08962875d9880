"""A device that speaks SMP: what can be asked of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from smp import file_management, image_management, os_management, settings_management, statistics_management
from smp.message import Request

from firmware_bridge.errors import DeviceRefused, ImageRefused, ReplyUnreadable
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.progress import Progress
from firmware_bridge.smp import replies, unit_group
from firmware_bridge.smp.exchange import Exchange
from firmware_bridge.smp.framing import Framing
from firmware_bridge.smp.limits import DEFAULT_LIMITS, Limits
from firmware_bridge.smp.refusals import NOT_SUPPORTED
from firmware_bridge.smp.replies import Bootloader, Parameters, SlotState, slot_states
from firmware_bridge.smp.uploading import Tell, upload_file, upload_image
from firmware_bridge.transport.line import Line

__all__ = ["Bootloader", "Limits", "Parameters", "SlotState", "SmpDevice"]


def _tell_nobody(progress: Progress) -> None:
    pass


class SmpDevice:
    """One device. Every method raises PortLost, DeviceSilent, DeviceRefused or ReplyUnreadable; one request is under
    way at a time. Lost messages are sent again within the limits, except a restart's."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._asked_parameters = False

    @classmethod
    @asynccontextmanager
    async def on(cls, line: Line, framing: Framing = "console", limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[Self]:
        """The device on `line`, which stays open afterwards. Nothing is sent by this."""
        line.discard()
        yield cls(Exchange(line, framing, limits))

    async def echo(self, text: str) -> str:
        """`text`, from the device."""
        request = os_management.EchoWriteRequest(d=text)
        return (await self._exchange.ask("echo", request, replies.Echoed)).r

    async def parameters(self) -> Parameters | None:
        """The device's message buffers; None where it does not tell."""
        request = os_management.MCUMgrParametersReadRequest()
        try:
            reply = await self._exchange.ask("parameters", request, replies.BufferReply)
        except DeviceRefused as refused:
            if refused.code != NOT_SUPPORTED:
                raise
            return None
        return Parameters(reply.buf_size, reply.buf_count)

    async def bootloader(self) -> Bootloader | None:
        """The device's bootloader; None where it does not tell."""
        plain = os_management.BootloaderInformationReadRequest()
        mode = os_management.BootloaderInformationReadRequest(query="mode")
        try:
            name = (await self._exchange.ask("bootloader", plain, replies.BootloaderReply)).bootloader
        except DeviceRefused:
            return None
        try:
            told = await self._exchange.ask("bootloader", mode, replies.BootModeReply)
        except (DeviceRefused, ReplyUnreadable):
            return Bootloader(name, mode=None, no_downgrade=False)
        return Bootloader(name, told.mode if told.mode >= 0 else None, told.no_downgrade)

    async def reset(self, *, into_bootloader: bool = False) -> None:
        """Restart the device; with `into_bootloader`, to wait in its bootloader for an image.

        Sent once: a second restart would end the trial of an image that the first one began. After DeviceSilent nobody
        knows whether it restarts.
        """
        request = os_management.ResetWriteRequest(boot_mode=1 if into_bootloader else None)
        self._asked_parameters = False
        self._exchange.fit(None)
        await self._exchange.ask("restart", request, replies.Done, tries=1)

    async def images(self) -> list[SlotState]:
        """The slots that hold an image."""
        return slot_states(await self._slots("image list", image_management.ImageStatesReadRequest()))

    async def upload_image(self, content: bytes, *, image: int = 0, tell: Tell = _tell_nobody) -> None:
        """Put `content` into the free slot of `image`; nothing is sent of one that lies there already, and of one that
        was broken off only the rest."""
        if await self._lies_there(content, image):
            tell(Progress(len(content), len(content)))
            return
        await self._fit()
        await upload_image(self._exchange, content, image=image, tell=tell)

    async def mark_for_test(self, digest_hex: str) -> None:
        """Boot the image of this hash at the next restart, once."""
        request = image_management.ImageStatesWriteRequest(hash=bytes.fromhex(digest_hex), confirm=False)
        try:
            await self._slots("image test", request)
        except DeviceRefused:
            # A device that took the first of two messages refuses the second.
            if not any(slot.digest_hex == digest_hex and slot.pending for slot in await self.images()):
                raise

    async def confirm(self, digest_hex: str | None = None) -> None:
        """Confirm the image of this hash; None: the one that runs."""
        digest = None if digest_hex is None else bytes.fromhex(digest_hex)
        await self._slots("image confirm", image_management.ImageStatesWriteRequest(hash=digest, confirm=True))

    async def erase(self, slot: int = 1) -> None:
        """Erase `slot`."""
        request = image_management.ImageEraseRequest(slot=slot)
        await self._exchange.ask("image erase", request, replies.Done, reply_s=self._exchange.limits.erase_s)

    async def stat_groups(self) -> list[str]:
        """The names of the device's groups of statistics."""
        request = statistics_management.ListOfGroupsRequest()
        return (await self._exchange.ask("statistics", request, replies.StatGroupsReply)).stat_list

    async def stats(self, group: str) -> dict[str, int]:
        """The figures of one group."""
        request = statistics_management.GroupDataRequest(name=group)
        return (await self._exchange.ask(f"statistics {group}", request, replies.StatsReply)).fields

    async def read_file(self, path: str, tell: Tell = _tell_nobody) -> bytes:
        """What the file `path` holds, at most `Limits.file_bytes`."""
        content, total = bytearray(), 0
        while True:
            request = file_management.FileDownloadRequest(off=len(content), name=path)
            part = await self._exchange.ask("file download", request, replies.FilePart)
            if part.off != len(content):
                raise self._unreadable("file download", f"it sent byte {part.off} for byte {len(content)}")
            if not content:
                total = self._file_length(part)
            content += part.data
            tell(Progress(len(content), total))
            if len(content) == total:
                return bytes(content)
            if not part.data or len(content) > total:
                raise self._unreadable("file download", f"it sent {len(content)} of {total} bytes")

    async def write_file(self, path: str, content: bytes, tell: Tell = _tell_nobody) -> None:
        """Make the file `path` hold `content`."""
        await self._fit()
        await upload_file(self._exchange, path, content, tell)

    async def read_setting(self, name: str) -> bytes:
        """The value of a setting, as the device stores it."""
        request = settings_management.ReadSettingRequest(name=name)
        return (await self._exchange.ask(f"setting {name}", request, replies.SettingReply)).val

    async def write_setting(self, name: str, value: bytes) -> None:
        """Give a setting a value."""
        await self._fit()
        request = settings_management.WriteSettingRequest(name=name, val=value)
        await self._exchange.ask(f"setting {name}", request, replies.Done)

    async def kick(self, limit_s: int) -> int:
        """Have the watchdog restart the unit in `limit_s` seconds, at least 1, unless kicked again; returns the
        seconds that it says are left."""
        request = unit_group.WatchdogKick(s=limit_s)
        return (await self._exchange.ask("watchdog", request, replies.WatchdogReply)).left

    async def sensor_power(self, on_ms: int) -> int:
        """Power for camera and microphone for at most `on_ms` from now, 0 … 960,000; 0 cuts it. Returns what the device
        says is left, ms."""
        request = unit_group.SensorPowerWrite(ms=on_ms)
        return (await self._exchange.ask("sensor power", request, replies.SensorPowerReply)).ms

    async def sensor_power_left(self) -> int:
        """For how long camera and microphone have power, ms."""
        request = unit_group.SensorPowerRead()
        return (await self._exchange.ask("sensor power", request, replies.SensorPowerReply)).ms

    async def _slots(self, what: str, request: Request) -> replies.SlotsReply:
        return await self._exchange.ask(what, request, replies.SlotsReply)

    async def _lies_there(self, content: bytes, image: int) -> bool:
        """Whether a slot that does not run holds `content`: a hash is written last, so there is all of it."""
        try:
            digest_hex = read_image(content).digest_hex
            slots = await self.images()
        except (ImageRefused, DeviceRefused):
            return False
        return any(slot.digest_hex == digest_hex and slot.image == image and not slot.active for slot in slots)

    async def _fit(self) -> None:
        """Ask once how large messages may be."""
        if not self._asked_parameters:
            told = await self.parameters()
            self._exchange.fit(None if told is None else told.buf_size)
            self._asked_parameters = True

    def _file_length(self, first: replies.FilePart) -> int:
        most = self._exchange.limits.file_bytes
        if first.len is None or first.len > most:
            raise self._unreadable("file download", f"it does not say a length of at most {most} bytes")
        return first.len

    def _unreadable(self, what: str, detail: str) -> ReplyUnreadable:
        return ReplyUnreadable(self._exchange.port, what, detail)
