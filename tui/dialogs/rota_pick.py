"""One of several: with a remark on each, and what stands in the way of it."""

from collections.abc import Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from typing_extensions import override

from tui.dialogs.dialog import Dialog, Words
from tui.listing import ItemListing
from tui.paint import Line, Span, fit, width_of

T = TypeVar("T")
_MOST = 14


class Pick(NamedTuple, Generic[T]):
    """What can be picked: its words, a remark at the right end, why it would not be good (empty: it is), its value."""

    text: str
    remark: str
    hinders: str
    value: T


class PickDialog(Dialog[T]):
    """Returns the value of the one picked, None when closed. `before` stands above the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "pick", "pick")]

    def __init__(self, title: str, picks: Sequence[Pick[T]], before: Sequence[Line] = ()) -> None:
        super().__init__(title)
        self._picks = list(picks)
        self._before = list(before)
        self._listing: ItemListing[tuple[int, Pick[T]]] = ItemListing(self._draw, lambda numbered: numbered[0])

    @override
    def content(self) -> ComposeResult:
        """What is above, then the list."""
        if self._before:
            yield Words(self._before)
        self._listing.styles.height = max(1, min(_MOST, len(self._picks)))
        yield self._listing

    def on_mount(self) -> None:
        """The cursor is on the first."""
        super().on_mount()
        self._listing.show(list(enumerate(self._picks, 1)))

    def _draw(self, numbered: tuple[int, Pick[T]], width: int) -> Line:
        number, pick = numbered
        told = pick.hinders or pick.remark
        end = f" {told}" if told else ""
        return (
            Span(f" {number} " if number <= 9 else "   ", "accent"),
            Span(fit(pick.text, max(0, width - 4 - width_of(end))), "muted" if pick.hinders else "strong"),
            Span(end, "fair" if pick.hinders else "muted"),
            Span(" "),
        )

    def on_key(self, event: Key) -> None:
        """A number picks at once."""
        if event.character and event.character.isdecimal() and 1 <= int(event.character) <= len(self._picks):
            event.stop()
            self.dismiss(self._picks[int(event.character) - 1].value)

    def on_listing_opened(self) -> None:
        """A click picks."""
        self.action_pick()

    def action_pick(self) -> None:
        """Pick what the cursor is on."""
        if self._listing.item is not None:
            self.dismiss(self._listing.item[1].value)
