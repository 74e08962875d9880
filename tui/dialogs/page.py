"""Lines in a box, scrolled where the terminal is small."""

from typing import ClassVar

from textual.app import ComposeResult
from typing_extensions import override

from tui.dialogs.dialog import Dialog, Result
from tui.lines import Page
from tui.paint import Line

_LEAST = 5


class PageDialog(Dialog[Result]):
    """Shows `lines`; the box says while there are more below."""

    CHROME: ClassVar[int] = 6
    """Rows of the terminal that are not the text's: frame, note line, keys, and what stays free around the box."""

    def __init__(self, lines: list[Line], title: str = "") -> None:
        super().__init__(title)
        self._lines = lines
        self._page = Page(id="help")

    @override
    def content(self) -> ComposeResult:
        """The lines."""
        self._page.can_focus = True
        self._page.show(self._lines)
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        super().on_mount()
        self._page.styles.height = max(_LEAST, min(len(self._lines), self.app.size.height - self.CHROME))
        self.set_focus(self._page)
        self.watch(self._page, "scroll_y", self._tell_more)
        self.call_after_refresh(self._tell_more)

    @property
    def is_more(self) -> bool:
        """Whether there are lines below those on the screen."""
        return self._page.line_count > self._page.shown_lines.stop

    def _tell_more(self) -> None:
        self.query_one(".box").border_subtitle = "↓ more" if self.is_more else ""
