"""Error reports: what was outside a mandate, its account, and who closed it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.log import ErrorReportView
from tui.dialogs.confirm import TextDialog, log_sentence
from tui.log_lines import fact_lines, report_facts, report_line
from tui.paint import Line, Span, joined
from tui.role_words import Reserved
from tui.rooms.facts import FactsRoom
from tui.rooms.listing_room import ListingRoom
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


class ErrorReportsRoom(ListingRoom[ErrorReportView]):
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

    @override
    def refetch(self) -> None:
        """Asked once: reading them is an entry, so coming back from a dialog asks for nothing."""
        if not self._is_known:
            self._ask()

    def _ask(self) -> None:
        open_only = self._open_only
        question = self.desk.door.error_reports
        self.ask("error reports", lambda: question(open_only=open_only), self.show_items)

    @override
    def key_of(self, item: ErrorReportView) -> str:
        """See ListingRoom."""
        return item.report_id

    @override
    def item_line(self, item: ErrorReportView, width: int) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return report_line(item, clock.now(), utc=clock.utc)

    @override
    def title_line(self) -> Line:
        """How many are not closed."""
        unfinished = sum(one.state != "closed" for one in self._list.items)
        count: Line = (Span(plural(unfinished, "open report"), "bad" if unfinished else "good"),)
        shown: Line = (Span("open only", "accent"),) if self._open_only else ()
        return joined([(Span(" ERROR REPORTS", "muted"),), count if self._is_known else (), shown])

    @override
    def detail_lines(self, item: ErrorReportView) -> list[Line]:
        """See ListingRoom."""
        facts = report_facts(item, utc=self.desk.server_clock.utc)
        return fact_lines(facts, max(30, self.size.width - 1))

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("No error report waits.", "good"),)]

    @override
    def moved(self) -> None:
        """Another report is read from its beginning."""
        self._detail.scroll_home(animate=False)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next steps of the report under the cursor that are the person's to take."""
        report = self.chosen
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
        report = self.chosen
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
        self.show_items([report if one.report_id == report.report_id else one for one in self._list.items])

    def action_again(self) -> None:
        """Read them anew."""
        self._ask()

    def action_open_only(self) -> None:
        """Only those that are not closed, or all."""
        self._open_only = not self._open_only
        self._ask()

    async def action_open(self) -> None:
        """The whole report."""
        report = self.chosen
        if report is not None:
            facts = report_facts(report, utc=self.desk.server_clock.utc)
            await self.app.push_screen(FactsRoom(f"ERROR REPORT  {report.report_id}", facts))

    async def action_unit(self) -> None:
        """The unit's page."""
        report = self.chosen
        if report is not None and report.unit_id is not None:
            await self.desk.open_unit(report.unit_id)
