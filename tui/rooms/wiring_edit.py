"""A plan as text, with what the reading and the rules say of it as one types."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import TextArea
from typing_extensions import override

from fleet.client import ClientError, Refused
from fleet.wiring.rules.faults import Place
from fleet.wiring.rules.reading import read_plan
from protocols.api.wiring import HarnessView
from protocols.wiring.plan import MAX_TEXT_CHARS
from protocols.wiring.policy import WiringPolicy
from tui.dialogs.confirm import ConfirmDialog, log_sentence
from tui.dialogs.wiring_preview import WiringPreviewDialog
from tui.field import TextField
from tui.lines import Page
from tui.paint import Line, Span, Tone, spread, wrap
from tui.role_words import Reserved
from tui.rooms.room import Room
from tui.wiring_advice import AdvisedText, advised_text
from tui.wiring_findings import finding_lines, is_head, verdict_line
from tui.wiring_seen import PlanChecking, SeenPlan
from tui.wiring_words import RESERVED, kept_sentence
from tui.words import moment, safe

TYPING_PAUSE_S = 0.25
_WIDE_FROM = 120


class PlanField(TextField):
    """The text of a plan: numbered lines, and tab indents."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f7", "screen.next_place(-1)", "finding before", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__(id="plan")
        self.show_line_numbers = True
        self.tab_behavior = "indent"
        self.indent_width = 2
        self.load_text(text)

    @override
    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: nothing in it that a terminal could obey."""
        line = super().get_line(line_index)
        line.plain = safe(line.plain)
        return line


class WiringEditRoom(Room):
    """The newest revision of a harness as text, or `text`, which nobody has kept. Returns the harness as it is once
    that was kept."""

    ROOM = "wiring"
    RESERVED: ClassVar[Mapping[str, Reserved]] = RESERVED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep", tooltip="keep it, after a look at what goes into the log"),
        Binding("f8", "next_place(1)", "next finding", tooltip="the line of the next fault or finding"),
        Binding("f9", "advise", "advice", tooltip="put advised sizes and fuses into the text, after a look at them"),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, text: str, policy: WiringPolicy, view: HarnessView | None = None) -> None:
        super().__init__()
        self._policy = policy
        self._view = view
        self._kept_text = text if view is not None else None
        self._revision = 0 if view is None else view.row.revision
        self._seen: SeenPlan | None = None
        self._is_leaving = False
        self._timer: Timer | None = None
        self._title = Page(id="title")
        self.area = PlanField(text)
        self._found = Page(id="found")
        self._told: list[Line] = []
        self._checking = PlanChecking(self, self._judged)

    @override
    def body(self) -> ComposeResult:
        """The text, and beside it or below it what is said of it."""
        yield self._title
        with Container(id="editing"):
            yield self.area
            yield self._found

    def on_mount(self) -> None:
        """Begin at the text's first line."""
        self.set_focus(self.area)
        self._check()

    def on_resize(self) -> None:
        """Beside it where there is room."""
        self.query_one("#editing").set_class(self.size.width >= _WIDE_FROM, "wide")
        self.call_after_refresh(self._show)

    @override
    def refetch(self) -> None:
        """See Room. What is here is the person's own."""

    @override
    def tick(self) -> None:
        """See Room."""

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the role allows."""
        return self.allows(action)

    @property
    def is_changed(self) -> bool:
        """Whether anything would be lost."""
        return self.area.text != self._kept_text

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        """Read it anew once the typing pauses."""
        message.stop()
        self._is_leaving = False
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TYPING_PAUSE_S, self._check)

    def _check(self) -> None:
        self._checking.check(self.area.text, self._policy)

    def _judged(self, seen: SeenPlan) -> None:
        self._seen = seen
        self._show()

    def _show(self) -> None:
        width = max(30, self._found.scrollable_size.width - 1)
        name = "a new plan" if self._view is None else self._view.row.name
        state = f"revision {self._revision}" if self._view is not None else "not kept"
        head: Line = (Span(" "), Span(name, "title"), Span(f"  {state}", "muted"))
        if self._seen is None:
            self._title.show([(*head, Span("   reading …", "muted"))])
            return
        changed = Span("  changed", "fair") if self.is_changed and self._view is not None else Span("")
        self._title.show([spread((*head, changed), verdict_line(self._seen), max(30, self.size.width - 2))])
        self._told = finding_lines(self._seen, width)
        self._found.show(self._told or [(), (Span(" nothing wants mending; ctrl+s keeps it", "good"),)])

    @property
    def _places(self) -> list[Place]:
        """Where something wants mending, in the text's order."""
        seen = self._seen
        if seen is None:
            return []
        if seen.reading.faults:
            return sorted({fault.place for fault in seen.reading.faults})
        judgements = [] if seen.assessment is None else seen.assessment.judgements
        return sorted({seen.reading.place(one.subject) for one in judgements if one.verdict != "pass"})

    def action_next_place(self, by: int) -> None:
        """Put the cursor on what wants mending after it, or before it; from the last on to the first."""
        places = self._places
        if not places:
            self.desk.say("nothing wants mending", "good")
            return
        row, column = self.area.cursor_location
        here = Place(row + 1, column + 1)
        later = [place for place in places if place > here] if by > 0 else [one for one in places if one < here]
        to = (later or places)[0 if by > 0 else -1]
        self.area.move_cursor((to.line - 1, to.column - 1), center=True)
        at = next((at for at, line in enumerate(self._told) if is_head(line, to)), 0)
        self._found.scroll_to(y=at, animate=False)
        self.desk.say(f"line {to.line}, column {to.column}")

    def action_advise(self) -> None:
        """Work out what is advised, and show what it would change."""
        text, policy = self.area.text, self._policy

        async def work_out() -> AdvisedText | None:
            return await asyncio.to_thread(lambda: advised_text(text, read_plan(text), policy))

        self.desk.say("working out what is advised", waiting=True)
        self.ask("advice", work_out, lambda found: self._advised(text, found))

    def _advised(self, text: str, found: AdvisedText | None) -> None:
        self.desk.note = None
        self.desk.repaint_bars()
        if found is None:
            self.desk.say("mend the faults of the text first: f8 goes to them", "fair")
        elif found.before == found.after:
            remarks = "; ".join(found.advice.remarks)
            self.desk.say(remarks or "every size and fuse is as advised", "fair" if remarks else "good")
        else:
            dialog = WiringPreviewDialog("Advised sizes and fuses", _advice_head(found), found.before, found.after)
            self.app.push_screen(dialog, lambda yes: self._take_advice(text, found) if yes else None)

    def _take_advice(self, text: str, found: AdvisedText) -> None:
        if self.area.text != text:
            self.desk.say("the text has changed meanwhile: ask for advice again", "fair")
            return
        at = self.area.cursor_location
        self.area.replace(found.text, (0, 0), self.area.document.end)
        self.area.move_cursor(at)
        self.desk.say("the advice is in the text; ctrl+z takes it back", "good")

    def action_keep(self) -> None:
        """Keep the text, once the sentence was seen."""
        seen = self._seen
        if not self.is_current:
            return
        if seen is None or seen.text != self.area.text or self._checking.is_busy:
            self._check()
            self.soon("keep", self.action_keep)
        elif len(seen.text) > MAX_TEXT_CHARS:
            self.desk.say(f"it is longer than the {MAX_TEXT_CHARS} signs that a plan may have", "bad")
        elif seen.plan is None or seen.assessment is None:
            self.desk.say("mend the faults of the text first: f8 goes to them", "bad")
        elif not self.is_changed:
            self.desk.say("nothing has changed since it was kept", "fair")
        else:
            sentence = kept_sentence(self.me, seen.plan.name, self._revision + 1, seen.assessment)
            before: list[Line] = []
            if not seen.assessment.may_be_fitted:
                before = [(Span(" It can be kept, and given to no deployment: it is not safe.", "fair"),)]
            text = seen.text
            self.app.push_screen(
                ConfirmDialog("Keep this plan", before, sentence), lambda yes: self._keep(text) if yes else None
            )

    def _keep(self, text: str) -> None:
        door, view, revision = self.desk.door, self._view, self._revision

        def keep() -> Awaitable[HarnessView]:
            if view is None:
                return door.keep_harness(text)
            return door.revise_harness(view.row.harness, revision, text)

        self.do("keeping it", keep, lambda kept: self._kept(text, kept), failed=self._not_kept)

    def _kept(self, text: str, kept: HarnessView) -> None:
        self.desk.say(f"{kept.row.name} is kept as revision {kept.row.revision} of {kept.row.harness}", "good")
        self._view, self._revision, self._kept_text = kept, kept.row.revision, text
        if not self.is_changed:
            self.leave_with(kept)
        elif self.is_attached:
            self._show()

    def _not_kept(self, error: ClientError) -> None:
        view = self._view
        if view is not None and isinstance(error, Refused) and error.problem.code == "revision-changed":
            door, harness = self.desk.door, view.row.harness
            self.desk.note = None
            self.ask("theirs", lambda: door.harness(harness), self._show_theirs)
        else:
            self.desk.explain(error)

    def _show_theirs(self, theirs: HarnessView) -> None:
        """Somebody else kept a revision meanwhile: what yours changes of it, and nothing is lost."""
        plan = read_plan(theirs.text).plan
        mine = self._seen
        if plan is None or mine is None or mine.plan is None or mine.assessment is None:
            return
        clock, row = self.desk.server_clock, theirs.row
        when = moment(row.kept_at, clock.now(), utc=clock.utc)
        said: list[Line] = [
            (),
            (Span(f" {row.kept_by} kept revision {row.revision} at {when}, while you changed it.", "fair"),),
            (Span(" Your text is as it was. This is what it would change of theirs:", "plain"),),
        ]
        sentence = kept_sentence(self.me, mine.plan.name, row.revision + 1, mine.assessment)
        tail = [
            *log_sentence(sentence),
            (),
            (Span(" y keeps yours after theirs; esc goes back to your text.", "muted"),),
        ]
        text = mine.text

        def answered(yes: bool | None) -> None:
            if yes:
                self._view, self._revision = theirs, row.revision
                self._keep(text)

        dialog = WiringPreviewDialog("Somebody else kept it first", said, plan, mine.plan, tail)
        self.app.push_screen(dialog, answered)

    @override
    def may_leave(self) -> bool:
        """See Room."""
        if self.is_changed and not self._is_leaving:
            self._is_leaving = True
            self.desk.say("it is not kept: ctrl+s keeps it, the same key again throws it away", "fair")
            return False
        return True

    @override
    def action_back(self) -> None:
        """Back; the second time where something would be lost."""
        if self.may_leave():
            self.dismiss(None)


def _advice_head(found: AdvisedText) -> Sequence[Line]:
    lines: list[Line] = [()]
    if found.is_rewritten:
        lines += _wrapped("the text is written anew for this: its comments go", "fair")
    changed = {one.conductor: one.sentence for one in found.advice.conductors if one.csa_mm2 != one.advised_mm2}
    changed |= {one.fuse: one.sentence for one in found.advice.fuses if one.rating_a != one.advised_a}
    for sentence in (*changed.values(), *found.advice.remarks):
        lines += _wrapped(sentence, "muted")
    return lines


def _wrapped(text: str, tone: Tone) -> list[Line]:
    return [(Span(" "), *line) for line in wrap(text, 68, tone)]
