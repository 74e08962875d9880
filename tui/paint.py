"""Lines of text with tones: what every widget here draws, without saying a colour. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from protocols.api.units import Presence
from protocols.commands import CommandState
from protocols.health import Standing
from protocols.uplink import Severity
from tui.words import safe

WireTone = Literal[
    "wire-BK",
    "wire-BN",
    "wire-RD",
    "wire-OG",
    "wire-YE",
    "wire-GN",
    "wire-BU",
    "wire-VT",
    "wire-GY",
    "wire-WH",
    "wire-PK",
    "wire-TQ",
    "wire-GD",
    "wire-SR",
]
"""The colour of a conductor's insulation by its code in IEC 60757, which is the text that is painted in it."""

Tone = Literal[
    "plain",
    "strong",
    "muted",
    "rule",
    "accent",
    "good",
    "fair",
    "bad",
    "loud",
    "title",
    "qr",
    "chosen",
    WireTone,
]
"""What a piece of text means. `fair` and `bad` are kept for what may want a person; `loud` for what does, now; `chosen`
is where the cursor is within a line."""

PRESENCE_TONES: dict[Presence, Tone] = {
    "online": "good",
    "stale": "fair",
    "quiet": "bad",
    "never": "muted",
    "quarantined": "bad",
    "revoked": "muted",
}
STANDING_TONES: dict[Standing, Tone] = {"good": "good", "fair": "fair", "bad": "bad", "unknown": "muted"}
SEVERITY_TONES: dict[Severity, Tone] = {"info": "muted", "warning": "fair", "alarm": "bad"}
COMMAND_TONES: dict[CommandState, Tone] = {
    "queued": "plain",
    "sent": "plain",
    "accepted": "plain",
    "done": "good",
    "refused": "bad",
    "failed": "bad",
    "expired": "fair",
}


class Span(NamedTuple):
    """Text of one tone. The text holds no control characters."""

    text: str
    tone: Tone = "plain"


Line = tuple[Span, ...]
EMPTY: Line = ()


def width_of(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text`, made safe, in exactly `width` columns: padded, or cut with `…`."""
    clean = safe(text)
    taken = cell_len(clean)
    if taken > width:
        return set_cell_size(clean, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - taken)
    return padding + clean if right else clean + padding


def line_width(line: Line) -> int:
    """How many columns `line` takes."""
    return sum(cell_len(span.text) for span in line)


def cut(line: Line, width: int) -> Line:
    """`line` in at most `width` columns, cut with `…`."""
    if line_width(line) <= width:
        return line
    kept: list[Span] = []
    room = width
    for span in line:
        taken = cell_len(span.text)
        if taken >= room:
            kept.append(Span(fit(span.text + " …", room), span.tone))
            break
        kept.append(span)
        room -= taken
    return tuple(kept)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` columns; the left one is cut when both do not fit."""
    kept = cut(left, max(0, width - line_width(right) - 1))
    gap = width - line_width(kept) - line_width(right)
    return (*kept, Span(" " * gap), *right) if gap > 0 else cut((*kept, *right), width)


def joined(parts: Iterable[Line], gap: str = "   ") -> Line:
    """`parts` that are not empty, with `gap` between them."""
    spans: list[Span] = []
    for part in parts:
        if part:
            spans += [Span(gap), *part] if spans else part
    return tuple(spans)


def columns(left: Sequence[Line], right: Sequence[Line], left_width: int) -> list[Line]:
    """Two blocks side by side, the left one padded to `left_width` columns."""
    rows: list[Line] = []
    for index in range(max(len(left), len(right))):
        beside = cut(left[index], left_width) if index < len(left) else EMPTY
        other = right[index] if index < len(right) else EMPTY
        padding = Span(" " * (left_width - line_width(beside)))
        rows.append((*beside, padding, *other) if other else beside)
    return rows


def wrap(text: str, width: int, tone: Tone = "plain") -> list[Line]:
    """`text`, made safe, broken at blanks into lines of at most `width` columns."""
    lines: list[Line] = []
    row = ""
    for word in safe(text).split():
        while cell_len(word) > width:
            head = set_cell_size(word, width).rstrip()
            lines += [(Span(row, tone),)] if row else []
            lines.append((Span(head, tone),))
            row, word = "", word[len(head) :]  # noqa: PLW2901  the rest of an over-long word
        if row and cell_len(row) + 1 + cell_len(word) > width:
            lines.append((Span(row, tone),))
            row = word
        else:
            row = f"{row} {word}" if row else word
    return [*lines, (Span(row, tone),)] if row else lines


def changed_columns(before: Line, after: Line) -> tuple[int, int] | None:
    """The columns `first … end` in which two lines differ, None when they do not."""
    if before == after:
        return None
    same_head = 0
    first = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        first += cell_len(new.text)
        same_head += 1
    longest = max(line_width(before), line_width(after))
    if line_width(before) != line_width(after):
        return first, longest
    same_tail = 0
    for old, new in zip(reversed(before[same_head:]), reversed(after[same_head:]), strict=False):
        if old != new:
            break
        same_tail += cell_len(new.text)
    return first, longest - same_tail
