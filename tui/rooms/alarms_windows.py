"""Maintenance windows: who works on what until when, while no alarm of it is raised."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.alarms import NewWindow, WindowView
from tui.alarm_rule_lines import window_detail, window_line
from tui.dialogs.alarm_forms import WindowDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.alarms_books import AlarmBooksRoom
from tui.rooms.listing_room import ListingRoom


class AlarmWindowsRoom(ListingRoom[WindowView], AlarmBooksRoom):
    """Maintenance windows that are not over."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_window", "begin", tooltip="somebody works on a unit or a deployment"),
        Binding("x", "end", "end it", tooltip="the work is over: alarms again"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "new_window": Reserved("beginning maintenance", "work-deployment"),
        "end": Reserved("ending maintenance", "work-deployment"),
    }

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("windows", self.desk.door.alarm_windows, self.show_items, background=background)

    @override
    def key_of(self, item: WindowView) -> str:
        """See ListingRoom."""
        return item.window

    @override
    def item_line(self, item: WindowView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return window_line(item, width, clock.now(), utc=clock.utc)

    @override
    def detail_lines(self, item: WindowView) -> list[Line]:
        """See ListingRoom."""
        return window_detail(item, self.desk.server_clock.now())

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        count = str(len(self._list.items)) if self._is_known else "…"
        return (Span(" MAINTENANCE WINDOWS  ", "muted"), Span(count, "strong"))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("Nobody works on anything; n begins maintenance.", "muted"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the window under the cursor."""
        return self.allows(action) and (action != "end" or self.chosen is not None)

    def action_new_window(self) -> None:
        """Somebody works on a unit or a deployment."""
        clock = self.desk.server_clock
        self.app.push_screen(WindowDialog(self.me, "", clock.now(), utc=clock.utc), self._begin)

    def _begin(self, new: NewWindow | None) -> None:
        if new is not None:
            door = self.desk.door
            about = new.unit or new.deployment
            self.do(
                "beginning maintenance",
                lambda: door.make_alarm_window(new),
                lambda _view: self.done(f"{about} is in maintenance"),
            )

    def action_end(self) -> None:
        """The work is over."""
        view = self.chosen
        if view is not None:
            door, about = self.desk.door, view.unit or view.deployment
            self.do(
                f"ending maintenance of {about}",
                lambda: door.end_alarm_window(view.window),
                lambda _view: self.done(f"maintenance of {about} is over: what holds raises again"),
            )
