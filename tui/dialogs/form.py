"""A dialog of fields, and a sentence below them that says at each key what would be done, or what is missing."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import DescendantFocus
from textual.widgets import Input
from typing_extensions import override

from tui.dialogs.dialog import Dialog, Result, Words
from tui.field import Field
from tui.paint import Line, Span, Tone, wrap


class Form(Dialog[Result]):
    """`sentence` is the last of the content; `tell` fills it, and `action_save` returns what the fields describe.

    `esc` asks once before it throws away what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "save"),
        Binding("tab,down", "app.focus_next", "next field"),
        Binding("up", "app.focus_previous", "field before", show=False),
    ]

    def __init__(self, title: str = "") -> None:
        super().__init__(title)
        self.sentence = Words()
        self._untouched: list[str] = []
        self._is_leaving = False
        self._is_refused = False

    def on_mount(self) -> None:
        """Nothing is filled in yet."""
        super().on_mount()
        self._untouched = self._filled_in
        self.tell()

    @property
    def _filled_in(self) -> list[str]:
        return [field.value for field in self.query(Field)]

    def on_input_changed(self, message: Input.Changed) -> None:
        """Say what would be done."""
        message.stop()
        self._is_leaving = self._is_refused = False
        self.tell()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What is said may be about the field that the cursor is in."""
        event.stop()
        self.tell()

    @override
    def action_close(self) -> None:
        """Close, the second time when something was typed."""
        if self._is_leaving or self._filled_in == self._untouched:
            super().action_close()
        else:
            self._is_leaving = True
            self.desk.say("esc again throws away what you typed", "fair")

    def fault_lines(self, fault: str) -> list[Line]:
        """What is missing, for `sentence`; in red once the person wanted to go on without it."""
        tone: Tone = "bad" if self._is_refused else "fair"
        return [(Span(" "), *line) for line in wrap(fault, 70, tone)]

    def refuse(self, field: str = "") -> None:
        """It can not be done as it is: put the cursor into the field that is called `field`, and say there what it
        needs."""
        self._is_refused = True
        if field:
            self.set_focus(self.query_one(f"#{field}", Field))
        self.tell()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        self.action_save()

    def tell(self) -> None:
        """Say in `sentence` what would be done, or what is missing."""
        raise NotImplementedError

    def action_save(self) -> None:
        """Return what the fields describe, when they do."""
        raise NotImplementedError
