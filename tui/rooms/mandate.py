"""One mandate: everything about it, its exact line, and how to sign it far away."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import FeedItem
from protocols.api.checks import CheckView, UnitAccess
from protocols.api.feed import EventsChanged, Watch
from protocols.api.mandates import MandateView
from tui.lines import Page
from tui.mandate_page import Today, page_lines
from tui.paint import Span
from tui.rooms.mandate_deeds import MandateDeeds

CHECKS_ASKED = 50


class MandateRoom(MandateDeeds):
    """The page of one mandate."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sign", "sign", tooltip="read what its line says, then sign it with your key"),
        Binding("p", "paste", "paste signature", tooltip="hand in a signature that was made elsewhere"),
        Binding("y", "copy", "copy line", tooltip="the exact line, to the terminal's clipboard"),
        Binding("x", "cancel", "cancel", tooltip="end it before its time, or give up a draft"),
        Binding("g", "recovered", "kit is back", tooltip="the unit of a cancelled mandate is back"),
        Binding("u", "unit", "unit", tooltip="the page of its unit"),
        Binding("a", "authorities", "authorities", tooltip="what mandates rest on"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, mandate_id: str) -> None:
        super().__init__()
        self._mandate_id = mandate_id
        self._view: MandateView | None = None
        self._access: UnitAccess | None = None
        self._checks: list[CheckView] = []
        self._page = Page(id="page")

    @override
    def body(self) -> ComposeResult:
        """One page, scrolled."""
        self._page.can_focus = True
        yield self._page

    def on_mount(self) -> None:
        """Say which is coming."""
        self.set_focus(self._page)
        self._page.show([(Span(f" {self._mandate_id}", "title"), Span("   asking the controller …", "muted"))])

    @property
    @override
    def chosen(self) -> MandateView | None:
        """See MandateDeeds."""
        return self._view

    @property
    @override
    def unit_known(self) -> str:
        """See MandateDeeds."""
        return self._view.unit if self._view is not None else ""

    @override
    def refetch(self) -> None:
        """See Room."""
        self._ask()

    def _ask(self, *, background: bool = False) -> None:
        door, mandate_id = self.desk.door, self._mandate_id
        self.ask("mandate", lambda: door.mandate(mandate_id), self._arrived, background=background)

    def _arrived(self, view: MandateView) -> None:
        self._view = view
        if view.state == "live":
            door = self.desk.door
            self.ask("access", lambda: door.access(view.unit), self._access_arrived)
            self.ask("checks", lambda: door.checks(view.unit, CHECKS_ASKED), self._checks_arrived)
        self._draw()
        self.refresh_bindings()

    @override
    def show_changed(self, view: MandateView) -> None:
        """See MandateDeeds."""
        self._arrived(view)

    def _access_arrived(self, access: UnitAccess) -> None:
        self._access = access
        self._draw()

    def _checks_arrived(self, checks: list[CheckView]) -> None:
        self._checks = [check for check in checks if check.mandate == self._mandate_id]
        self._draw()

    def _draw(self) -> None:
        view = self._view
        if view is not None:
            clock = self.desk.server_clock
            width = max(40, self.size.width - 2)
            today = Today(self._access, self._checks)
            trouble = self.trouble(view)
            self._page.show(page_lines(view, today, trouble, clock.now(), self.me, width, utc=clock.utc))

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(summary=True, events=True)

    @override
    def feed_arrived(self, item: FeedItem) -> None:
        """Every change of a mandate is an event."""
        if isinstance(item, EventsChanged):
            self.soon("mandate", lambda: self._ask(background=True))

    @override
    def tick(self) -> None:
        """See Room."""
        self._draw()
        super().tick()

    def on_resize(self) -> None:
        """Broken anew for another width."""
        self._draw()

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

    def action_back(self) -> None:
        """Back to where it was opened."""
        self.dismiss()
