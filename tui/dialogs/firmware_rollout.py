"""The form of a new rollout: rings, at once, when it stops, and in a sentence what it will do."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import DescendantFocus
from textual.widgets import Input
from typing_extensions import override

from protocols.api.rollouts import NewRollout
from protocols.releases.manifest import Manifest, TargetPath
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.rota_form import RotaForm, Row
from tui.field import Field
from tui.firmware_forms import TEMPLATE, manifest_words, new_rollout_of, started_sentence
from tui.firmware_words import parts_words
from tui.paint import Line, Span
from tui.rota_forms import Unclear

_KEYS = "123456789abcdefghijklmnopqrstuvwxyz"


def manifest_dialog(manifests: Mapping[TargetPath, Manifest]) -> ChoiceDialog[TargetPath]:
    """Returns the path of the manifest picked, None when closed."""
    shown = sorted(manifests.items())[: len(_KEYS)]
    options = [
        Option(key, content.name, parts_words(content), path)
        for key, (path, content) in zip(_KEYS, shown, strict=False)
    ]
    return ChoiceDialog("Which manifest?", options)


class NewRolloutDialog(RotaForm[NewRollout]):
    """Returns the rollout, None when closed.

    Enter leads from field to field. In the last one, or with ctrl+s in any, the person is asked about the sentence;
    the next Enter begins it, unless something was changed or another field gone to meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "begin it"),
        Binding("ctrl+s", "look_over", "look it over", priority=True),
    ]
    DOES = "next field"

    def __init__(self, path: TargetPath, content: Manifest, me: str) -> None:
        rows = (
            Row("title", "title", "what it is for, in a few words", content.name, 80),
            Row("rings", "rings", "empty: all in one; 1 unit wait 1h, 10% wait 4h, rest", TEMPLATE),
            Row("units", "units", "empty: all that it suits; unit-0c41d2f8 unit-…", ""),
            Row("at_once", "at once", "units under way at the same time", "20", 4),
            Row("stop", "stop above", "percent bad of those that ended in a ring", "3%", 6),
            Row("after", "once ended", "units of a ring, before it can stop", "5", 4),
            Row("time", "told from", "empty: at any time; 22:00-05:00 in London", "", 14),
            Row("deployed", "deployed too", "yes: also units out for a deployment", "no", 3),
            Row("limit", "a unit's limit", "1h; longer counts as failed", "1h", 8),
        )
        super().__init__(rows, f"Roll out {manifest_words(content)}")
        self._path = path
        self._me = me
        self._asked: NewRollout | None = None
        self._is_begun = False

    @property
    def _fields(self) -> list[Field]:
        return list(self.query(Field))

    @override
    def read(self, values: Mapping[str, str]) -> NewRollout:
        """See RotaForm."""
        return new_rollout_of(values, self._path)

    @override
    def sentence_of(self, result: NewRollout) -> str:
        """See RotaForm."""
        return started_sentence(result, self._me)

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        if self._asked is not None:
            return [(Span(" Enter once more begins it.", "loud"),)]
        return [(Span(" Older versions take a permit: fleet rollout start --permit.", "muted"),)]

    @override
    def on_input_changed(self, message: Input.Changed) -> None:
        """What was asked about is another now."""
        self._ask_about(None)  # Textual calls the form's handler too

    @override
    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Whoever goes to another field is not done yet."""
        self._ask_about(None)

    @override
    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field; the form's own handler would save at once."""
        message.stop()
        message.prevent_default()
        if self._asked is None and message.input is not self._fields[-1]:
            self.focus_next(Field)
        else:
            self.action_save()

    @override
    def action_save(self) -> None:
        """Ask about the sentence; begin what was asked about, once."""
        if self._asked is None:
            self.action_look_over()
        elif not self._is_begun:
            self._is_begun = True
            self.dismiss(self._asked)

    def action_look_over(self) -> None:
        """Ask about the sentence, when the fields describe a rollout."""
        try:
            self._ask_about(self.read(self._values))
        except Unclear as error:
            self.refuse(error.field)
        else:
            self.tell()

    def _ask_about(self, new: NewRollout | None) -> None:
        self._asked = new
        for field in self._fields:
            is_last = field is self._fields[-1]
            field.enter_does = "begin it" if new is not None else "look it over" if is_last else self.DOES
        self.refresh_bindings()
