"""A form about a rota: named fields, and below them what goes into the log or what is wrong."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Result
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line
from tui.rota_forms import Unclear

_SHORT = 100
"""Fields of at most so many signs are replaced by what is typed; in longer ones it is added."""


class Row(NamedTuple):
    """A field: what it is called, its label, what it says while empty, and its text."""

    name: str
    label: str
    hint: str
    value: str
    most: int = 400


class RotaForm(Form[Result]):
    """Returns what `read` makes of the fields. Subclasses fill `read` and `sentence_of`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "do it")]
    DOES: ClassVar[str] = "do it"
    """What the enter key does."""

    def __init__(self, rows: Sequence[Row], title: str = "") -> None:
        super().__init__(title)
        self._rows = rows

    def read(self, values: Mapping[str, str]) -> Result:
        """What the fields describe; raises Unclear."""
        raise NotImplementedError

    def sentence_of(self, result: Result) -> str:
        """What goes into the log."""
        raise NotImplementedError

    def remarks(self) -> Sequence[Line]:
        """What is said below the sentence."""
        return ()

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        for row in self._rows:
            with Horizontal(classes="field"):
                yield Label(f" {row.label}", markup=False, classes="label")
                yield Field(
                    row.value, hint=row.hint, id=row.name, most=row.most, enter=self.DOES, replaced=row.most <= _SHORT
                )
        yield self.sentence

    @property
    def _values(self) -> dict[str, str]:
        return {row.name: " ".join(self.query_one(f"#{row.name}", Field).value.split()) for row in self._rows}

    @override
    def tell(self) -> None:
        """See Form."""
        try:
            result = self.read(self._values)
        except Unclear as error:
            self.sentence.say([(), *self.fault_lines(error.says), ()])
            return
        self.sentence.say([(), *log_sentence(self.sentence_of(result)), *self.remarks()])

    @override
    def action_save(self) -> None:
        """Return what the fields describe, when they do."""
        try:
            self.dismiss(self.read(self._values))
        except Unclear as error:
            self.refuse(error.field)
