"""Reading a draft of the people list before signing it."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.client import ReadDraft
from protocols.people_changes import Change, PersonChange, policy_lines
from protocols.sshsig import read_key
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog
from tui.dialogs.person import key_kind
from tui.lines import Page
from tui.paint import Line, Span, Tone, fit, wrap
from tui.words import in_zone, safe

CHANGE_WORDS: dict[Change, tuple[str, str, Tone]] = {
    "added": ("+", "added", "fair"),
    "left-out": ("-", "left out", "bad"),
    "new-key": ("*", "new key", "fair"),
    "new-role": ("*", "new role", "fair"),
    "new-term": ("*", "new term", "plain"),
}
_WIDTH = 64
_CHROME = 7
"""Rows of the terminal that are not the draft's: frame, note line, keys."""


def change_lines(change: PersonChange, names: Mapping[str, str], now: datetime, *, utc: bool) -> list[Line]:
    """One difference: what happens to whom; role, kind of key and term; the key. `names` are the controller's."""
    person = change.person
    sign, word, tone = CHANGE_WORDS[change.what]
    key = read_key(person.key)
    until = in_zone(person.valid_until, utc=utc)
    was = f" (was {change.before.role})" if change.what == "new-role" and change.before is not None else ""
    facts = f"{person.role}{was}, {key_kind(key)}, until {until.day} {until:%b %Y}"
    return [
        (
            Span(" " + fit(f"{sign} {word}", 11), tone),
            Span(fit(person.person_id, 10), "strong"),
            Span(safe(names.get(person.person_id, "")), "plain"),
        ),
        (Span(" " * 12), Span(facts, "fair" if person.valid_until <= now else "plain")),
        (Span(" " * 12), Span(key.fingerprint, "muted")),
    ]


def draft_lines(read: ReadDraft, names: Mapping[str, str], now: datetime, *, utc: bool) -> list[Line]:
    """Everything that the draft changes, as worked out on this machine."""
    lines: list[Line] = []
    for change in read.changes:
        lines += change_lines(change, names, now, utc=utc)
    if read.policy is not None:
        lines.append((Span(" * log policy", "fair"),))
        lines += [(Span("   "), *line) for told in policy_lines(read.policy) for line in wrap(told, _WIDTH)]
    return lines


class SignDialog(Dialog[bool]):
    """Returns True when the person wants to sign what is shown, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, sign it")]

    def __init__(self, read: ReadDraft, lines: list[Line], actor: str) -> None:
        super().__init__()
        self._read = read
        digest = read.sha256
        sentence = f"people.signed: {actor} signs people list {read.following.version}, sha256 {digest[:12]} …"
        self._lines: list[Line] = [
            (),
            *lines,
            (),
            (Span(" sha256  ", "muted"), Span(digest[:32], "plain")),
            (Span(" " * 9), Span(digest[32:], "plain")),
            (Span(" Compare it with the other administrator when in doubt.", "muted"),),
            (),
            *log_sentence(sentence),
        ]
        self._page = Page(id="help")

    @override
    def title_text(self) -> str:
        """See Dialog."""
        return f"Sign people list {self._read.following.version}"

    @override
    def content(self) -> ComposeResult:
        """The differences, scrolled when the terminal is small."""
        self._page.can_focus = True
        self._page.show(self._lines)
        yield self._page

    def on_mount(self) -> None:
        """Arrows scroll."""
        super().on_mount()
        self._page.styles.height = max(5, min(len(self._lines), self.app.size.height - _CHROME))
        self.set_focus(self._page)
        self.watch(self._page, "scroll_y", self._tell_more)
        self.call_after_refresh(self._tell_more)

    def _tell_more(self) -> None:
        below = self._page.line_count > self._page.shown_lines.stop
        self.query_one(".box").border_subtitle = "↓ more" if below else ""

    def action_yes(self) -> None:
        """Sign, once everything has been on the screen."""
        if self._page.line_count > self._page.shown_lines.stop:
            self.desk.say("read it to its end first: ↓", "fair")
        else:
            self.dismiss(result=True)
