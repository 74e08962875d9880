"""A line to type in."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea


class Field(Input):
    """An Input without a frame. Its cursor does not blink: over a poor link every blink costs.

    `enter` says what the enter key does, for the line of keys; with `replaced` the text is selected on coming in, so
    that typing replaces it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "keep")]

    def __init__(
        self,
        value: str = "",
        *,
        hint: str = "",
        most: int = 200,
        enter: str = "keep",
        numbers_only: bool = False,
        replaced: bool = False,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        super().__init__(
            value,
            placeholder=hint,
            max_length=most,
            type="integer" if numbers_only else "text",
            id=id,
            compact=True,
            select_on_focus=replaced,
        )
        self.cursor_blink = False
        self.enter_does = enter


class TextField(TextArea):
    """Lines to paste or type in: no frame, no line numbers, no blinking cursor. Tab leaves it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, compact=True, show_line_numbers=False, soft_wrap=False, tab_behavior="focus")
        self.cursor_blink = False
