"""A voucher on the whole screen: its text, and a QR code for a unit with a camera or an engineer's telephone."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.joins import VoucherMade
from tui.paint import EMPTY, Line, Span, columns, wrap
from tui.qr import qr_lines, size_needed
from tui.rooms.code_screen import CodeScreen
from tui.words import full_moment, left

_GROUP = 8
_GROUPS_IN_LINE = 5
_LEAST_TEXT = 28
COPIED = "copied (if your terminal allows it)"


def voucher_lines(made: VoucherMade, name: str, until: str, width: int, height: int, remark: str = "") -> list[Line]:
    """The voucher for a terminal of this size: code at the left, words at the right; words alone when it is small.

    `remark` tells what came of the last key."""
    code = qr_lines(made.text, width - _LEAST_TEXT - 2, height)
    code_width = len(code[0][0].text) + 2 if code else 0
    room = width - code_width - 1
    words: list[Line] = [
        (Span("VOUCHER", "accent"), Span(f"  {name}", "strong")),
        *wrap(until, room, "plain"),
        EMPTY,
        *_text_lines(made.text, room),
        EMPTY,
        *wrap("Shown this once: the controller keeps no copy. Only esc closes it.", room, "fair"),
        EMPTY,
        (Span("c", "accent"), Span(" copy   ", "muted"), Span("esc", "accent"), Span(" close", "muted")),
        *wrap(remark, room, "strong"),
    ]
    if code is None:
        least_width, least_height = size_needed(made.text)
        need = (
            f"The QR code needs {least_width + _LEAST_TEXT + 2} × {least_height}; this terminal has {width} × {height}."
        )
        return [(Span(" "), *line) for line in [*words, EMPTY, *wrap(need, room, "fair")]]
    return columns(code, words, code_width)


def _text_lines(text: str, width: int) -> list[Line]:
    """The text in groups of eight, as many as fit: blanks and line ends do not matter to a unit."""
    groups = [text[i : i + _GROUP] for i in range(0, len(text), _GROUP)]
    in_line = max(1, min(_GROUPS_IN_LINE, (width + 1) // (_GROUP + 1)))
    return [(Span(" ".join(groups[i : i + in_line]), "strong"),) for i in range(0, len(groups), in_line)]


class VoucherScreen(CodeScreen):
    """Shows a voucher until `esc` closes it; nothing of it is kept, so that no other key leaves this screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy"),
        Binding("escape", "close", "close"),
    ]

    def __init__(self, made: VoucherMade, label: str) -> None:
        super().__init__()
        self._made = made
        self._label = label
        self._remark = ""

    @override
    def lines(self, width: int, height: int) -> list[Line]:
        """See CodeScreen."""
        clock = self.desk.server_clock
        made = self._made
        until = f"until {full_moment(made.expires_at, utc=clock.utc)}, {left(made.expires_at, clock.now())}"
        return voucher_lines(made, self._label or "no label", until, width, height, self._remark)

    def action_copy(self) -> None:
        """Hand the text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self._made.text)
        self._remark = COPIED
        self.draw()

    def say_how_to_leave(self) -> None:
        """Somebody wanted to quit, with the voucher still on the screen."""
        self._remark = "esc closes the voucher first"
        self.draw()
