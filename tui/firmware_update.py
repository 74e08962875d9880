"""An update of a device at the bench, with the bridge's own judging and carrying out; nothing here decides anything.

It refuses what `firmware-bridge update` refuses, except that a permit for an older image goes by that command alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from firmware_bridge.cli.given_files import read_given
from firmware_bridge.errors import BridgeError, ImageRefused, UpdateFailed
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.judging import as_installed, judge
from firmware_bridge.images.keys import MAX_KEY_BYTES
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.progress import Progress
from firmware_bridge.scanning import Answer
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.ports import PortFacts, resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.updating.carrying_out import Told
from firmware_bridge.updating.carrying_out import update as carry_out
from firmware_bridge.updating.first_look import look_first
from firmware_bridge.updating.machine import Stage
from firmware_bridge.updating.reasons import reasons
from firmware_bridge.updating.reopening import ReopeningLine
from protocols.releases.manifest import MAX_TARGET_BYTES
from tui.firmware_bench import FRAMINGS
from tui.rota_forms import Unclear

HEALTH_LIMIT_S = 60.0


class Wish(NamedTuple):
    """An image that has been judged, and what it was judged by. `board` is empty where nobody said what the device
    is."""

    file: Path
    content: bytes
    would_be: Installed
    board: str
    keys: Sequence[bytes]


def wish_of(values: Mapping[str, str], running: Installed | None) -> Wish:
    """What the fields `image`, `board` and `key` (paths, with commas between) ask for, read and judged for a device
    that is `running` something; blocks. Raises Unclear for a field that is empty, BridgeError for files that can not be
    read and ImageRefused for what must not be sent."""
    image, board = values["image"], values["board"]
    keys = [part.strip() for part in values["key"].split(",") if part.strip()]
    if not image:
        raise Unclear("image", "image: the signed .bin, by its path on this machine")
    if not keys:
        raise Unclear("key", "key: the PEM of a public key of the device's bootloader, to judge the image by")
    file = _path(image)
    content = read_given(file, MAX_TARGET_BYTES)
    pems = [read_given(_path(key), MAX_KEY_BYTES) for key in keys]
    read = read_image(content)
    refused = judge(read, keys=pems, board=board, installed=running, permit=False)
    if refused is not None:
        raise refused
    if read.board and not board:
        said = f"the image is made for {read.board}, and it was not said what the device is"
        raise ImageRefused("wrong-board", said, f"fill in the board: {read.board}, if it is that")
    return Wish(file, content, as_installed(read), board, pems)


def _path(text: str) -> Path:
    if not text.isprintable():
        raise BridgeError(f"{text!a}: a path has no such characters; type it")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BridgeError(f"{text}: nobody here is called so; give the whole path") from error


class Sent(NamedTuple):
    """How far the image is: since `since_s` of the monotonic clock, when it stood at `from_bytes`."""

    progress: Progress
    from_bytes: int
    since_s: float
    now_s: float

    @property
    def bytes_per_s(self) -> float:
        """The rate since the sending was begun; 0 where that can not be said yet."""
        took_s = self.now_s - self.since_s
        return (self.progress.done_bytes - self.from_bytes) / took_s if took_s > 0 else 0.0


class BenchUpdate:
    """One update, and how far it is. Whoever runs `carry_out` owns it: cancelling that leaves a device that the same
    update brings further when it is begun again."""

    def __init__(self, port: PortFacts, answer: Answer, wish: Wish, health_limit_s: float = HEALTH_LIMIT_S) -> None:
        """`answer` is what the device on `port` answered to, at its speed; raises KeyError for one that is not SMP.
        The device has to be well within `health_limit_s`."""
        self.port = port
        self.wish = wish
        self.stage: Stage = "judging"
        self.why = ""
        self.held_up = ""
        self.sent: Sent | None = None
        self.done: Installed | None = None
        self.failed: str | None = None
        self.behind: list[str] = []
        self.is_broken_off = False
        self.ended_at: datetime | None = None
        """By the clock of whoever runs it."""
        self._health_limit_s = health_limit_s
        self._baud = answer.baud
        self._framing = FRAMINGS[answer.what]

    @property
    def is_over(self) -> bool:
        """Whether it has come to an end, a good or a bad one."""
        return self.done is not None or self.failed is not None

    async def carry_out(self) -> None:
        """Bring the device to the image; how it ended is in `done` or `failed` then, and what can be `behind` a
        failure. Never raises BridgeError."""
        try:
            self.done = await self._carry_out()
        except UpdateFailed as error:
            self.failed, self.behind = str(error), reasons(error, self.wish.would_be)
        except BridgeError as error:
            self.failed = str(error)

    async def _carry_out(self) -> Installed:
        from firmware_bridge.updating.mcuboot_device import mcuboot_maker  # noqa: PLC0415 - heavy, and only for benches

        async def open_again() -> Line:
            return await open_line(resolve(self.port.stable), baud=self._baud)

        line = ReopeningLine(self.port.stable, open_again, await open_again())
        try:
            device = mcuboot_maker(self.wish.keys, framing=self._framing)(line)
            await look_first(device, line)
            return await carry_out(
                device,
                self.wish.content,
                board=self.wish.board,
                may_downgrade=False,
                tell=self._told,
                health_limit_s=self._health_limit_s,
            )
        finally:
            await line.close()

    def _told(self, told: Told) -> None:
        if told.progress is not None:
            self._went_on(told.progress)
        elif told.held_up:
            self.held_up, self.sent = told.held_up, None
        else:
            self.stage, self.why, self.held_up = told.stage, told.why, ""

    def _went_on(self, progress: Progress) -> None:
        if self.held_up and not progress.done_bytes:
            return
        self.held_up = ""
        now_s, before = monotonic(), self.sent
        is_first = before is None or not before.progress.done_bytes  # what a device holds already took no time now
        if before is None or is_first or progress.done_bytes < before.from_bytes:
            before = Sent(progress, progress.done_bytes, now_s, now_s)
        self.sent = before._replace(progress=progress, now_s=now_s)


class Bench:
    """The console's one update at a time, which goes on whatever screen is shown, what was typed for the last, and
    the ports that a person `named`."""

    def __init__(self) -> None:
        self.update: BenchUpdate | None = None
        self.typed: Mapping[str, str] = {}
        self.named: list[str] = []
        self.health_limit_s = HEALTH_LIMIT_S
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> BenchUpdate | None:
        """The update that goes on, None when none does."""
        return self.update if self._task is not None else None

    def forget(self, stable: str) -> None:
        """The device on that port is gone: how its update ended is not true of what is plugged in next."""
        if self.running is None and self.update is not None and self.update.port.stable == stable:
            self.update = None

    async def carry_out(self, update: BenchUpdate) -> None:
        """Carry `update` out, in the task of whoever awaits this, until it is over or broken off; none goes on yet."""
        self.update, self._task = update, asyncio.current_task()
        try:
            await update.carry_out()
        except asyncio.CancelledError:
            update.is_broken_off, update.failed = True, "broken off"
            raise
        finally:
            self._task = None

    def break_off(self) -> None:
        """End the update that goes on, if one does."""
        if self._task is not None:
            self._task.cancel()
