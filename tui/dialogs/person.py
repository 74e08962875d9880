"""Drafting a list with one more person: id, name, role, key, and for how long."""

from collections.abc import Mapping
from typing import ClassVar, get_args

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from protocols.api.people import NewPerson
from protocols.errors import InvalidSshSignature
from protocols.people import Role
from protocols.sshsig import PersonKey, read_key
from tui.dialogs.confirm import log_sentence
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line, Span, wrap

ROLES: tuple[str, ...] = get_args(Role)
_FIELDS = (
    ("person_id", "id", "two capitals and digits, as TO-12", 12),
    ("name", "name", "as colleagues write it", 80),
    ("role", "role", ", ".join(ROLES), 13),
    ("key", "public key", "the line of their .pub file", 2048),
    ("valid_days", "for days", "1 … 1830", 4),
)


NEEDED = {
    "person_id": "id: two capitals, a dash and two to six digits, as TO-12",
    "name": "name: 1 to 80 signs that can be seen",
    "role": f"role: one of {', '.join(ROLES)}, or how only one of them begins",
    "key": "public key: the one line of a .pub file, beginning ssh-ed25519 or sk-ssh-ed25519@openssh.com",
    "valid_days": "for days: a whole number from 1 to 1830",
}
"""What each field must say, in the words of a person."""
_GOOD = {
    "person_id": "TO-12",
    "name": "Jane",
    "role": ROLES[0],
    "key": "ssh-ed25519 AAAA",
    "valid_days": "1",
}
"""Values that pass: each field is tried among them, so that the one that does not pass is known."""


def person_of(values: Mapping[str, str]) -> NewPerson | str:
    """The person whom the texts of the fields describe, or what the first field that is wrong needs."""
    if not all(values.values()):
        return "fill in every field"
    told = {**values, "role": full_role(values["role"])}
    for name, needed in NEEDED.items():
        if name == "key" and key_fingerprint(told[name]) is None:
            return needed
        try:
            msgspec.convert({**_GOOD, name: told[name]}, NewPerson, strict=False)
        except msgspec.ValidationError:
            return needed
    return msgspec.convert(told, NewPerson, strict=False)


def key_fingerprint(line: str) -> str | None:
    """The fingerprint of an OpenSSH public key line as `ssh-keygen -l` shows it, None when it can not be used here."""
    try:
        return read_key(line).fingerprint
    except InvalidSshSignature:
        return None


def key_kind(key: PersonKey) -> str:
    """Where the private half is, in words."""
    return "FIDO token" if key.hardware else "key on disk"


def full_role(typed: str) -> str:
    """The role that `typed` begins, when it is only one; else what was typed."""
    found = [role for role in ROLES if typed and role.startswith(typed.lower())]
    return found[0] if len(found) == 1 else typed


class PersonDialog(Form[NewPerson]):
    """Returns the person to add, None when closed."""

    TITLE = "Add a person"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "draft")]

    def __init__(self, actor: str) -> None:
        super().__init__()
        self._actor = actor

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        for name, label, hint, most in _FIELDS:
            with Horizontal(classes="field"):
                yield Label(f" {label}", markup=False, classes="label")
                value = "365" if name == "valid_days" else ""
                yield Field(value, hint=hint, id=name, most=most, enter="draft", replaced=True)
        yield self.sentence

    def _person(self) -> NewPerson | str:
        """The person the fields describe, or what is missing."""
        return person_of({name: self.query_one(f"#{name}", Field).value.strip() for name, *_rest in _FIELDS})

    @override
    def tell(self) -> None:
        """See Form."""
        person = self._person()
        lines: list[Line]
        if isinstance(person, str):
            lines = [(), *[(Span(" "), *line) for line in wrap(person, 70, "fair")], ()]
        else:
            sentence = (
                f"people.drafted: {self._actor} drafts the list with {person.person_id} as {person.role} for "
                f"{person.valid_days or 365} days, {key_kind(read_key(person.key))} {key_fingerprint(person.key)}"
            )
            lines = [
                (),
                *log_sentence(sentence),
                (),
                (Span(" It is in force when two administrators have signed it.", "muted"),),
            ]
        self.sentence.say(lines)

    @override
    def action_save(self) -> None:
        """Return the person, when the fields describe one."""
        person = self._person()
        if isinstance(person, NewPerson):
            self.dismiss(person)
