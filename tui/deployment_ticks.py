"""A list of things that are chosen by a tick."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType

from tui.listing import ItemListing

T = TypeVar("T")


class TickList(ItemListing[T]):
    """Here space ticks, on the screen that the list is of, and does not turn a page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("space", "screen.tick", "tick"),
    ]
