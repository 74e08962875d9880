"""Coverage and fairness of a rota over a year: bars, the score with its parts, cover by day, and a plot."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual_plotext import PlotextPlot
from typing_extensions import override

from fleet.rota.rules.wall import local_date
from protocols.rota.book import RotaBook
from protocols.rota.findings import PersonLoad
from protocols.rota.load import MEASURES
from protocols.rota.model import Rota
from tui.lines import Page
from tui.paint import Line, Span, joined
from tui.rooms.room import Room
from tui.rooms.rota_period import RotaYear
from tui.rota_compare import MEASURE_WORDS
from tui.rota_days import RotaDay, days_of
from tui.rota_fairness_lines import COVER_LEGEND, fairness_lines

_HAD_COLOUR = (122, 166, 194)
_SHARE_COLOUR = (217, 164, 65)
_HOURS_A_WEEK = 168


class RotaFairnessRoom(RotaYear):
    """The page; arrows sideways choose the measure."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step_measure(-1)", "measure before", show=False),
        Binding("right", "step_measure(1)", "next measure", tooltip="the next measure; ← the one before"),
        Binding("p", "plot", "plot", tooltip="the measure as a plot"),
        Binding("right_square_bracket", "step_year(1)", "next year", tooltip="the next year; [ the one before"),
        *RotaYear.YEAR_BINDINGS,
    ]

    def __init__(self, rota: Rota, year: int) -> None:
        super().__init__(rota, year)
        self._measure = MEASURES[0]
        self._days: list[RotaDay] = []

    @property
    def legend(self) -> Sequence[tuple[str, str]]:
        """The signs of the page."""
        return COVER_LEGEND

    @override
    def title_line(self) -> Line:
        """See RotaYear."""
        parts = [
            (
                Span(" "),
                Span(self.rota.rota, "title"),
            ),
            (Span(str(self.year), "strong"),),
        ]
        return joined([*parts, (Span("as published; debts of the year before counted in", "muted"),)])

    @override
    def book_lines(self, book: RotaBook, width: int) -> list[Line]:
        """See RotaYear."""
        found = self.found
        if found is None:
            self._days = []
            return [(Span(" judging the year …", "muted"),)]
        if not self._days:
            first, last = local_date(book.starts_at, self.rota.zone), date(self.year, 12, 31)
            self._days = days_of(book, self.shifts, found.findings, first, last, book.as_of)
        sees_all = self.desk.may("see-working-time")
        return fairness_lines(found, self._days, self._measure, width, sees_all=sees_all)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A plot needs something to plot."""
        return self.found is not None if action == "plot" else True

    def action_step_measure(self, by: int) -> None:
        """Another measure."""
        self._measure = MEASURES[(MEASURES.index(self._measure) + by) % len(MEASURES)]
        self.show_page()

    async def action_plot(self) -> None:
        """The measure as a plot."""
        if self.found is not None:
            title = f"{self.rota.rota} {self.year}"
            await self.app.push_screen(RotaPlotRoom(title, self.found.quality.loads, self._measure))


class RotaPlotRoom(Room):
    """What each person had of a measure, beside their share."""

    ROOM = "rota"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step_measure(-1)", "measure before", show=False),
        Binding("right", "step_measure(1)", "next measure"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, title: str, loads: Sequence[PersonLoad], measure: str) -> None:
        super().__init__()
        self._about = title
        self._loads = sorted(loads, key=lambda one: one.person)
        self._measure = measure
        self._title = Page(id="title")
        self._plot = PlotextPlot(id="plot")

    @override
    def body(self) -> ComposeResult:
        """Title and plot."""
        yield self._title
        yield self._plot

    @override
    def refetch(self) -> None:
        """See Room: there is nothing to ask."""
        self._draw()

    def _draw(self) -> None:
        unit = ", in weeks" if self._measure.endswith("_h") else ""
        self._title.show(
            [
                joined(
                    [
                        (
                            Span(" "),
                            Span(self._about, "title"),
                        ),
                        (Span(MEASURE_WORDS[self._measure], "strong"), Span(unit, "muted")),
                        (Span("left: had", "accent"),),
                        (Span("right: share", "fair"),),
                    ]
                )
            ]
        )
        by = _HOURS_A_WEEK if self._measure.endswith("_h") else 1
        had = [getattr(one.load, self._measure) / by for one in self._loads]
        share = [max(0.0, one.share[self._measure]) / by for one in self._loads]
        plt = self._plot.plt
        plt.clear_data()
        plt.clear_figure()
        if self._loads:
            people = [one.person for one in self._loads]
            colours = [_HAD_COLOUR, _SHARE_COLOUR]
            plt.multiple_bar(people, [had, share], color=colours, width=0.7)  # type: ignore[arg-type]  # one each
        self._plot.refresh()

    def action_step_measure(self, by: int) -> None:
        """Another measure."""
        self._measure = MEASURES[(MEASURES.index(self._measure) + by) % len(MEASURES)]
        self._draw()
