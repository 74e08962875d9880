"""Textual's driver of a terminal, with questions after what it writes; their answers are no keys."""

from time import monotonic
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition
from textual.message import Message
from typing_extensions import override

from tui.desk import Desk
from tui.pace import Pace


class PacedDriver(LinuxDriver):
    """Connects the desk's pace with the terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._pace = app.pace if isinstance(app, Desk) else Pace()
        self._pace.connect(self.write)

    @override
    def write(self, data: str) -> None:
        """See Driver."""
        super().write(self._pace.painted(data))

    @override
    def process_message(self, message: Message) -> None:
        """See Driver; called in the thread that reads."""
        if isinstance(message, CursorPosition):
            self._loop.call_soon_threadsafe(self._pace.answered, message.y + 1, message.x + 1, monotonic())
        else:
            super().process_message(message)
