"""`firmware-bridge update`: firmware onto a device at the bench, judged, tried, and taken back when it is not well."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from cyclopts import Parameter

from firmware_bridge.cli.given_files import read_given
from firmware_bridge.cli.images import Board, ImageFile, KeyFiles, read_keys
from firmware_bridge.cli.leave import Leave
from firmware_bridge.cli.options import Baud, Json, Port, SpyFile, WholeNumber
from firmware_bridge.cli.output import print_json, print_line, print_remark
from firmware_bridge.cli.progress import ProgressBar
from firmware_bridge.cli.slots import Frames
from firmware_bridge.cli.spying import spied
from firmware_bridge.errors import ImageRefused, UpdateFailed
from firmware_bridge.images.installed import Installed
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.transport.spy import Spy
from firmware_bridge.updating.carrying_out import Told
from firmware_bridge.updating.carrying_out import update as carry_out
from firmware_bridge.updating.device import UpdatableDevice
from firmware_bridge.updating.first_look import look_first
from firmware_bridge.updating.machine import Stage
from firmware_bridge.updating.mcuboot_device import McubootDevice, mcuboot_maker
from firmware_bridge.updating.plugins import load_plugin
from firmware_bridge.updating.reasons import reasons
from firmware_bridge.updating.reopening import ReopeningLine
from protocols.releases.manifest import MAX_TARGET_BYTES, PartName

_MCUBOOT = "mcuboot"
_KIB = 1024
_SAID: dict[Stage, str] = {
    "judging": "looking what the device runs",
    "sending": "sending the image",
    "booting": "restarting the device, to try the image once",
    "checking": "looking whether the device is well",
    "confirming": "having the device confirm the image",
    "reverting": "restarting the device, to have the old image back",
}
_NEW_MAY_RUN = (
    "the device may run the new image, on trial: begin the update again, and it goes on; "
    "left alone, the device's next restart takes back what was not confirmed"
)
_LEFT: dict[Stage, str] = {
    "judging": "nothing was sent; begin the update again",
    "sending": "the device runs what it ran; begin the update again: what it has is not sent again",
    "booting": _NEW_MAY_RUN,
    "checking": _NEW_MAY_RUN,
    "confirming": "the device runs the new image, and may have confirmed it: begin the update again, to be sure",
    "reverting": _NEW_MAY_RUN,
}
"""What is said to whoever interrupts an update."""


def update(
    port: Port,
    image: ImageFile,
    *,
    board: Board,
    key: KeyFiles = None,
    permit: Annotated[Path | None, Parameter(help="Two people's leave for an older image: fleet permit draft.")] = None,
    people: Annotated[Path | None, Parameter(help="The people list that the permit is checked against.")] = None,
    unit: Annotated[str | None, Parameter(help="The unit that the device belongs to, if it belongs to one.")] = None,
    part: Annotated[PartName, Parameter(help="What of a unit it is.")] = "mcu",
    updater: Annotated[str, Parameter(help="mcuboot, or the name of a plug-in.")] = _MCUBOOT,
    health_s: Annotated[
        int, Parameter(validator=WholeNumber(1, 3600), help="How long the device may take until it is well.")
    ] = 60,
    baud: Baud = 115200,
    framing: Frames = "console",
    spy: SpyFile = None,
    json: Json = False,
) -> None:
    """Bring a device to an image: judged before a byte is sent, tried once, confirmed when it is well, else taken
    back. It goes on where an earlier update was broken off; a device that runs the image already is left alone."""
    content = read_given(image, MAX_TARGET_BYTES)
    if updater == _MCUBOOT and not key:
        raise ImageRefused("unknown-key", "no key is given to judge the image by", "give --key PUBLIC.pem")
    make = mcuboot_maker(read_keys(key), framing=framing) if updater == _MCUBOOT else load_plugin(updater)
    leave = None if permit is None else Leave(permit, people, part, unit)

    async def bring(watcher: Spy | None) -> tuple[Installed, int | None]:
        async def open_again() -> Line:
            return await open_line(resolve(port), baud=baud, spy=watcher)

        line = ReopeningLine(port, open_again, await open_again())
        try:
            device = make(line)
            would_be = await device.judge(content, board)
            if would_be.board and not board:
                said = f"the image is made for {would_be.board}, and it was not said what the device is"
                raise ImageRefused("wrong-board", said, f"give --board {would_be.board} if it is that")
            allowed = leave is not None and leave.allows(content, would_be)
            with Narration(lambda: _overwritten(device, would_be)) as narration:
                narration.tell(Told("judging"))
                await look_first(device, line)
                ran = await carry_out(
                    device, content, board=board, may_downgrade=allowed, health_limit_s=health_s, tell=narration.tell
                )
                return ran, would_be.security_counter
        except UpdateFailed as failed:
            if updater == _MCUBOOT and (behind := reasons(failed, would_be)):
                print_remark("\n- ".join(behind))
            raise
        finally:
            await line.close()

    with spied(spy) as watcher:
        done, counter = asyncio.run(bring(watcher))
    if json:
        print_json(done._asdict())
    else:
        print_line(f"the device runs {done.version}, confirmed, hash {done.digest}")
    if counter and updater == _MCUBOOT:
        print_remark(
            f"its security counter {counter} holds once the device was restarted after that; until then an image with "
            f"a lower one is taken too: firmware-bridge reset {port}"
        )


def _overwritten(device: UpdatableDevice, wanted: Installed) -> str:
    """What the sending overwrites beside what runs; empty where nothing that is known is lost."""
    beside = device.beside if isinstance(device, McubootDevice) else None
    if beside is None or beside.digest_hex == wanted.digest:
        return ""
    return f"{beside.version}, which is in the slot that does not run, is overwritten"


class Narration:
    """Says each stage on standard error, and shows a bar while the image is sent."""

    def __init__(self, overwritten: Callable[[], str] = str) -> None:
        """`overwritten` says what the sending overwrites, empty for nothing; it is asked as the sending begins."""
        self._overwritten = overwritten
        self._stage: Stage | None = None
        self._why = ""
        self._bar: ProgressBar | None = None
        self._was_held_up = False
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Nothing is said before the first stage."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the bar; to whoever interrupts it, say what the device runs."""
        self._open.close()
        if self._stage is not None and isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            print_remark(f"interrupted: {_LEFT[self._stage]}")

    def tell(self, told: Told) -> None:
        """Say what is new in `told`."""
        if told.progress is not None:
            if self._was_held_up and not told.progress.done_bytes:
                return
            if self._was_held_up:
                print_remark(f"going on at {told.progress.done_bytes / _KIB:.1f} KiB")
            self._was_held_up = False
            if self._bar is None:
                self._bar = self._open.enter_context(ProgressBar("sent"))
            self._bar.tell(told.progress)
            return
        if not told.held_up and (told.stage, told.why) == (self._stage, self._why):
            return
        self._open.close()
        self._bar = None
        self._was_held_up = bool(told.held_up)
        if told.held_up:
            print_remark(f"{told.held_up}; ctrl-c is safe: {_LEFT[told.stage]}")
            return
        self._stage, self._why = told.stage, told.why
        lost = self._overwritten() if told.stage == "sending" else ""
        print_remark(_SAID[told.stage] + (f"; {lost}" if lost else "") + (f" ({told.why})" if told.why else ""))
