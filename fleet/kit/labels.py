"""Labels as PDF: A4 sheets of 3 × 8, each with the code in text, as Code 128 and as QR, model and serial.

A label says nothing of whose an item is: what is found in the field tells its finder nothing.
"""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from fleet.pdf import BOLD, PLAIN, fonts, printable
from fleet.store.kit import StoredItem

COLUMNS, ROWS = 3, 8
_WIDTH, _HEIGHT = A4[0] / COLUMNS, A4[1] / ROWS
_EDGE = 5 * mm
_QR = 24 * mm
TEXT_WIDTH = _WIDTH - 2 * _EDGE - _QR - 2 * mm
_BARS_HEIGHT = 8 * mm
BAR_WIDTH = 0.9
"""Of the narrowest bar, in points: 0.32 mm."""


def words_on(item: StoredItem) -> list[str]:
    """All that a label says, line by line: the code, which is in the bars and the QR code too, model and serial."""
    return [item.item, item.document.name, *([f"S/N {item.serial}"] if item.serial else [])]


async def labels_pdf(items: Sequence[StoredItem]) -> bytes:
    """The sheets, in the order of `items`; drawn beside the loop."""
    return await asyncio.to_thread(_drawn, items)


def _drawn(items: Sequence[StoredItem]) -> bytes:
    fonts()
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4, lang="en-GB")
    canvas.setTitle("Labels")
    each = COLUMNS * ROWS
    for number, item in enumerate(items):
        if number and number % each == 0:
            canvas.showPage()
        row, column = divmod(number % each, COLUMNS)
        _label(canvas, item, column * _WIDTH, A4[1] - (row + 1) * _HEIGHT)
    canvas.save()
    return made.getvalue()


def _label(canvas: Canvas, item: StoredItem, left: float, bottom: float) -> None:
    """One label in the field whose lower left corner is there, in points."""
    x, top = left + _EDGE, bottom + _HEIGHT - _EDGE
    _qr(canvas, item.item, left + _WIDTH - _EDGE - _QR, bottom + (_HEIGHT - _QR) / 2)
    code, *lines = words_on(item)
    canvas.setFont(BOLD, 15)
    canvas.drawString(x, top - 12, code)
    canvas.setFont(PLAIN, 8)
    for number, line in enumerate(lines):
        canvas.drawString(x, top - 24 - 10 * number, _cut(line))
    bars: Any = Code128(code, barHeight=_BARS_HEIGHT, barWidth=BAR_WIDTH, quiet=False)
    bars.drawOn(canvas, x, bottom + _EDGE)


def _qr(canvas: Canvas, text: str, x: float, y: float) -> None:
    code: Any = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = code.getBounds()
    drawing = Drawing(_QR, _QR, transform=[_QR / (right - left), 0, 0, _QR / (top - bottom), 0, 0])
    drawing.add(code)
    renderPDF.draw(drawing, canvas, x, y)


def _cut(text: str) -> str:
    """As much of a text as fits beside the QR code."""
    whole = printable(text)
    if stringWidth(whole, PLAIN, 8) <= TEXT_WIDTH:
        return whole
    while stringWidth(whole + "…", PLAIN, 8) > TEXT_WIDTH:
        whole = whole[:-1]
    return whole + "…"
