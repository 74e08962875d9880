"""Error reports: what was outside a mandate, its account, and who closed it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import ErrorReportView
from tui.dialogs.confirm import TextDialog, log_sentence
from tui.lines import Page
from tui.listing import ItemListing
from tui.log_lines import fact_lines, report_facts, report_line
from tui.paint import Line, Span, joined
from tui.role_words import Reserved
from tui.rooms.facts import FactsRoom
from tui.rooms.room import Room
from tui.words import plural

Step = Literal["account", "submit", "return", "close"]

_ANSWERING = Reserved("answering an error report", "answer-error-report")
_CLOSING = Reserved("closing an error report", "close-error-report")
_WORDS: dict[Step, tuple[str, str, str]] = {
    "account": ("Account for it", "What happened, why, and what was done about it.", "accounted"),
    "submit": ("Submit it", "A remark for the approver, who closes it.", "submitted"),
    "return": ("Return it", "What is still missing.", "returned"),
    "close": ("Close it", "What follows from it.", "closed"),
}
_DOING: dict[Step, str] = {
    "account": "accounting for the report",
    "submit": "submitting the report",
    "return": "returning the report",
    "close": "closing the report",
}
_FROM: dict[Step, frozenset[str]] = {
    "account": frozenset({"draft", "accounted"}),
    "submit": frozenset({"accounted"}),
    "return": frozenset({"submitted"}),
    "close": frozenset({"submitted"}),
}


class ErrorReportsRoom(Room):
    """The reports, open ones first."""

    ROOM = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("w", "step('account')", "account", tooltip="write down what happened and why"),
        Binding("s", "step('submit')", "submit", tooltip="hand it to an approver"),
        Binding("b", "step('return')", "return", tooltip="hand it back to a supervisor"),
        Binding("c", "step('close')", "close", tooltip="say what follows, and close it"),
        Binding("o", "open_only", "open only"),
        Binding("r", "again", "read again"),
        Binding("u", "unit", "unit"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        "step('account')": _ANSWERING,
        "step('submit')": _ANSWERING,
        "step('return')": _CLOSING,
        "step('close')": _CLOSING,
    }

    def __init__(self) -> None:
        super().__init__()
        self._open_only = True
        self._is_known = False
        self._title = Page(id="title")
        self._list: ItemListing[ErrorReportView] = ItemListing(self._draw, lambda one: one.report_id, id="list")
        self._empty = Page(id="empty")
        self._detail = Page(id="detail")

    @override
    def body(self) -> ComposeResult:
        """Counts, reports, the one under the cursor."""
        yield self._title
        yield self._list
        yield self._empty
        yield self._detail

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self.set_focus(self._list)
        self._show_rest()

    @override
    def refetch(self) -> None:
        """Asked once: reading them is an entry, so coming back from a dialog asks for nothing."""
        if not self._is_known:
            self._ask()

    def _ask(self) -> None:
        open_only = self._open_only
        question = self.desk.door.error_reports
        self.ask("error reports", lambda: question(open_only=open_only), self._arrived)

    def _arrived(self, reports: list[ErrorReportView]) -> None:
        self._is_known = True
        self._list.show(reports)
        self._show_rest()

    def _draw(self, report: ErrorReportView, _width: int) -> Line:
        clock = self.desk.server_clock
        return report_line(report, clock.now(), utc=clock.utc)

    def _show_rest(self) -> None:
        reports = self._list.items
        unfinished = sum(one.state != "closed" for one in reports)
        count: Line = (Span(plural(unfinished, "open report"), "bad" if unfinished else "good"),)
        shown: Line = (Span("open only", "accent"),) if self._open_only else ()
        self._title.show([joined([(Span(" ERROR REPORTS", "muted"),), count if self._is_known else (), shown])])
        self._list.display = bool(reports)
        self._empty.display = not reports
        words = "No error report waits." if self._is_known else "asking the controller …"
        self._empty.show([(), (Span(f"   {words}", "good" if self._is_known else "muted"),)])
        report = self._list.item
        self._detail.display = report is not None
        if report is not None:
            facts = report_facts(report, utc=self.desk.server_clock.utc)
            self._detail.show(fact_lines(facts, max(30, self.size.width - 1)))
        self.refresh_bindings()

    def on_listing_moved(self) -> None:
        """Another report."""
        self._show_rest()
        self._detail.scroll_home(animate=False)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next steps of the report under the cursor that are the person's to take."""
        report = self._list.item
        if action == "unit":
            return report is not None and report.unit_id is not None
        if action == "open":
            return report is not None
        if action != "step":
            return True
        step = parameters[0]
        if report is None or step not in _FROM or not self.allows(f"step('{step}')"):
            return False
        return report.state in _FROM[step]

    async def action_step(self, step: Step) -> None:
        """Ask for the words of a step, then take it."""
        report = self._list.item
        if report is None:
            return
        title, asked, done = _WORDS[step]
        sentence = (
            f"error-report.advanced: {self.desk.me.person_id}, {done}, report {report.report_id}, (your words, hashed)"
        )
        before: list[Line] = [
            (),
            (Span(f" {report.summary}", "strong"),),
            (),
            *log_sentence(sentence),
            (),
            (Span(f" {asked}", "muted"),),
        ]
        report_id = report.report_id
        dialog = TextDialog(title, before, least=1, most=2000)
        await self.app.push_screen(dialog, lambda text: self._take(report_id, step, text) if text else None)

    def _take(self, report_id: str, step: Step, text: str) -> None:
        door = self.desk.door
        deeds: dict[Step, Callable[[str, str], Awaitable[ErrorReportView]]] = {
            "account": door.account_for_error,
            "submit": door.submit_error_report,
            "return": door.return_error_report,
            "close": door.close_error_report,
        }
        self.do(_DOING[step], lambda: deeds[step](report_id, text), self._taken)

    def _taken(self, report: ErrorReportView) -> None:
        self.desk.say(f"the report is {report.state}", "good")
        self._list.show([report if one.report_id == report.report_id else one for one in self._list.items])
        self._show_rest()

    def action_again(self) -> None:
        """Read them anew."""
        self._ask()

    def action_open_only(self) -> None:
        """Only those that are not closed, or all."""
        self._open_only = not self._open_only
        self._ask()

    async def action_open(self) -> None:
        """The whole report."""
        report = self._list.item
        if report is not None:
            facts = report_facts(report, utc=self.desk.server_clock.utc)
            await self.app.push_screen(FactsRoom(f"ERROR REPORT  {report.report_id}", facts))

    async def action_unit(self) -> None:
        """The unit's page."""
        report = self._list.item
        if report is not None and report.unit_id is not None:
            await self.desk.open_unit(report.unit_id)

    def action_back(self) -> None:
        """Back to the log."""
        self.dismiss()
