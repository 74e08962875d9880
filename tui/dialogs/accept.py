"""Accepting a unit: the fingerprint is compared with what the unit itself shows, not just looked at."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from typing_extensions import override

from protocols.api.joins import JoinView
from protocols.joining import display_fingerprint
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.field import Field
from tui.key_words import key_words
from tui.paint import Line, Span, fit
from tui.words import UNKNOWN

_HIDDEN = "····"


def masked_fingerprint(fingerprint: str) -> tuple[list[str], str]:
    """The fingerprint's lines with the last group hidden, and that group."""
    lines = display_fingerprint(fingerprint)
    body, _, last = lines[-1].rpartition(" ")
    return [*lines[:-1], f"{body} {_HIDDEN}"], last


class AcceptDialog(Dialog[bool]):
    """Returns True once the person has typed the group that only the unit shows; None when closed."""

    TITLE = "Compare, then accept"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "accept", "accept")]

    def __init__(self, join: JoinView, person_id: str) -> None:
        super().__init__()
        self._join = join
        self._person_id = person_id
        self._shown, self._last = masked_fingerprint(join.fingerprint)

    @override
    def content(self) -> ComposeResult:
        """Who asks, the fingerprint, the sentence, and the field."""
        yield Words(self._lines())
        yield Field(hint="four signs, from the unit itself", most=8, id="group", enter="accept")

    def _lines(self) -> list[Line]:
        join = self._join
        by = "" if join.rejoins else f"   by {join.invited_by}"
        who = f"{join.label or 'no label'}   {join.model or UNKNOWN}   from {join.came_from}{by}"
        sentence = (
            f"unit.joined: {self._person_id} compared fingerprint {self._shown[0]} … and accepts the unit "
            f"({join.key_protection} key)"
        )
        claim: Line = (Span(" A new unit, with a "), key_words(join.key_protection))
        if join.rejoins:
            sentence = f"unit.rejoined: {self._person_id} compared fingerprint {self._shown[0]} … of {join.rejoins}"
            claim = (Span(f" It says it is {join.rejoins}, back with the key known for it: ", "fair"),)
            claim = (*claim, key_words(join.key_protection))
        return [
            (Span(" " + fit(who, 70).rstrip(), "strong"),),
            claim,
            (Span(" Read the fingerprint on the unit itself. Every sign must be the same:", "muted"),),
            (),
            *[(Span(f"      {line}", "strong"),) for line in self._shown],
            (),
            *log_sentence(sentence),
            (),
            (Span(f" Type the group that stands in place of {_HIDDEN} on the unit:", "muted"),),
        ]

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        self.action_accept()

    def action_accept(self) -> None:
        """Accept when the group is the right one."""
        typed = "".join(self.query_one("#group", Field).value.split()).lower()
        if typed == self._last:
            self.dismiss(result=True)
        elif not typed:
            self.desk.say("nothing is accepted before the last group is typed", "fair")
        else:
            self.desk.say("that is not this key's fingerprint: compare again, or refuse the unit", "bad")
