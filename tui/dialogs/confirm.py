"""A last look before something is done: the sentence for the log, and what has to be typed or pressed."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from tui.dialogs.dialog import Dialog, Words
from tui.field import Field
from tui.paint import Line, Span, wrap

_WIDTH = 68


def log_sentence(sentence: str) -> list[Line]:
    """The sentence that will go into the log, marked as such."""
    lines = wrap(f"“{sentence}”", _WIDTH, "strong")
    return [(Span(" goes into the log:", "muted"),), *[(Span(" "), *line) for line in lines]]


class ConfirmDialog(Dialog[bool]):
    """Returns True when the person pressed `y`, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, do it")]

    def __init__(self, title: str, before: list[Line], sentence: str) -> None:
        super().__init__(title)
        self._lines = [(), *before, (), *log_sentence(sentence), ()]

    @override
    def content(self) -> ComposeResult:
        """What will happen, and the sentence."""
        yield Words(self._lines)

    def action_yes(self) -> None:
        """Go on."""
        self.dismiss(result=True)


class TextDialog(Dialog[str]):
    """Asks for one line of text; returns it, None when closed. An answer is refused here only for its length."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "go on")]

    def __init__(
        self, title: str, before: list[Line], *, value: str = "", least: int = 0, most: int = 200, hint: str = ""
    ) -> None:
        super().__init__(title)
        self._lines = before
        self._value = value
        self._least = least
        self._most = most
        self._hint = hint

    @override
    def content(self) -> ComposeResult:
        """What is asked, and the field."""
        yield Words(self._lines)
        yield Field(self._value, hint=self._hint, most=self._most, enter="go on")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Return what was typed, when it is enough."""
        value = self.query_one(Field).value.strip()
        if len(value) < self._least:
            self.desk.say("it can not stay empty", "fair")
        else:
            self.dismiss(value)
