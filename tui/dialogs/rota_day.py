"""A day of a rota at length."""

from datetime import date
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.dialogs.page import PageDialog
from tui.paint import Line, Span
from tui.rota_days import RotaDay
from tui.rota_words import clock_words, day_words, finding_lines, shift_lines

_WIDTH = 70


class RotaDayDialog(PageDialog[None]):
    """Who has what, from when to when and why, and every finding with what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", "close", show=False)]

    def __init__(self, day: RotaDay, today: date, zone: str, *, utc: bool) -> None:
        when = " · ".join(filter(None, ["today" if day.day == today else "", day.holiday, clock_words(day.extra_h)]))
        lines: list[Line] = [(), *shift_lines(day, zone, utc=utc), ()]
        for finding in day.findings:
            if finding.answer != "ok":
                lines += [*finding_lines(finding, _WIDTH, remedy=True), ()]
        if not day.findings:
            lines += [(Span(" nothing was found on this day", "good"),), ()]
        super().__init__(lines, day_words(day.day) + (f" · {when}" if when else ""))
