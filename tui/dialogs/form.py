"""A dialog of fields, and a sentence below them that says at each key what would be done."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.dialogs.dialog import Dialog, Result, Words


class Form(Dialog[Result]):
    """`sentence` is the last of the content; `tell` fills it, and `action_save` returns what the fields describe."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "save"),
        Binding("tab,down", "app.focus_next", "next field"),
        Binding("up", "app.focus_previous", "field before", show=False),
    ]

    def __init__(self, title: str = "") -> None:
        super().__init__(title)
        self.sentence = Words()

    def on_mount(self) -> None:
        """Nothing is filled in yet."""
        super().on_mount()
        self.tell()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Say what would be done."""
        message.stop()
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
