"""Pasting a signature that was made elsewhere: whose it is, is found here before it is handed in."""

from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea
from typing_extensions import override

from protocols.errors import InvalidMandate
from protocols.mandate import MANDATE_NAMESPACE, Mandate, signer_of
from protocols.people import PeopleList
from protocols.sshsig import read_key
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.field import TextField
from tui.mandate_reading import armored_in, missing_in
from tui.paint import Line, Span, Tone, wrap

_ROWS = 8
_MOST_CHARACTERS = 8192


class PasteDialog(Dialog[str]):
    """Returns an armored signature that fits the mandate and one of its two people, None when closed.

    When the pasted text is a whole signature that fits, the field gives way to whose it is: a line end that the
    terminal sends after the paste then does nothing, and `y` hands it in.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes, hand it in"),
        Binding("p", "again", "paste another"),
    ]

    def __init__(self, line: Mandate, people: PeopleList, signed_by: list[str], me: str) -> None:
        super().__init__(f"A signature under mandate {line.mandate}")
        self._line = line
        self._people = people
        self._signed_by = signed_by
        self._me = me
        self._armored: str | None = None
        self._field = TextField(id="paste")
        self._words = Words()

    @override
    def content(self) -> ComposeResult:
        """The field, then what is known of what was pasted."""
        self._field.styles.height = _ROWS
        yield self._field
        yield self._words

    def on_mount(self) -> None:
        """Nothing is pasted yet."""
        super().on_mount()
        self._tell()

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        """Say whose it is, as soon as it is whole."""
        message.stop()
        self._tell()

    def _tell(self) -> None:
        text = self._field.text
        lines = self._trouble(text)
        self._armored = None
        if not lines:
            self._armored, lines = self._whose(text)
        self._words.say([(), *lines, ()])
        self._field.display = self._armored is None
        if self._armored is not None:
            self.set_focus(None)
        self.refresh_bindings()

    def _trouble(self, text: str) -> list[Line]:
        """Why there is nothing to judge yet."""
        if len(text) > _MOST_CHARACTERS:
            return _told("That is longer than a signature.", "fair")
        if armored_in(text) is None:
            who = " or ".join(one for one in (self._line.requester, self._line.approver) if one not in self._signed_by)
            told = f"Paste the text of m.sig from {who}, whole, with its first and its last line."
            missing = _told(missing_in(text), "fair") if text.strip() else []
            aside = _told("Anybody may hand it in: it proves whose it is.", "muted")
            return [*missing, *_told(told, "plain"), *aside]
        return []

    def _whose(self, text: str) -> tuple[str | None, list[Line]]:
        """The signature, when it is one that can be handed in, and what to say of it."""
        armored = armored_in(text) or ""
        try:
            # Whether a key on disk may sign is the controller's to say.
            person = signer_of(self._line, armored, self._people, datetime.now(UTC), plain_keys_may_sign=True)
        except InvalidMandate as error:
            remedy = (
                f"It was not handed in. Paste the right one after it: a signature of the exact line of"
                f" {self._line.mandate} with one line end, made with ssh-keygen -Y sign -n {MANDATE_NAMESPACE}."
            )
            return None, [
                *_told(f"This proves nothing: {error.detail} ({error.reason}).", "bad"),
                *_told(remedy, "plain"),
            ]
        if person.person_id in self._signed_by:
            return None, _told(f"{person.person_id} has signed already: the other signature is missing.", "fair")
        key = read_key(person.key)
        kind = "a FIDO token, touched" if key.hardware else "a key on disk"
        sentence = f"mandate.signed: {self._me} hands in {person.person_id}'s signature of mandate {self._line.mandate}"
        return armored, [
            *_told(f"It is {person.person_id}'s, {person.role}, made with {kind}:", "good"),
            *_told(key.fingerprint, "muted"),
            *_told("It fits this mandate's exact line, and the people list checked from your anchor.", "plain"),
            (),
            *log_sentence(sentence),
        ]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Handed in only when it fits."""
        return self._armored is not None if action in {"yes", "again"} else True

    def action_yes(self) -> None:
        """Hand it in."""
        if self._armored is not None:
            self.dismiss(self._armored)

    def action_again(self) -> None:
        """Another one."""
        self._field.display = True
        self._field.text = ""
        self.set_focus(self._field)


def _told(text: str, tone: Tone) -> list[Line]:
    return [(Span(" "), *line) for line in wrap(text, 68, tone)]
