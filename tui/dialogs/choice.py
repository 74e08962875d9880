"""One of a few: its key picks at once, arrows and enter pick too."""

from typing import ClassVar, Generic, NamedTuple, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from typing_extensions import override

from tui.dialogs.dialog import Dialog
from tui.listing import ItemListing
from tui.paint import Line, Span, fit

T = TypeVar("T")


class Option(NamedTuple, Generic[T]):
    """Something to choose: a key of one sign, what it says, a remark, and what is returned."""

    key: str
    text: str
    remark: str
    value: T


class ChoiceDialog(Dialog[T]):
    """Returns the value of the option picked, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "pick", "pick")]

    def __init__(self, title: str, options: list[Option[T]], chosen: T | None = None) -> None:
        super().__init__(title, classes="narrow")
        self._options = options
        self._chosen = chosen
        self._listing: ItemListing[Option[T]] = ItemListing(self._draw, lambda option: option.text)

    @override
    def content(self) -> ComposeResult:
        """The options."""
        self._listing.styles.height = min(14, len(self._options))
        yield self._listing

    def on_mount(self) -> None:
        """The cursor is on what holds now."""
        super().on_mount()
        self._listing.show(self._options)
        for index, option in enumerate(self._options):
            if option.value == self._chosen:
                self._listing.move_to(index)

    def _draw(self, option: Option[T], width: int) -> Line:
        return (
            Span(f"{option.key} ", "accent"),
            Span(fit(option.text, max(0, width - 3 - len(option.remark)))),
            Span(f" {option.remark}", "muted"),
        )

    def on_key(self, event: Key) -> None:
        """An option's own key picks it."""
        for option in self._options:
            if event.character and event.character == option.key:
                event.stop()
                self.dismiss(option.value)
                return

    def on_listing_opened(self) -> None:
        """A click picks."""
        self.action_pick()

    def action_pick(self) -> None:
        """Pick what the cursor is on."""
        option = self._listing.item
        if option is not None:
            self.dismiss(option.value)
