"""A list that words typed above it narrow, under heads that stand over its columns."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual.widget import Widget
from textual.widgets import Input
from typing_extensions import override

from tui.field import Field
from tui.lines import Page
from tui.paint import Line, Span
from tui.rooms.listing_room import ListingRoom

T = TypeVar("T")


class FilteredRoom(ListingRoom[T]):
    """All items are here, and those with the words typed are listed. Subclasses hand them in by `show_filtered`."""

    HINT: ClassVar[str] = ""
    """What the empty field says it looks at."""

    def __init__(self) -> None:
        super().__init__()
        self._field = Field(hint=self.HINT, id="filter")
        self._heads = Page(classes="heads")

    def heads_line(self, width: int) -> Line:
        """The names of the columns, for `width` columns of the terminal."""
        raise NotImplementedError

    def show_filtered(self) -> None:
        """List the items that pass `words`; nothing while none has come."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """What was typed."""
        return self._field.value.strip()

    @override
    def above(self) -> Iterable[Widget]:
        """Filter and heads."""
        return (self._field, self._heads)

    def on_mount(self) -> None:
        """The filter is out of the way until it is asked for."""
        self._field.display = False

    def on_resize(self) -> None:
        """The heads stand over their columns."""
        self._heads.show([(Span(" "), *self.heads_line(max(40, self.size.width - 2)))])

    @override
    def show_rest(self) -> None:
        """No heads over nothing."""
        self._heads.display = self.chosen is not None
        super().show_rest()

    def show_first(self, item: T) -> None:
        """List anew, with the cursor on `item` when it is listed."""
        self.show_filtered()
        places = [self.key_of(other) for other in self._list.items]
        if self.key_of(item) in places:
            self._list.move_to(places.index(self.key_of(item)))

    def action_filter(self) -> None:
        """Go to the filter."""
        self._field.display = True
        self.set_focus(self._field)
        self.refresh_bindings()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter as it is typed."""
        message.stop()
        self.show_filtered()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Keep the filter and go to the list."""
        message.stop()
        self._leave_field()

    def _leave_field(self) -> None:
        self._field.display = bool(self.words)
        self.set_focus(self._list)
        self.refresh_bindings()

    @override
    def action_back(self) -> None:
        """All of them; once they are shown, back."""
        if self._field.has_focus or self._field.value:
            self._field.value = ""
            self._leave_field()
            self.show_filtered()
        else:
            self.leave()

    def leave(self) -> None:
        """Close the room."""
        self.dismiss()
