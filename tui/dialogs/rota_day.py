"""A day of a rota at length."""

from datetime import date
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from tui.dialogs.dialog import Dialog
from tui.lines import Page
from tui.paint import Line, Span
from tui.rota_days import RotaDay
from tui.rota_words import clock_words, day_words, finding_lines, shift_lines

_WIDTH = 70
_CHROME = 6


class RotaDayDialog(Dialog[None]):
    """Who has what, from when to when and why, and every finding with what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", "close", show=False)]

    def __init__(self, day: RotaDay, today: date, zone: str, *, utc: bool) -> None:
        when = " · ".join(filter(None, ["today" if day.day == today else "", day.holiday, clock_words(day.extra_h)]))
        super().__init__(day_words(day.day) + (f" · {when}" if when else ""))
        self._page = Page(id="help")
        self._lines: list[Line] = [(), *shift_lines(day, zone, utc=utc), ()]
        for finding in day.findings:
            if finding.answer != "ok":
                self._lines += [*finding_lines(finding, _WIDTH, remedy=True), ()]
        if not day.findings:
            self._lines += [(Span(" nothing was found on this day", "good"),), ()]

    @override
    def content(self) -> ComposeResult:
        """The lines, scrolled where they are many."""
        self._page.can_focus = True
        self._page.show(self._lines)
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        super().on_mount()
        self._page.styles.height = max(4, min(len(self._lines), self.app.size.height - _CHROME))
        self.set_focus(self._page)
        self.watch(self._page, "scroll_y", self._tell_more)
        self.call_after_refresh(self._tell_more)

    def _tell_more(self) -> None:
        below = self._page.line_count > self._page.shown_lines.stop
        self.query_one(".box").border_subtitle = "↓ more" if below else ""
