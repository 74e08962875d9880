"""The box every dialog is."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.asks import Asks
from tui.bars import KeyBar, NoteBar
from tui.lines import LineView, Page
from tui.paint import Line, Span, line_width, wrap
from tui.words import safe

Result = TypeVar("Result")

_INNER_WIDTH = 70


class Dialog(Asks, ModalScreen[Result]):
    """A box over the room, called `title` or TITLE, with its own note line and keys. `esc` closes it and changes
    nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close")]
    TITLE: ClassVar[str] = ""

    def __init__(self, title: str = "", *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._title = title or self.TITLE

    def compose(self) -> ComposeResult:
        """Title, content, note line, keys."""
        with Vertical(classes="box"):
            yield from self.content()
            yield NoteBar()
            yield KeyBar()

    def on_mount(self) -> None:
        """Put the title on the box, and the cursor into its first field or list, before the next key comes."""
        self.query_one(".box").border_title = Content(safe(self.title_text()))
        self.set_focus(next(iter(self.focus_chain), None))

    def title_text(self) -> str:
        """What the box is called."""
        return self._title

    def content(self) -> ComposeResult:
        """What the box shows."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second has passed."""
        for lines in self.query(LineView):
            lines.repaint()

    def action_close(self) -> None:
        """Close without doing anything; what was said about the dialog goes with it."""
        self.desk.drop_note()
        self.dismiss(None)


class Words(Page):
    """Lines of text in a dialog, as high as they are; a line of one tone that is too long is broken, not cut."""

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        super().__init__()
        if lines:
            self.say(lines)

    def say(self, lines: Sequence[Line]) -> None:
        """Show `lines`."""
        broken = [part for line in lines for part in _broken(line)]
        self.styles.height = len(broken)
        self.show(broken)


def _broken(line: Line) -> list[Line]:
    if len(line) != 1 or line_width(line) <= _INNER_WIDTH:
        return [line]
    return [(Span(" "), *part) for part in wrap(line[0].text, _INNER_WIDTH - 1, line[0].tone)]


def labelled(label: str, value: Line, width: int = 12) -> Line:
    """`label` in a column of its own, then `value`."""
    return (Span(f" {label:<{width}}", "muted"), *value)
