"""What every PDF of the controller has in common: letters, colours, cells, and edges that say what a page is of. Pure.

Set in Roboto (Apache 2.0), which has Latin, Greek and Cyrillic; any other sign is shown by its number, `[U+6F22]`,
so that nothing vanishes.
"""

import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Table

from protocols.text import escaped

PLAIN, BOLD = "Roboto-Regular", "Roboto-Bold"
INK, GREY, LINE, HEAD = (HexColor(value) for value in ("#1b1f24", "#5a6470", "#c3cad2", "#eef1f4"))
BAD, DOUBT = HexColor("#a3140f"), HexColor("#8a5a00")
MARGIN = 14 * mm
FRAME_PADDING = 6
"""What reportlab leaves inside its frames, in points."""
_EDGE_SIZE = 7.5


class Edges(NamedTuple):
    """What stands at the edges of every page; its number stands at the bottom right."""

    top_left: str
    top_right: str
    bottom_left: str


def build(
    story: Sequence[Flowable], *, size: tuple[float, float], title: str, author: str, subject: str, edges: Edges
) -> bytes:
    """The file. `size` is a page's width and height in points."""
    fonts()
    made = io.BytesIO()
    document = SimpleDocTemplate(
        made,
        pagesize=size,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=20 * mm,
        bottomMargin=18 * mm,
        title=printable(title),
        author=printable(author),
        subject=printable(subject),
        lang="en-GB",
    )

    def canvas(*given: Any, **named: Any) -> Canvas:
        return _Paged(edges, size, *given, **named)

    document.build(list(story), canvasmaker=canvas)
    return made.getvalue()


@cache
def fonts() -> frozenset[int]:
    """Register the fonts; returns the code points that both have."""
    known: list[frozenset[int]] = []
    for name in (PLAIN, BOLD):
        with as_file(files("font_roboto").joinpath("files", f"{name}.ttf")) as path:
            font = TTFont(name, str(path))
        pdfmetrics.registerFont(font)
        known.append(frozenset(font.face.charToGlyph))
    return known[0] & known[1]


def printable(text: str) -> str:
    """`text` with each sign that can not be printed shown by its number."""
    known = fonts()
    return "".join(sign if ord(sign) in known else f"[U+{ord(sign):04X}]" for sign in escaped(text))


@cache
def style(
    size: float, *, bold: bool = False, colour: Color = INK, leading: float | None = None, outdent: float = 0
) -> ParagraphStyle:
    """How text is set; sizes in points."""
    return ParagraphStyle(
        f"{size}{bold}{colour.hexval()}",
        fontName=BOLD if bold else PLAIN,
        fontSize=size,
        leading=leading or size * 1.3,
        textColor=colour,
        leftIndent=-outdent,
        splitLongWords=1,
    )


def heading(text: str, size: float) -> Paragraph:
    """A line in bold, flush with the tables below it."""
    return Paragraph(escape(printable(text)), style(size, bold=True, leading=size * 1.25, outdent=FRAME_PADDING))


def remark(text: str) -> Paragraph:
    """A line of its own, flush with the tables."""
    return Paragraph(escape(printable(text)), style(10, outdent=FRAME_PADDING))


def cell(*lines: str, bold: bool = False, colour: Color = INK) -> Paragraph:
    """Lines of free text; empty ones are left out."""
    return Paragraph(
        "<br/>".join(escape(printable(line)) for line in lines if line), style(7.5, bold=bold, colour=colour)
    )


def facts_table(facts: Sequence[tuple[str, str]], widths_mm: tuple[float, float]) -> Table:
    """Named facts, a line each."""
    rows = [[cell(name, colour=GREY), cell(value)] for name, value in facts]
    table = Table(rows, colWidths=[width * mm for width in widths_mm])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1)])
    table.setStyle([("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return table


def rows_table(columns: Sequence[str], rows: Sequence[Sequence[Paragraph]], widths_mm: Sequence[float]) -> LongTable:
    """A table whose head is repeated on each page."""
    heads = [cell(name, bold=True) for name in columns]
    table = LongTable(
        [heads, *(list(row) for row in rows)], colWidths=[width * mm for width in widths_mm], repeatRows=1, splitInRow=1
    )
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), HEAD),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return table


class _Paged(Canvas):
    """Pages that say which of how many they are, and of what; known only when all are drawn."""

    def __init__(self, edges: Edges, size: tuple[float, float], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._edges = edges
        self._size = size
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  the canvas's own name for it
        """Keep the page until all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # the stubs leave out what a canvas does between pages

    def save(self) -> None:
        """Draw the edges of every page and write the file."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_edges(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_edges(self, number: int, count: int) -> None:
        edges, (width, height) = self._edges, self._size
        self.setFillColor(GREY)
        self.setStrokeColor(LINE)
        self.setFont(PLAIN, _EDGE_SIZE)
        top, bottom, right = height - 12 * mm, 10 * mm, width - MARGIN
        self.drawString(MARGIN, top, _fitted(edges.top_left, (right - MARGIN) * 0.62))
        self.drawRightString(right, top, _fitted(edges.top_right, (right - MARGIN) * 0.36))
        self.line(MARGIN, top - 2 * mm, right, top - 2 * mm)
        self.line(MARGIN, bottom + 4 * mm, right, bottom + 4 * mm)
        self.drawString(MARGIN, bottom, _fitted(edges.bottom_left, (right - MARGIN) * 0.88))
        self.drawRightString(right, bottom, f"page {number} of {count}")


def _fitted(text: str, width: float) -> str:
    """As much of `text` as fits into so many points."""
    seen = printable(text)
    if pdfmetrics.stringWidth(seen, PLAIN, _EDGE_SIZE) <= width:
        return seen
    while seen and pdfmetrics.stringWidth(seen + "…", PLAIN, _EDGE_SIZE) > width:
        seen = seen[:-1]
    return seen + "…"
