"""Editing a unit's settings: what is wanted now, what shall be, and the sentence for the log."""

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from protocols.api.units import SettingsChange, UnitDetail
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Words
from tui.dialogs.form import Form
from tui.field import Field
from tui.needs import name_of
from tui.paint import Line, Span
from tui.words import plural

FIELDS = (
    ("report_every_s", "report every", "seconds", 86_400),
    ("spool_max_mb", "spool at most", "MiB", 10_000),
    ("spool_max_days", "and at most", "days", 365),
)
"""Name, label, unit of measure, and the most that SettingsChange allows; the least is 1."""


def field_value(text: str, label: str, unit: str, most: int) -> int | str:
    """The number that `text` says, or what would be one."""
    clean = text.strip()
    if clean.isdecimal() and 1 <= int(clean) <= most:
        return int(clean)
    return f"{label}: a whole number of {unit} from 1 to {most}"


class SettingsDialog(Form[SettingsChange]):
    """Returns the change to make, None when closed or when nothing differs."""

    def __init__(self, detail: UnitDetail, person_id: str) -> None:
        super().__init__()
        self._detail = detail
        self._person_id = person_id

    @override
    def title_text(self) -> str:
        """See Dialog."""
        return f"Settings of {name_of(self._detail.row.label, self._detail.row.unit_id)}"

    @override
    def content(self) -> ComposeResult:
        """The fields, then the sentence."""
        wanted = self._detail.settings
        yield Words([(), (Span(f" wanted now: version {wanted.version}", "muted"),), ()])
        for name, label, unit, most in FIELDS:
            value = str(getattr(wanted, name))
            with Horizontal(classes="field"):
                yield Label(f" {label}", markup=False, classes="label")
                yield Field(value, numbers_only=True, id=name, most=6, enter="save", replaced=True)
                yield Label(f" {unit}, 1 … {most}", classes="unit")
        yield self.sentence

    def _change(self) -> SettingsChange | str | None:
        """The change the fields ask for, None when there is none, or what is wrong with it."""
        wanted = self._detail.settings
        values: dict[str, int] = {"based_on": wanted.version}
        for name, label, unit, most in FIELDS:
            value = field_value(self.query_one(f"#{name}", Field).value, label, unit, most)
            if isinstance(value, str):
                return value
            if value != getattr(wanted, name):
                values[name] = value
        return msgspec.convert(values, SettingsChange) if len(values) > 1 else None

    @override
    def tell(self) -> None:
        """See Form."""
        change = self._change()
        lines: list[Line]
        if change is None:
            lines = [(), (Span(" nothing differs from what is wanted now", "muted"),), ()]
        elif isinstance(change, str):
            lines = [(), (Span(f" {change}", "fair"),), ()]
        else:
            lines = [(), *log_sentence(self._log_words(change)), ()]
        self.sentence.say(lines)

    def _log_words(self, change: SettingsChange) -> str:
        wanted = self._detail.settings
        every = change.report_every_s or wanted.report_every_s
        size, days = change.spool_max_mb or wanted.spool_max_mb, change.spool_max_days or wanted.spool_max_days
        return (
            f"settings.changed: {self._person_id} wants version {wanted.version + 1} for {self._detail.row.unit_id}: "
            f"report every {every} s, spool at most {size} MiB and {plural(days, 'day')}"
        )

    @override
    def action_save(self) -> None:
        """Return the change, when there is a valid one."""
        change = self._change()
        if isinstance(change, SettingsChange):
            self.dismiss(change)
        elif change is None:
            self.dismiss(None)
