"""An item's label on the whole screen: its QR code and what it says, for a telephone or a label that came off."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.kit import ItemView
from tui.paint import EMPTY, Line, Span, columns, wrap
from tui.qr import qr_lines
from tui.rooms.code_screen import CodeScreen

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


class KitLabelScreen(CodeScreen):
    """Shows the label until `esc` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "close", "close")]

    def __init__(self, item: ItemView) -> None:
        super().__init__()
        self._item = item

    @override
    def lines(self, width: int, height: int) -> list[Line]:
        """See CodeScreen."""
        return label_lines(self._item, width, height)
