"""Textual's driver of a terminal, with questions after what it writes; their answers are no keys.

While the pace waits for an answer, paints are gathered, and what is painted over is never written: at most one screen
is on the line, and the program never waits for it.
"""

from time import monotonic
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition
from textual.message import Message
from typing_extensions import override

from tui.cells import Cells
from tui.desk import Desk
from tui.pace import Pace

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_LOOK_AGAIN_S = 0.25


class PacedDriver(LinuxDriver):
    """Connects the desk's pace with the terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._pace = app.pace if isinstance(app, Desk) else Pace()
        self._pace.connect(super().write)
        self._cells = Cells()
        self._cells_size = app.size
        self._is_synchronized = False
        self._is_looking = False

    @override
    def start_application_mode(self) -> None:
        """See Driver."""
        self._cells.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # it has no types
        self._pace.greet()

    @override
    def stop_application_mode(self) -> None:
        """See Driver."""
        self._cells.forget()
        super().stop_application_mode()

    @override
    def write(self, data: str) -> None:
        """See Driver."""
        if not self._pace.is_pacing:
            self._write_whole(data)
        elif data in {_SYNC_START, _SYNC_END}:
            self._is_synchronized = True
        elif not data.startswith("\x1b[") or not data.endswith("H"):
            super().write(data)
        else:
            self._paint(data)

    def _paint(self, data: str) -> None:
        if self._app.size != self._cells_size:
            self._cells_size = self._app.size
            self._cells.forget()
        if self._cells.take(data):
            self._write_changes()
        else:
            self._write_whole(data)

    def _write_whole(self, data: str) -> None:
        """Write what is not painted in cells, over all that was painted before it."""
        held = self._cells.changes()
        self._cells.forget()
        if held:
            super().write(held)
        super().write(self._pace.painted(data))

    def _write_changes(self) -> None:
        room = self._pace.room_chars()
        changes = self._cells.changes(room)
        if changes:
            whole = f"{_SYNC_START}{changes}{_SYNC_END}" if self._is_synchronized else changes
            super().write(self._pace.painted(whole))
        if room is not None and not self._is_looking:
            self._is_looking = True
            self._loop.call_later(_LOOK_AGAIN_S, self._look)

    def _look(self) -> None:
        """An answer that never comes is waited for no longer than the pace does."""
        self._is_looking = False
        if self._cells.is_waiting:
            self._write_changes()

    def _answered(self, row: int, column: int, at_s: float) -> None:
        self._pace.answered(row, column, at_s)
        if self._cells.is_waiting:
            self._write_changes()

    @override
    def process_message(self, message: Message) -> None:
        """See Driver; called in the thread that reads."""
        if isinstance(message, CursorPosition):
            self._loop.call_soon_threadsafe(self._answered, message.y + 1, message.x + 1, monotonic())
        else:
            super().process_message(message)
