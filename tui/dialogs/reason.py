"""Doing something for a reason that is typed: what happens then, and the sentence for the log at every key."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Words
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line, Span


class ReasonDialog(Form[str]):
    """Returns what was typed, None when closed. `sentence` makes what goes into the log of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "do it")]

    def __init__(
        self,
        title: str,
        before: list[Line],
        sentence: Callable[[str], str],
        *,
        label: str = "why",
        hint: str = "the reason",
        most: int = 200,
    ) -> None:
        super().__init__(title)
        self._before = before
        self._sentence_of = sentence
        self._label = label
        self._hint = hint
        self._most = most

    @override
    def content(self) -> ComposeResult:
        """What happens, the field, the sentence."""
        yield Words([(), *self._before, ()])
        with Horizontal(classes="field"):
            yield Label(f" {self._label}", markup=False, classes="label")
            yield Field("", hint=self._hint, most=self._most, id="reason", enter="do it")
        yield self.sentence

    @property
    def _typed(self) -> str:
        return self.query_one("#reason", Field).value.strip()

    @override
    def tell(self) -> None:
        """See Form."""
        typed = self._typed
        if not typed:
            self.sentence.say([(), *self.fault_lines(f"{self._label}? It can not stay empty."), ()])
        else:
            hashed: Line = (Span(" Its hash stands in the log for good; the words can be erased.", "muted"),)
            self.sentence.say([(), *log_sentence(self._sentence_of(typed)), hashed])

    @override
    def action_save(self) -> None:
        """Return the reason, when there is one."""
        if self._typed:
            self.dismiss(self._typed)
        else:
            self.refuse()
