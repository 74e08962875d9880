"""A line to type in."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class Field(Input):
    """An Input without a frame, whose cursor starts at the end of what is there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "keep")]

    def __init__(
        self,
        value: str = "",
        *,
        hint: str = "",
        most: int = 200,
        numbers_only: bool = False,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        super().__init__(
            value,
            placeholder=hint,
            max_length=most,
            type="integer" if numbers_only else "text",
            id=id,
            compact=True,
            select_on_focus=False,
        )
