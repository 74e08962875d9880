"""A whole simulated microcontroller: flash, bootloader, application and board. Pure: frames in, frames out, time given.

What it runs decides how it behaves: a program that begins with STUCK never answers, and one that begins with UNWELL
reports a supply of 99 V. Its own watchdog restarts one that is stuck, and its bootloader then goes back.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from firmware_bridge.errors import PowerCut
from firmware_bridge.simulation.board import Board
from firmware_bridge.simulation.boot import PRIMARY, Booted, Bootloader
from firmware_bridge.simulation.file_group import GROUP as FILE_GROUP
from firmware_bridge.simulation.file_group import FileGroup
from firmware_bridge.simulation.flash import Flash
from firmware_bridge.simulation.image_group import GROUP as IMAGE_GROUP
from firmware_bridge.simulation.image_group import ImageGroup
from firmware_bridge.simulation.slot_images import BootKey
from firmware_bridge.simulation.smp_server import SmpServer
from firmware_bridge.simulation.unit_commands import (
    OS_GROUP,
    SETTINGS_GROUP,
    STAT_GROUP,
    UNIT_GROUP,
    SystemFacts,
    settings_group,
    statistics_group,
    system_group,
    unit_group,
)

STUCK, UNWELL = b"simulated: stuck", b"simulated: unwell"
_REPLY_ROOM = 64
_UNWELL_MV = 99_000
_HEADER_BYTES_AT = 8


class McuFacts(NamedTuple):
    """How it is built: the board's name, its buffers, how long a start takes, and how long a stuck program is left
    alone."""

    board: str = "muster_mcu"
    buffer_bytes: int = 384
    buffers: int = 4
    boot_s: float = 0.2
    stuck_s: float = 4.0


class Mcu:
    """It is off until `power_on`. `booted` is what runs; None while it is off, starting, or halted."""

    def __init__(
        self,
        flash: Flash,
        keys: Sequence[BootKey],
        now_s: Callable[[], float],
        facts: McuFacts = McuFacts(),  # noqa: B008 - frozen
        *,
        started: Callable[[Booted | None], None] = lambda _booted: None,
    ) -> None:
        """`started` is called after every start, before anything else is done; None: nothing could be booted."""
        self.flash = flash
        self.board = Board(began_s=now_s())
        self.booted: Booted | None = None
        self.boots: list[Booted | None] = []
        """Every start so far; None: nothing could be started."""
        self.settings: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {"/lfs/board.txt": f"{facts.board}\n".encode()}
        self._bootloader = Bootloader(flash, keys)
        self.now_s = now_s
        self._facts = facts
        self._started = started
        self._server: SmpServer | None = None
        self._stuck = False
        self._ready_s = 0.0
        self._restart_s: float | None = None
        self._powered = False

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._powered

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to do, None when nothing is due."""
        waits = (self._restart_s, self.board.watchdog_due_s, self.board.power_until_s or None)
        return min((each for each in waits if each is not None), default=None)

    def power_on(self) -> None:
        """Give it power, and start it; a cut that was set on the flash may end that at once."""
        self._powered = True
        self._start()

    def power_off(self) -> None:
        """Take its power, as a cut at the flash does."""
        self._powered, self.booted, self._server, self._restart_s = False, None, None, None

    def answer(self, message: bytes) -> bytes | None:
        """The reply to a message; None when there is none: it is off, starting, stuck, or does not understand."""
        self.advance()
        if not self._powered or self._server is None or self._stuck or self.now_s() < self._ready_s:
            return None
        try:
            return self._server.answer(message)
        except PowerCut:
            self.power_off()
            return None

    def advance(self) -> None:
        """Let what is due happen."""
        now_s = self.now_s()
        self.board.advance(now_s)
        if self._restart_s is not None and now_s >= self._restart_s:
            self._start()

    def _start(self) -> None:
        self._server, self._restart_s, self._stuck = None, None, False
        try:
            result = self._bootloader.boot()
            self.booted = result if isinstance(result, Booted) else None
            self.boots.append(self.booted)
            self._started(self.booted)
            if self.booted is not None:
                self._run(self.booted)
        except PowerCut:
            self.power_off()

    def _run(self, booted: Booted) -> None:
        now_s, facts = self.now_s(), self._facts
        self.board.began_s = now_s
        self._ready_s = now_s + facts.boot_s
        program = self._program()
        self._stuck = program.startswith(STUCK)
        if self._stuck:
            self._restart_s = now_s + facts.stuck_s
        board = self.board
        if program.startswith(UNWELL):
            board = Board(began_s=now_s)
            board.figures.supply_mv = _UNWELL_MV
        part_bytes = facts.buffer_bytes - _REPLY_ROOM
        system = SystemFacts(facts.board, facts.buffer_bytes, facts.buffers)
        groups = {
            OS_GROUP: system_group(system, self._restart),
            IMAGE_GROUP: ImageGroup(self.flash, booted.image).commands(),
            STAT_GROUP: statistics_group(board, self.now_s),
            SETTINGS_GROUP: settings_group(self.settings),
            FILE_GROUP: FileGroup(self.files, part_bytes=part_bytes).commands(),
            UNIT_GROUP: unit_group(self.board, self.now_s),
        }
        self._server = SmpServer(groups, buffer_bytes=facts.buffer_bytes)

    def _program(self) -> bytes:
        start = self.flash.layout.slot(PRIMARY)
        header_bytes = int.from_bytes(self.flash.read(start + _HEADER_BYTES_AT, 2), "little")
        return self.flash.read(start + header_bytes, max(len(STUCK), len(UNWELL)))

    def _restart(self) -> None:
        """It answers first."""
        self._restart_s = self.now_s()
