"""A figure of one unit over time."""

from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual_plotext import PlotextPlot
from typing_extensions import override

from protocols.api.feed import Watch
from protocols.api.units import History, HistoryPoint, UnitDetail
from protocols.health import QUANTITIES
from tui.dialogs.choice import ChoiceDialog, Option
from tui.figures import LEAST_RANGE, PLOTTED, figure_text
from tui.lines import Page
from tui.needs import name_of
from tui.paint import Span, joined
from tui.rooms.room import Room
from tui.unit_page import telling_hours
from tui.words import duration, in_zone, moment, safe

SPANS_H = (1, 6, 24, 7 * 24, 30 * 24)
_KEYS = "abcdefghik"
GAP_BUCKETS = 3
_X_STEPS = 4
_Y_STEPS = 5
_MEAN_COLOUR = (122, 166, 194)
_RANGE_COLOUR = (70, 84, 98)


class TimeAxis(NamedTuple):
    """From `start` to `end`, as 0.0 … 1.0."""

    start: datetime
    end: datetime

    def place(self, at: datetime) -> float:
        """Where a time stands."""
        return (at - self.start) / (self.end - self.start)

    def words(self, place: float, *, utc: bool) -> str:
        """The time at a place: an hour within two days, else a date."""
        at = in_zone(self.start + (self.end - self.start) * place, utc=utc)
        return f"{at:%H:%M}" if self.end - self.start <= timedelta(days=2) else f"{at.day} {at:%b}"


def time_axis(history: History, now: datetime, span: timedelta) -> TimeAxis:
    """The whole span, or from the first point when the points fill less than a quarter of it."""
    first = history.points[0].at
    start = first if now - first < span / 4 else now - span
    return TimeAxis(start, max(now, start + timedelta(minutes=1)))


def value_axis(history: History) -> tuple[float, float]:
    """The lowest and highest value drawn, at least the figure's least range apart."""
    low, high = min(point.low for point in history.points), max(point.high for point in history.points)
    missing = max(0.0, LEAST_RANGE.get(history.figure, 1.0) - (high - low))
    return low - missing / 2, high + missing / 2


def unbroken(history: History) -> list[list[HistoryPoint]]:
    """The points in runs, without those times when nothing came for more than GAP_BUCKETS buckets."""
    runs: list[list[HistoryPoint]] = []
    longest = timedelta(seconds=history.bucket_s * GAP_BUCKETS)
    for point in history.points:
        if runs and point.at - runs[-1][-1].at <= longest:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


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
        self._span: int | None = None
        self._title = Page(id="title")
        self._plot = PlotextPlot(id="plot")
        self._history: History | None = None

    @override
    def body(self) -> ComposeResult:
        """Title and plot."""
        yield self._title
        yield self._plot

    @property
    def _hours(self) -> int:
        """The span plotted; at first what says something about a unit that joined when this one did."""
        if self._span is None:
            known_for = self.desk.server_clock.now() - self._detail.joined_at
            self._span = SPANS_H.index(telling_hours(known_for))
        return SPANS_H[self._span]

    @override
    def refetch(self) -> None:
        """See Room."""
        unit_id, figure, hours = self._detail.row.unit_id, self._figure, self._hours
        self._say_title("asking …")
        self.ask("history", lambda: self.desk.door.history(unit_id, figure, hours), self._arrived)

    @override
    def watching(self) -> Watch:
        """See Room."""
        return Watch(units=[self._detail.row.unit_id], summary=True)

    def _arrived(self, history: History) -> None:
        self._history = history
        self._say_title(*self._extent(history))
        self._draw(history)

    def _extent(self, history: History) -> tuple[str, str]:
        """What the lines show, and since when."""
        span = timedelta(hours=self._hours)
        last = f"last {duration(self._hours * 3600)}"
        if not history.points:
            return "no report in that time", last
        clock = self.desk.server_clock
        start = time_axis(history, clock.now(), span).start
        if clock.now() - start < span * 0.99:
            last = f"since {moment(start, clock.now(), utc=clock.utc)}"
        low, high = min(point.low for point in history.points), max(point.high for point in history.points)
        extent = f"{figure_text(history.figure, low)} … {figure_text(history.figure, high)}"
        return f"{extent}, a point each {duration(history.bucket_s)}", last

    def _say_title(self, remark: str, since: str = "") -> None:
        row = self._detail.row
        self._title.show(
            [
                joined(
                    [
                        (Span(" "), Span(safe(name_of(row.label, row.unit_id)), "title")),
                        (Span(QUANTITIES[self._figure].label, "strong"),),
                        (Span(since or f"last {duration(self._hours * 3600)}"),),
                    ]
                ),
                (
                    *(
                        Span(" lowest", "muted"),
                        Span(" · "),
                        Span("mean", "accent"),
                        Span(" · "),
                        Span("highest", "muted"),
                    ),
                    Span(f"   {remark}", "muted"),
                ),
            ]
        )

    def _draw(self, history: History) -> None:
        plt = self._plot.plt
        plt.clear_data()
        plt.clear_figure()
        if history.points:
            now = self.desk.server_clock.now()
            axis = time_axis(history, now, timedelta(hours=self._hours))
            for run in unbroken(history):
                self._draw_run(axis, run)
            low, high = value_axis(history)
            heights = [low + (high - low) * step / _Y_STEPS for step in range(_Y_STEPS + 1)]
            plt.ylim(low, high)
            plt.yticks(heights, [figure_text(history.figure, height) for height in heights])
            plt.xlim(0.0, 1.0)
            places = [step / _X_STEPS for step in range(_X_STEPS + 1)]
            plt.xticks(places, [axis.words(place, utc=self.desk.server_clock.utc) for place in places])
        self._plot.refresh()

    def _draw_run(self, axis: TimeAxis, run: list[HistoryPoint]) -> None:
        draw = self._plot.plt.plot if len(run) > 1 else self._plot.plt.scatter
        xs = [axis.place(point.at) for point in run]
        if any(point.high > point.low for point in run):
            draw(xs, [point.high for point in run], marker="braille", color=_RANGE_COLOUR)
            draw(xs, [point.low for point in run], marker="braille", color=_RANGE_COLOUR)
        draw(xs, [point.mean for point in run], marker="braille", color=_MEAN_COLOUR)

    def action_step_span(self, by: int) -> None:
        """A longer or shorter time."""
        span = max(0, min(len(SPANS_H) - 1, SPANS_H.index(self._hours) + by))
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
