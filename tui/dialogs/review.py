"""What becomes of a recorded authority: a review was held, a written statement was made."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from protocols.api.authorities import AuthorityView, DocumentHash, ReviewDone
from tui.authority_drafting import Unrecordable, moment_of
from tui.dialogs.authority import hashed
from tui.dialogs.confirm import log_sentence
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line, Span
from tui.words import full_moment


class ReviewDialog(Form[ReviewDone]):
    """Returns what the review found, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "record")]

    def __init__(self, view: AuthorityView, me: str) -> None:
        super().__init__(f"A review of {view.reference} was held")
        self._view = view
        self._me = me

    @override
    def content(self) -> ComposeResult:
        """Outcome, next date, sentence."""
        for name, label, hint, most in (
            ("outcome", "outcome", "what was found; not whom it concerns", 200),
            ("next", "next review", "+28d, or a date; empty: those left", 20),
        ):
            with Horizontal(classes="field"):
                yield Label(f" {label}", markup=False, classes="label")
                yield Field("", hint=hint, most=most, id=name, enter="record")
        yield self.sentence

    def _done(self) -> ReviewDone:
        outcome = self.query_one("#outcome", Field).value.strip()
        if not outcome:
            raise Unrecordable("outcome", "what the review found can not stay empty")
        clock, view = self.desk.server_clock, self._view
        following = moment_of("next", self.query_one("#next", Field).value, clock.now(), utc=clock.utc)
        if following is not None and not max(clock.now(), view.starts_at) < following < view.ends_at:
            raise Unrecordable(
                "next", f"to come, and before it ends at {full_moment(view.ends_at, utc=clock.utc)} (review-dates)"
            )
        return ReviewDone(outcome=outcome, next_review_at=following)

    @override
    def tell(self) -> None:
        """See Form."""
        clock, due = self.desk.server_clock, self._view.next_review_at
        about: Line = (Span(" None is due.", "muted"),)
        if due is not None:
            is_due = "was" if due <= clock.now() else "is"
            about = (Span(f" It {is_due} due {full_moment(due, utc=clock.utc)}; that date is used up by it.", "muted"),)
        try:
            done = self._done()
        except Unrecordable as error:
            self.sentence.say([(), about, *self.fault_lines(str(error)), ()])
            return
        said = f"authority.reviewed: {self._me} records that a review of {self._view.reference} was held"
        following = done.next_review_at
        if following is not None:
            said += f", the next by {full_moment(following, utc=clock.utc)}"
        self.sentence.say([(), about, *log_sentence(said), ()])

    @override
    def action_save(self) -> None:
        """Return it, when it is whole."""
        try:
            self.dismiss(self._done())
        except Unrecordable as error:
            self.refuse(error.field)


class StatementDialog(Form[DocumentHash]):
    """Returns the hash of the written statement of an urgent oral authority, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "record")]

    def __init__(self, view: AuthorityView, me: str) -> None:
        super().__init__(f"The written statement of {view.reference}")
        self._view = view
        self._me = me

    @override
    def content(self) -> ComposeResult:
        """The file, then the sentence."""
        with Horizontal(classes="field"):
            yield Label(" document", markup=False, classes="label")
            yield Field("", hint="its file here; it is hashed and stays here", most=400, id="document", enter="record")
        yield self.sentence

    @property
    def _path(self) -> str:
        return self.query_one("#document", Field).value.strip()

    @override
    def tell(self) -> None:
        """See Form."""
        clock, ends_at = self.desk.server_clock, self._view.ends_at
        ends = "ended" if ends_at <= clock.now() else "ends"
        when = full_moment(ends_at, utc=clock.utc)
        aside: Line = (Span(f" It prolongs nothing: the authority {ends} {when}.", "muted"),)
        if not self._path:
            self.sentence.say([(), aside, *self.fault_lines("document: the file of the statement"), ()])
        else:
            said = f"authority.statement: {self._me} records the written statement of {self._view.reference}"
            self.sentence.say([(), aside, *log_sentence(said), ()])

    @override
    def action_save(self) -> None:
        """Hash it, then return the hash."""
        if not self._path:
            self.refuse()
            return
        path = Path(self._path).expanduser()
        self.desk.say(f"hashing {path.name}", waiting=True)
        self.ask("document", lambda: hashed(path), self._hashed)

    def _hashed(self, found: DocumentHash | str) -> None:
        if isinstance(found, str):
            self.desk.say(found, "bad")
        else:
            self.desk.drop_note()
            self.dismiss(found)
