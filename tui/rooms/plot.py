"""A figure of one unit over time."""

from datetime import timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual_plotext import PlotextPlot
from typing_extensions import override

from protocols.api.feed import Watch
from protocols.api.units import History, UnitDetail
from protocols.health import QUANTITIES
from tui.dialogs.choice import ChoiceDialog, Option
from tui.figures import PLOTTED, figure_text
from tui.lines import Page
from tui.needs import name_of
from tui.paint import Span, joined
from tui.rooms.room import Room
from tui.words import duration, in_zone, safe

SPANS_H = (1, 6, 24, 7 * 24, 30 * 24)
_KEYS = "abcdefghik"
_MEAN_COLOUR = (122, 166, 194)
_RANGE_COLOUR = (70, 84, 98)


class PlotRoom(Room):
    """Plots mean, lowest and highest of a figure; other figures and spans are a key away."""

    ROOM = "units"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "figure", "figure"),
        Binding("left", "step_figure(-1)", "figure before", show=False),
        Binding("right", "step_figure(1)", "next"),
        Binding("up", "step_span(1)", "longer"),
        Binding("down", "step_span(-1)", "shorter"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, detail: UnitDetail) -> None:
        super().__init__()
        self._detail = detail
        reported = [name for name in PLOTTED if detail.health.get(name) is not None]
        self._figures = reported or list(PLOTTED)
        self._figure = self._figures[0]
        self._span = SPANS_H.index(24)
        self._title = Page(id="title")
        self._plot = PlotextPlot(id="plot")
        self._history: History | None = None

    @override
    def body(self) -> ComposeResult:
        """Title and plot."""
        yield self._title
        yield self._plot

    @override
    def refetch(self) -> None:
        """See Room."""
        unit_id, figure, hours = self._detail.row.unit_id, self._figure, SPANS_H[self._span]
        self._say_title("asking …")
        self.ask("history", lambda: self.desk.door.history(unit_id, figure, hours), self._arrived)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(units=[self._detail.row.unit_id], summary=True)

    def _arrived(self, history: History) -> None:
        self._history = history
        self._say_title(self._extent(history))
        self._draw(history)

    def _extent(self, history: History) -> str:
        if not history.points:
            return "no report in that time"
        low, high = min(point.low for point in history.points), max(point.high for point in history.points)
        bucket = duration(history.bucket_s)
        return f"{figure_text(history.figure, low)} … {figure_text(history.figure, high)}, a point each {bucket}"

    def _say_title(self, remark: str) -> None:
        row = self._detail.row
        self._title.show(
            [
                joined(
                    [
                        (Span(" "), Span(safe(name_of(row.label, row.unit_id)), "title")),
                        (Span(QUANTITIES[self._figure].label, "strong"),),
                        (Span(f"last {duration(SPANS_H[self._span] * 3600)}"),),
                        (Span(remark, "muted"),),
                    ]
                )
            ]
        )

    def _draw(self, history: History) -> None:
        plt = self._plot.plt
        plt.clear_data()
        plt.clear_figure()
        plt.date_form("Y-m-d H:M")
        if history.points:
            utc = self.desk.server_clock.utc
            now = self.desk.server_clock.now()
            hours = SPANS_H[self._span]
            start = now - timedelta(hours=hours)
            scale = 1000.0 if history.figure == "supply_mv" else 1.0
            xs = [(point.at - start).total_seconds() / 3600 for point in history.points]
            if any(point.high > point.low for point in history.points):
                plt.plot(xs, [point.high / scale for point in history.points], marker="braille", color=_RANGE_COLOUR)
                plt.plot(xs, [point.low / scale for point in history.points], marker="braille", color=_RANGE_COLOUR)
            plt.plot(xs, [point.mean / scale for point in history.points], marker="braille", color=_MEAN_COLOUR)
            ticks = [hours * step / 4 for step in range(5)]
            form = "%H:%M" if hours <= 24 else "%d %b"
            plt.xlim(0, hours)
            plt.xticks(ticks, [in_zone(start + timedelta(hours=tick), utc=utc).strftime(form) for tick in ticks])
        self._plot.refresh()

    def action_back(self) -> None:
        """Back to the unit."""
        self.dismiss()

    def action_step_span(self, by: int) -> None:
        """A longer or shorter time."""
        span = max(0, min(len(SPANS_H) - 1, self._span + by))
        if span != self._span:
            self._span = span
            self.refetch()

    def action_step_figure(self, by: int) -> None:
        """Another figure."""
        index = (self._figures.index(self._figure) + by) % len(self._figures)
        self._set_figure(self._figures[index])

    async def action_figure(self) -> None:
        """Choose the figure by name."""
        options = [
            Option(key, QUANTITIES[name].label, figure_text(name, self._detail.health.get(name)), name)
            for key, name in zip(_KEYS, self._figures, strict=False)
        ]
        await self.app.push_screen(ChoiceDialog("Plot", options, self._figure), self._set_figure)

    def _set_figure(self, figure: str | None) -> None:
        if figure is not None and figure != self._figure:
            self._figure = figure
            self.refetch()
