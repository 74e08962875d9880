"""The report of openings as PDF, A4 across, for reading and for a file. Pure.

Set in Roboto (Apache 2.0), which has Latin, Greek and Cyrillic; any other sign is shown by its number, `[U+6F22]`,
so that nothing vanishes.
"""

import io
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from fleet.openings.report_form import Report, cosigned_words, scope_words, utc
from protocols.api.log import OpeningView
from protocols.text import escaped

_PLAIN, _BOLD = "Roboto-Regular", "Roboto-Bold"
_SIZE = landscape(A4)
_MARGIN = 14 * mm
_FRAME_PADDING = 6
"""What reportlab leaves inside its frames, in points."""
_INK, _GREY, _LINE, _HEAD = (HexColor(value) for value in ("#1b1f24", "#5a6470", "#c3cad2", "#eef1f4"))
_COLOURS = {
    "inside": _INK,
    "outside": HexColor("#a3140f"),
    "unknown": HexColor("#8a5a00"),
    "refused": _GREY,
    "unopened": _GREY,
}
_WIDTHS = [20, 34, 19, 42, 46, 36, 72]
_COLUMNS = (
    "verdict",
    "unit, opening",
    "what, who",
    "authority, mandate",
    "when (UTC)",
    "closed",
    "why, for what, error report, entries",
)


def as_pdf(report: Report) -> bytes:
    """The file; takes some seconds of a processor for 500 openings."""
    _fonts()
    made = io.BytesIO()
    document = SimpleDocTemplate(
        made,
        pagesize=_SIZE,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=20 * mm,
        bottomMargin=18 * mm,
        title="Openings",
        author=printable(f"{report.made_by} {report.maker}"),
        subject=printable(scope_words(report.scope)),
        lang="en-GB",
    )

    def canvas(*given: Any, **named: Any) -> Canvas:
        return _Paged(report, *given, **named)

    story = [
        Paragraph("Who opened what", _style(16, bold=True, leading=20, outdent=_FRAME_PADDING)),
        Spacer(0, 2 * mm),
        _about(report),
    ]
    story += [Spacer(0, 5 * mm), _openings(report)]
    document.build(story, canvasmaker=canvas)
    return made.getvalue()


@cache
def _fonts() -> frozenset[int]:
    """Register the fonts; returns the code points that both have."""
    known: list[frozenset[int]] = []
    for name in (_PLAIN, _BOLD):
        with as_file(files("font_roboto").joinpath("files", f"{name}.ttf")) as path:
            font = TTFont(name, str(path))
        pdfmetrics.registerFont(font)
        known.append(frozenset(font.face.charToGlyph))
    return known[0] & known[1]


def printable(text: str) -> str:
    """`text` with each sign that can not be printed shown by its number."""
    known = _fonts()
    return "".join(sign if ord(sign) in known else f"[U+{ord(sign):04X}]" for sign in escaped(text))


@cache
def _style(
    size: float, *, bold: bool = False, colour: Color = _INK, leading: float | None = None, outdent: float = 0
) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}{bold}{colour.hexval()}",
        fontName=_BOLD if bold else _PLAIN,
        fontSize=size,
        leading=leading or size * 1.3,
        textColor=colour,
        leftIndent=-outdent,
        splitLongWords=1,
    )


def _cell(*lines: str, bold: bool = False, colour: Color = _INK) -> Paragraph:
    """Lines of free text; empty ones are left out."""
    return Paragraph(
        "<br/>".join(escape(printable(line)) for line in lines if line), _style(7.5, bold=bold, colour=colour)
    )


