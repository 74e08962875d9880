"""Something to be read to its end before `y` is taken."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from tui.dialogs.dialog import Dialog
from tui.lines import Page
from tui.paint import Line

_CHROME = 7
"""Rows of the terminal that are not the text's: frame, note line, keys."""


class ReadingDialog(Dialog[bool]):
    """Returns True when the person wants what is shown, None when closed. `y` is taken only while the last line is on
    the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, sign it")]

    def __init__(self, title: str, lines: list[Line]) -> None:
        super().__init__(title)
        self._lines = lines
        self._page = Page(id="help")

    @override
    def content(self) -> ComposeResult:
        """The text, scrolled when the terminal is small."""
        self._page.can_focus = True
        self._page.show(self._lines)
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        super().on_mount()
        self._page.styles.height = max(5, min(len(self._lines), self.app.size.height - _CHROME))
        self.set_focus(self._page)
        self.watch(self._page, "scroll_y", self._tell_more)
        self.call_after_refresh(self._tell_more)

    @property
    def _is_more(self) -> bool:
        return self._page.line_count > self._page.shown_lines.stop

    def _tell_more(self) -> None:
        self.query_one(".box").border_subtitle = "↓ more" if self._is_more else ""

    def action_yes(self) -> None:
        """Go on, at the end of the text."""
        if self._is_more:
            self.desk.say("read it to its end first: ↓", "fair")
        else:
            self.dismiss(result=True)
