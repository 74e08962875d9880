"""Revoking, quarantining and releasing a unit: what will happen, why, and for revoking the unit's own name typed."""

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label
from typing_extensions import override

from protocols.api.units import UnitRow
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.field import Field
from tui.key_words import key_words
from tui.needs import name_of
from tui.paint import Line, Span

Deed = Literal["revoke", "quarantine", "release"]

_HAPPENS: dict[Deed, tuple[str, ...]] = {
    "revoke": (
        "For good: its certificates end now, its session is closed within seconds, and no other is let in.",
        "If the device is to be used again, it joins anew: erased, with a new key and a new voucher.",
    ),
    "quarantine": (
        "It may go on reporting. It may open nothing and can not renew its certificate,",
        "until a supervisor releases it or it is revoked.",
    ),
    "release": ("It is trusted again as before: be sure that its key is not in use elsewhere.",),
}
_KINDS: dict[Deed, str] = {"revoke": "unit.revoked", "quarantine": "unit.quarantined", "release": "unit.released"}
_VERBS: dict[Deed, str] = {"revoke": "revokes", "quarantine": "quarantines", "release": "releases"}


STANDING_WORDS: dict[Deed, tuple[str, str]] = {
    "revoke": ("revoking", "is revoked; its session is closed within seconds"),
    "quarantine": ("quarantining", "is quarantined: it may report and open nothing"),
    "release": ("releasing", "is released: it is active again"),
}
"""While it is done, and when it is."""


class StandingDialog(Dialog[str]):
    """Returns the reason once all that is asked for was typed; None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "do it"),
        Binding("tab,down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "field before", show=False),
    ]

    def __init__(self, deed: Deed, row: UnitRow, person_id: str) -> None:
        super().__init__()
        self._deed: Deed = deed
        self._row = row
        self._person_id = person_id

    @override
    def title_text(self) -> str:
        """See Dialog."""
        return f"{self._deed.capitalize()} {name_of(self._row.label, self._row.unit_id)}"

    @override
    def content(self) -> ComposeResult:
        """Which unit, what will happen, and the fields."""
        yield Words(self._lines())
        with Horizontal(classes="field"):
            yield Label(" why", markup=False, classes="label")
            yield Field("", hint="the reason", most=200, id="reason", enter="go on" if self._asks_name else "do it")
        if self._asks_name:
            with Horizontal(classes="field"):
                yield Label(" its label or id", markup=False, classes="label")
                yield Field("", hint="typed out, as it stands above", most=40, id="name", enter="do it")

    @property
    def _asks_name(self) -> bool:
        return self._deed == "revoke"

    def _lines(self) -> list[Line]:
        row = self._row
        sentence = (
            f"{_KINDS[self._deed]}: {self._person_id} {_VERBS[self._deed]} {row.unit_id}, because (your reason, hashed)"
        )
        return [
            (),
            (
                Span(f" {row.label or 'no label'}  ", "strong"),
                Span(row.unit_id + "  "),
                Span(row.presence + "  ", "muted"),
                key_words(row.key_protection),
            ),
            (),
            *[(Span(f" {line}", "fair" if self._deed == "revoke" else "muted"),) for line in _HAPPENS[self._deed]],
            (),
            *log_sentence(sentence),
            (),
        ]

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        if message.input.id == "reason" and self._asks_name and message.value.strip():
            self.set_focus(self.query_one("#name", Field))
        else:
            self.action_submit()

    def action_submit(self) -> None:
        """Return the reason when nothing is missing."""
        reason = self.query_one("#reason", Field).value.strip()
        if not reason:
            self.desk.say("why? The reason can not stay empty", "fair")
            self.set_focus(self.query_one("#reason", Field))
        elif self._asks_name and not self._is_named(self.query_one("#name", Field).value.strip()):
            self.desk.say(f"type {self._row.label or self._row.unit_id}, or its id, to revoke it", "fair")
            self.set_focus(self.query_one("#name", Field))
        else:
            self.dismiss(reason)

    def _is_named(self, typed: str) -> bool:
        return bool(typed) and typed in {self._row.unit_id, self._row.label}
