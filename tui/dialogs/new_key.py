"""Drafting a list with another key, role or term for somebody who is known."""

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from protocols.api.people import NewKey, PersonView
from protocols.sshsig import read_key
from tui.dialogs.confirm import log_sentence
from tui.dialogs.form import Form
from tui.dialogs.person import NEEDED, ROLES, full_role, key_fingerprint, key_kind
from tui.field import Field
from tui.paint import Line, Span, wrap

_FIELDS = (
    ("key", "public key", "the line of their new .pub file", 2048),
    ("role", "role", ", ".join(ROLES), 13),
    ("valid_days", "for days", "1 … 1830", 4),
)


def new_key_of(person_id: str, key: str, role: str, valid_days: str) -> NewKey | str:
    """The change that the texts of the fields describe, or what the first field that is wrong needs."""
    if key_fingerprint(key) is None:
        return NEEDED["key"]
    if full_role(role) not in ROLES:
        return NEEDED["role"]
    fields = {"change": "rekey", "person_id": person_id, "key": key, "role": full_role(role), "valid_days": valid_days}
    try:
        return msgspec.convert(fields, NewKey, strict=False)
    except msgspec.ValidationError:
        return NEEDED["valid_days"]


class NewKeyDialog(Form[NewKey]):
    """Returns the change to draft, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "draft")]

    def __init__(self, person: PersonView, actor: str) -> None:
        super().__init__()
        self._person = person
        self._actor = actor

    @override
    def title_text(self) -> str:
        """See Dialog."""
        return f"New key for {self._person.person_id} {self._person.name}"

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        values = {"key": "", "role": self._person.role, "valid_days": "365"}
        for name, label, hint, most in _FIELDS:
            with Horizontal(classes="field"):
                yield Label(f" {label}", markup=False, classes="label")
                yield Field(values[name], hint=hint, id=name, most=most, enter="draft", replaced=True)
        yield self.sentence

    def _change(self) -> NewKey | str:
        key, role, valid_days = (self.query_one(f"#{name}", Field).value.strip() for name, *_rest in _FIELDS)
        return new_key_of(self._person.person_id, key, role, valid_days)

    @override
    def tell(self) -> None:
        """See Form."""
        change = self._change()
        lines: list[Line]
        if isinstance(change, str):
            lines = [(), *[(Span(" "), *line) for line in wrap(change, 70, "fair")], ()]
        else:
            sentence = (
                f"people.drafted: {self._actor} drafts the list with another key for {change.person_id}, {change.role} "
                f"for {change.valid_days or 365} days, {key_kind(read_key(change.key))} {key_fingerprint(change.key)}"
            )
            lines = [(), *log_sentence(sentence), ()]
        if self._person.ended_at is None:
            lines.append(
                (Span(" Their old key works until the list is in force. If others may have it, end", "muted"),)
            )
            lines.append((Span(" their access first: x.", "muted"),))
        self.sentence.say(lines)

    @override
    def action_save(self) -> None:
        """Return the change, when the fields describe one."""
        change = self._change()
        if isinstance(change, NewKey):
            self.dismiss(change)
