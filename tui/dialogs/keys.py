"""The keys that work here, and what the words mean."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from protocols.api.units import Presence
from tui.dialogs.page import PageDialog
from tui.paint import PRESENCE_TONES, Line, Span, columns, fit, wrap

_WORDS: tuple[tuple[Presence, str], ...] = (
    ("online", "reports come as often as they should"),
    ("stale", "a report or two are overdue"),
    ("quiet", "nothing for so long that somebody should look"),
    ("never", "has joined and not reported yet"),
    ("quarantined", "reports, opens nothing: looks copied, or a person did it"),
    ("revoked", "its certificate is void"),
)
_LEFT = 46
_KEY = 7
_SIGN = 9
_WIDTH = 70
_MOVES = (("↑ ↓", "line"), ("pgup pgdn", "screenful"), ("home end", "first, last"))


def key_lines(
    here: list[tuple[str, str]],
    everywhere: list[tuple[str, str]],
    *,
    about_units: bool = True,
    legend: Sequence[tuple[str, str]] = (),
) -> list[Line]:
    """The help: keys of this screen, keys of every screen, words and signs; what a unit can be only where it is
    `about_units`."""
    left: list[Line] = [(Span(" HERE", "accent"),), *[line for key, does in here for line in _broken_pair(key, does)]]
    right: list[Line] = [(Span("EVERYWHERE", "accent"),)]
    right += [_pair(key, does, 10) for key, does in [*everywhere, *_MOVES]]
    lines = columns(left, right, _LEFT)
    if legend:
        lines += [(), (Span(" SIGNS", "accent"),), *[line for pair in legend for line in _broken_sign(*pair)]]
    if about_units:
        lines += [(), (Span(" A UNIT IS", "accent"),)]
        lines += [(Span("  " + fit(word, 13), PRESENCE_TONES[word]), Span(mean, "muted")) for word, mean in _WORDS]
    lines += [
        (),
        (Span(" — means not known, never zero. A figure reads “12.4 V · 40 s” when", "muted"),),
        (Span(" it is older than its report. Times are yours; z shows UTC.", "muted"),),
        (Span(" What “goes into the log” stands under 7, for those who may read it.", "muted"),),
    ]
    return lines


def _pair(key: str, does: str, width: int) -> Line:
    return (Span("  " + fit(key, width), "strong"), Span(does, "muted"))


def _broken_pair(key: str, does: str) -> list[Line]:
    """A key of this screen; what it does is broken where its column ends."""
    first, *others = wrap(does, _LEFT - _KEY - 3, "muted") or [()]
    head: Line = (Span("  " + fit(key, _KEY), "strong"), *first)
    return [head, *[(Span(" " * (_KEY + 2)), *more) for more in others]]


def _broken_sign(sign: str, means: str) -> list[Line]:
    """A sign and what it means, broken where the box ends."""
    first, *others = wrap(means, _WIDTH - _SIGN - 2, "muted") or [()]
    head: Line = (Span("  " + fit(sign, _SIGN), "strong"), *first)
    return [head, *[(Span(" " * (_SIGN + 2)), *more) for more in others]]


class KeysDialog(PageDialog[None]):
    """Help for the screen below."""

    TITLE = "Keys"
    CHROME: ClassVar[int] = 5
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,enter,q", "close", "close", show=False)]

    def __init__(
        self,
        here: list[tuple[str, str]],
        everywhere: list[tuple[str, str]],
        *,
        about_units: bool = True,
        legend: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(key_lines(here, everywhere, about_units=about_units, legend=legend))
