"""The one way widgets here draw: lines of toned spans, painted again only where they changed."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from typing_extensions import override

from tui.paint import EMPTY, Line, Tone, changed_columns, cut, line_width
from tui.words import safe

# Not in console.tcss: Textual works out each component class of each widget anew whenever a style may have changed,
# and a screen has half a dozen of these blocks. Tones are the same in all of them, focused or not.
TONE_STYLES: dict[Tone, Style] = {
    "plain": Style(),
    "strong": Style(color="#e6ecf1", bold=True),
    "muted": Style(color="#8593a0"),
    "rule": Style(color="#35414d"),
    "accent": Style(color="#7aa6c2"),
    "good": Style(color="#8fb08c"),
    "fair": Style(color="#d9a441"),
    "bad": Style(color="#e5705f", bold=True),
    "loud": Style(color="#0e1217", bgcolor="#d9a441", bold=True),
    "title": Style(color="#e6ecf1", bold=True, underline=True),
    "qr": Style(color="#000000", bgcolor="#ffffff"),
    "chosen": Style(color="#e6ecf1", bgcolor="#2d4152", bold=True, underline=True),
    "wire-BK": Style(color="#e6ecf1", bgcolor="#000000"),
    "wire-BN": Style(color="#ffffff", bgcolor="#7a4a22"),
    "wire-RD": Style(color="#ffffff", bgcolor="#b3261e"),
    "wire-OG": Style(color="#000000", bgcolor="#e8862e"),
    "wire-YE": Style(color="#000000", bgcolor="#e8d33f"),
    "wire-GN": Style(color="#ffffff", bgcolor="#2e7d32"),
    "wire-BU": Style(color="#ffffff", bgcolor="#1f5fb0"),
    "wire-VT": Style(color="#ffffff", bgcolor="#7a3fa0"),
    "wire-GY": Style(color="#000000", bgcolor="#9aa0a6"),
    "wire-WH": Style(color="#000000", bgcolor="#f2f2f2"),
    "wire-PK": Style(color="#000000", bgcolor="#f0a3c0"),
    "wire-TQ": Style(color="#000000", bgcolor="#3fbfb5"),
    "wire-GD": Style(color="#000000", bgcolor="#c9a227"),
    "wire-SR": Style(color="#000000", bgcolor="#c7ccd1"),
}


class LineView(ScrollView, can_focus=False):
    """A scrollable block of lines that asks `line` for each one it shows, and for no other.

    After its data changed call `repaint`, which compares what is on the screen with what should be there and paints
    only the columns that differ; call `set_line_count` when the number of lines changed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--cursor"}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._shown: dict[int, Line] = {}
        self._tones: dict[tuple[Tone, bool], Style] = {}
        self.line_count = 0
        self.cursor = -1

    def line(self, index: int, width: int) -> Line:
        """Line `index` of the block for `width` columns; at most that wide, or it is cut."""
        raise NotImplementedError

    def is_cursor(self, index: int) -> bool:
        """Whether line `index` is drawn as the cursor."""
        return index == self.cursor

    def set_line_count(self, count: int) -> None:
        """There are now `count` lines."""
        self.line_count = count
        self.virtual_size = Size(0, count)

    @property
    def shown_lines(self) -> range:
        """The indexes of the lines now on the screen."""
        top = self.scroll_offset.y
        return range(top, min(top + max(0, self.scrollable_size.height), self.line_count))

    def repaint(self) -> None:
        """Paint again what changed on the screen."""
        width, top = self.scrollable_size.width, self.scroll_offset.y
        for index, before in list(self._shown.items()):
            if not top <= index < top + self.scrollable_size.height:
                del self._shown[index]
                continue
            after = self._line(index, width)
            changed = changed_columns(before, after)
            if changed is not None:
                first, end = changed
                self.refresh(Region(first, index - top, max(1, end - first), 1))

    def repaint_line(self, index: int) -> None:
        """Paint the whole of line `index` again, cursor included."""
        self.refresh(Region(0, index - self.scroll_offset.y, self.scrollable_size.width, 1))

    @override
    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        index, width = y + self.scroll_offset.y, self.scrollable_size.width
        line = self._line(index, width)
        self._shown[index] = line
        cursor = index < self.line_count and self.is_cursor(index)
        segments = [Segment(span.text, self._style(span.tone, cursor=cursor)) for span in line]
        padding = width - line_width(line)
        if padding > 0:
            segments.append(Segment(" " * padding, self._style("plain", cursor=cursor)))
        return Strip(segments, max(width, width - padding))

    @override
    def notify_style_update(self) -> None:
        """Colours may have changed."""
        self._tones.clear()
        super().notify_style_update()

    def _line(self, index: int, width: int) -> Line:
        if index >= self.line_count:
            return EMPTY
        # Whoever made the line: a controller that was taken over may say anything of people and keys too.
        return cut(tuple(span._replace(text=safe(span.text)) for span in self.line(index, width)), width)

    def _style(self, tone: Tone, *, cursor: bool) -> Style:
        found = self._tones.get((tone, cursor))
        if found is None:
            base = self.get_component_rich_style("line--cursor") if cursor else self.rich_style
            found = base + TONE_STYLES[tone]
            self._tones[tone, cursor] = found
        return found


class Page(LineView):
    """Lines that are set as a whole, scrolled and never chosen from."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        """Show `lines` in place of those before."""
        self._lines = lines
        if len(lines) != self.line_count:
            self.set_line_count(len(lines))
            self.refresh()
        self.repaint()

    @override
    def line(self, index: int, width: int) -> Line:
        """See LineView."""
        return self._lines[index]
