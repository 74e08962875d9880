"""An item's label on the whole screen: its QR code and what it says, for a telephone or a label that came off."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from protocols.api.kit import ItemView
from tui.asks import Asks
from tui.lines import Page
from tui.paint import EMPTY, Line, Span, columns, wrap
from tui.qr import qr_lines

_LEAST_TEXT = 30


def label_lines(item: ItemView, width: int, height: int) -> list[Line]:
    """The label for a terminal of this size: code at the left, words at the right; words alone when it is small."""
    code = qr_lines(item.item, width - _LEAST_TEXT - 2, height)
    code_width = len(code[0][0].text) + 2 if code else 0
    room = max(_LEAST_TEXT, width - code_width - 2)
    words: list[Line] = [
        (Span("LABEL", "accent"),),
        EMPTY,
        (Span(item.item, "title"),),
        *wrap(item.model_name, room, "strong"),
        *wrap(f"serial {item.serial}" if item.serial else "", room, "plain"),
        EMPTY,
        *wrap(f"Labels to print, with QR and Code 128: fleet kit labels {item.item} --out FILE.pdf", room, "muted"),
        EMPTY,
        (Span("esc", "accent"), Span(" close", "muted")),
    ]
    if code is None:
        return [(Span(" "), *line) for line in words]
    return columns(code, words, code_width)


class KitLabelScreen(Asks, ModalScreen[None]):
    """Shows the label until `esc` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "close", "close")]

    def __init__(self, item: ItemView) -> None:
        super().__init__()
        self._item = item
        self._page = Page(id="voucher")

    def compose(self) -> ComposeResult:
        """Nothing but the label."""
        yield self._page

    def on_mount(self) -> None:
        """Show it."""
        self._draw()

    def on_resize(self) -> None:
        """Fit it to the terminal."""
        self._draw()

    def _draw(self) -> None:
        self._page.show(label_lines(self._item, self.size.width, self.size.height))

    def action_close(self) -> None:
        """Back."""
        self.dismiss()
