"""A one-time link to watch in a browser."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.checks import LINK_S, WatchLink
from tui.dialogs.dialog import Dialog, Words
from tui.paint import Line, Span, wrap


class LinkDialog(Dialog[None]):
    """Shows the link; whoever opens it first is the viewer, in the name of who asked for it."""

    TITLE = "Watch in a browser"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "copy")]

    def __init__(self, link: WatchLink) -> None:
        super().__init__()
        self._link = link

    @override
    def content(self) -> ComposeResult:
        """The link, and what it is good for."""
        lines: list[Line] = [(), *[(Span(" "), *line) for line in wrap(self._link.url, 68, "strong")], ()]
        lines.append((Span(f" Good once, for {LINK_S} s. Whoever opens it watches in your name.", "muted"),))
        yield Words([*lines, ()])

    def action_copy(self) -> None:
        """Through the terminal (OSC 52), where it allows that."""
        self.app.copy_to_clipboard(self._link.url)
        self.desk.say("copied, if your terminal lets programs do that", "good")
