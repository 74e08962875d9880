"""One mandate: everything about it, its exact line, and how to sign it far away."""

from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.checks import CheckView, UnitAccess
from protocols.api.mandates import MandateView
from tui.mandate_page import Today, page_lines
from tui.paint import Line
from tui.rooms.mandate_deeds import MandateDeeds
from tui.rooms.page_room import ViewRoom

CHECKS_ASKED = 50


class MandateRoom(ViewRoom[MandateView], MandateDeeds):
    """The page of one mandate."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sign", "sign", tooltip="read what its line says, then sign it with your key"),
        Binding("p", "paste", "paste signature", tooltip="hand in a signature that was made elsewhere"),
        Binding("g", "recovered", "kit is back", tooltip="the unit of a cancelled mandate is back"),
        Binding("y", "copy", "copy line", tooltip="the exact line, to the terminal's clipboard"),
        Binding("x", "cancel", "cancel", tooltip="end it before its time, or give up a draft"),
        Binding("u", "unit", "unit", tooltip="the page of its unit"),
        Binding("a", "authorities", "authorities", tooltip="what mandates rest on"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, mandate_id: str) -> None:
        super().__init__(mandate_id)
        self._access: UnitAccess | None = None
        self._checks: list[CheckView] = []

    @property
    @override
    def unit_known(self) -> str:
        """See MandateDeeds."""
        return self._view.unit if self._view is not None else ""

    @override
    def fetch(self) -> Awaitable[MandateView]:
        """See ViewRoom."""
        return self.desk.door.mandate(self._about)

    @override
    def arrived(self, view: MandateView) -> None:
        """See ViewRoom; of a live one, its day as well."""
        if view.state == "live":
            door = self.desk.door
            self.ask("access", lambda: door.access(view.unit), self._access_arrived)
            self.ask("checks", lambda: door.checks(view.unit, CHECKS_ASKED), self._checks_arrived)
        super().arrived(view)

    @override
    def show_changed(self, view: MandateView) -> None:
        """See DeedsRoom."""
        self.arrived(view)

    def _access_arrived(self, access: UnitAccess) -> None:
        self._access = access
        self.show_page()

    def _checks_arrived(self, checks: list[CheckView]) -> None:
        self._checks = [check for check in checks if check.mandate == self._about]
        self.show_page()

    @override
    def view_lines(self, view: MandateView, width: int) -> list[Line]:
        """See ViewRoom."""
        clock = self.desk.server_clock
        today = Today(self._access, self._checks)
        return page_lines(view, today, self.trouble(view), clock.now(), self.me, width, utc=clock.utc)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with it."""
        match action:
            case "sign" | "paste" | "cancel" | "recovered" | "unit" | "authorities":
                return self.can(action)
            case "copy":
                return self._view is not None and bool(self._view.text)
        return True

    def action_copy(self) -> None:
        """The exact line, as the terminal's clipboard takes it."""
        if self._view is not None and self._view.text:
            self.app.copy_to_clipboard(self._view.text + "\n")
            self.desk.say("its line was handed to the terminal's clipboard, which may ignore it", "plain")
