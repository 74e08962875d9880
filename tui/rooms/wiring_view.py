"""What the pages of a plan have in common: it is shown from one side at a time, and judged beside the screen."""

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual_plotext import PlotextPlot
from typing_extensions import override

from protocols.wiring.findings import DrainCurve
from protocols.wiring.policy import WiringPolicy
from tui.dialogs.confirm import TextDialog
from tui.lines import Page
from tui.paint import Line, Span, joined, spread
from tui.rooms.deployment_following import FollowsDeployments
from tui.saved_files import write_new
from tui.wiring_findings import verdict_line
from tui.wiring_page import VIEWS, ViewName, curve_lines, strip_line, view_lines
from tui.wiring_seen import PlanChecking, SeenPlan
from tui.wiring_words import RESERVED

_LEAST_WIDTH = 40
_KIT_COLOUR = (217, 164, 65)
_PLAIN_COLOUR = (122, 166, 194)
_LIMIT_COLOUR = (229, 112, 95)
VIEW_BINDINGS: tuple[BindingType, ...] = (
    *(Binding(view.key, f"view('{view.name}')", view.title) for view in VIEWS),
    Binding("tab", "next_view(1)", "next side", show=False),
    Binding("shift+tab", "next_view(-1)", "side before", show=False),
)


class WiringViewRoom(FollowsDeployments):
    """Shows `seen`, a plan's text with what the rules say, from the side that is chosen. Subclasses hand texts to
    `judge`, and fill `head_line`."""

    ROOM = "wiring"
    RESERVED = RESERVED

    def __init__(self) -> None:
        super().__init__()
        self.seen: SeenPlan | None = None
        self.policy = WiringPolicy()
        self.view: ViewName = "diagram"
        self._title = Page(id="title")
        self._page = Page(id="page")
        self._plot = PlotextPlot(id="plot")
        self._checking = PlanChecking(self, self._judged)

    def head_line(self) -> Line:
        """What this plan is."""
        raise NotImplementedError

    @override
    def body(self) -> ComposeResult:
        """What it is, the sides it has, and the one that is shown."""
        self._page.can_focus = True
        yield self._title
        yield self._page
        yield self._plot

    def on_mount(self) -> None:
        """Arrows scroll."""
        self._plot.display = False
        self.set_focus(self._page)
        self.show_view()

    def on_resize(self) -> None:
        """Drawn anew for another width."""
        self.show_view()

    def judge(self, text: str) -> None:
        """Read and judge `text`, and show it."""
        self._checking.check(text, self.policy)

    def _judged(self, seen: SeenPlan) -> None:
        self.seen = seen
        self.show_view()
        self.refresh_bindings()

    @property
    def _width(self) -> int:
        return max(_LEAST_WIDTH, self.size.width - 2)

    def show_view(self) -> None:
        """Show what is known now."""
        self.show_title()
        seen = self.seen
        if seen is None:
            self._page.show([(Span(" reading the plan …", "muted"),)])
            return
        self._page.show(view_lines(self.view, seen, self.policy, self._width))
        curves = seen.assessment.curves if seen.assessment is not None else []
        self._plot.display = self.view == "drain" and bool(curves)
        self._page.set_class(self._plot.display, "above")
        if self._plot.display:
            self._page.styles.height = len(curve_lines(curves)) + 1
            self._draw(curves)
        else:
            self._page.styles.height = "1fr"

    def show_title(self) -> None:
        """What it is and how it stands, and the sides it can be shown from."""
        verdict = () if self.seen is None else verdict_line(self.seen)
        first = spread((Span(" "), *self.head_line()), verdict, self._width)
        self._title.show([first, strip_line(self.view)])

    def _draw(self, curves: list[DrainCurve]) -> None:
        plt = self._plot.plt
        plt.clear_data()
        plt.clear_figure()
        for curve in curves:
            for points, colour in ((curve.without_kit, _PLAIN_COLOUR), (curve.with_kit, _KIT_COLOUR)):
                if len(points) > 1:
                    xs, ys = [one.days for one in points], [100 * one.soc for one in points]
                    plt.plot(xs, ys, marker="braille", color=colour)
            most = max((one.days for one in (*curve.with_kit, *curve.without_kit)), default=1.0)
            plt.plot([0.0, most], [100 * curve.soc_min] * 2, marker="braille", color=_LIMIT_COLOUR)
        self._plot.refresh()

    def action_view(self, view: ViewName) -> None:
        """Show another side."""
        if view != self.view:
            self.view = view
            self._page.scroll_to(y=0, animate=False)
            self.show_view()

    def action_next_view(self, by: int) -> None:
        """Show the side beside this one."""
        names = [view.name for view in VIEWS]
        self.action_view(names[(names.index(self.view) + by) % len(names)])

    async def action_write(self) -> None:
        """Write the plan's text into a file here."""
        seen = self.seen
        if seen is None:
            return
        name = "plan" if seen.plan is None else seen.plan.name
        before: list[Line] = [
            (),
            joined([(Span(" The plan's exact text, as fleet wiring check reads it."),)]),
            (),
        ]
        dialog = TextDialog("Write the plan to a file here", before, value=f"{name}.yaml", least=1, most=400)
        await self.app.push_screen(dialog, lambda path: self._write(path, seen.text) if path else None)

    def _write(self, typed: str, text: str) -> None:
        path = Path(typed).expanduser()

        def written(trouble: str) -> None:
            self.desk.say(trouble or f"the plan is in {path}", "bad" if trouble else "good")

        self.desk.say(f"writing {path}", waiting=True)
        self.ask("file", lambda: write_new(path, text.encode()), written)