def _about(report: Report) -> Table:
    """What the report is of, and what the log was then."""
    standing, page = report.standing, report.page
    signed = "no checkpoint yet"
    if standing.root is not None:
        signed = f"{standing.checkpoint_size} entries, root {standing.root}"
    counts = {verdict: sum(one.verdict == verdict for one in page.openings) for verdict in _COLOURS}
    found = f"{len(page.openings)}: {counts['inside']} inside their mandate, {counts['outside']} outside, "
    found += f"{counts['unknown']} of which it can not be told yet; not opened, {counts['refused']} as their units "
    found += f"refused, {counts['unopened']} for another reason"
    facts = [
        ("Asked for", scope_words(report.scope)),
        ("Made", f"{utc(report.made_at)} by {report.made_by}, {report.maker}"),
        ("Log", f"{standing.origin}, {standing.size} entries in the tree"),
        ("Checkpoint", signed),
        ("Seen by", cosigned_words(standing)),
        ("Openings and leases", found),
    ]
    facts += [("Remark", standing.remark)] if standing.remark else []
    if not page.is_all:
        facts.append(("Not all", "There were more than fit; these are the newest. Ask for less, to have all of it."))
    facts.append(("Times", "Units' own times are by their own clocks; a difference of five minutes is tolerated."))
    rows = [[_cell(name, colour=_GREY), _cell(value)] for name, value in facts]
    table = Table(rows, colWidths=[24 * mm, 245 * mm])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1)])
    table.setStyle([("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return table


def _openings(report: Report) -> LongTable | Paragraph:
    if not report.page.openings:
        return Paragraph("No opening.", _style(10, outdent=_FRAME_PADDING))
    rows = [[_cell(name, bold=True) for name in _COLUMNS], *(_row(one) for one in report.page.openings)]
    table = LongTable(rows, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, splitInRow=1)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return table


def _row(one: OpeningView) -> list[Paragraph]:
    lasted = "" if one.open_s is None else f"open {one.open_s} s"
    return [
        _cell(one.verdict.upper(), bold=True, colour=_COLOURS[one.verdict]),
        _cell(one.label, one.unit, one.opening),
        _cell(one.modality, one.person or "nobody known"),
        _cell(one.authority or "no authority", one.mandate or "no mandate"),
        _cell(_at("granted", one.granted_at), _at("media", one.opened_at), _at("unit says", one.unit_opened_at)),
        _cell(_closed(one), lasted, one.close_reason or ""),
        _cell(
            "; ".join(one.faults),
            f"for: {one.purpose}" if one.purpose else "",
            f"error report {one.report}" if one.report else "",
            f"entries {', '.join(map(str, one.entries))}",
        ),
    ]


def _closed(one: OpeningView) -> str:
    if one.verdict in {"refused", "unopened"}:
        return "never open"
    return _at("", one.closed_at) or "not known"


def _at(what: str, at: datetime | None) -> str:
    return "" if at is None else f"{what} {utc(at)}".strip()


class _Paged(Canvas):
    """Pages that say which of how many they are, and of which report; known only when all are drawn."""

    def __init__(self, report: Report, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._report = report
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  the canvas's own name for it
        """Keep the page until all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # the stubs leave out what a canvas does between pages

    def save(self) -> None:
        """Draw the edges of every page and write the file."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._edges(number, len(self._pages))
            super().showPage()
        super().save()

    def _edges(self, number: int, count: int) -> None:
        report, (width, height) = self._report, _SIZE
        standing = report.standing
        root = "no checkpoint" if standing.root is None else f"root {standing.root[:16]}… of {standing.checkpoint_size}"
        self.setFillColor(_GREY)
        self.setStrokeColor(_LINE)
        self.setFont(_PLAIN, 7.5)
        top, bottom = height - 12 * mm, 10 * mm
        self.drawString(_MARGIN, top, _short(f"Muster · openings · {scope_words(report.scope)}", 150))
        self.drawRightString(width - _MARGIN, top, _short(f"log {standing.origin}", 60))
        self.line(_MARGIN, top - 2 * mm, width - _MARGIN, top - 2 * mm)
        self.line(_MARGIN, bottom + 4 * mm, width - _MARGIN, bottom + 4 * mm)
        made = f"made {utc(report.made_at)} by {report.made_by}, {report.maker} · {standing.size} entries, {root}"
        self.drawString(_MARGIN, bottom, _short(made, 170))
        self.drawRightString(width - _MARGIN, bottom, f"page {number} of {count}")


def _short(text: str, limit: int) -> str:
    seen = printable(text)
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"
