"""Reading a draft of the people list before signing it."""

from collections.abc import Mapping
from datetime import datetime

from fleet.client import ReadDraft
from protocols.people_changes import Change, PersonChange, policy_lines
from protocols.sshsig import read_key
from tui.dialogs.confirm import log_sentence
from tui.dialogs.person import key_kind
from tui.dialogs.reading import ReadingDialog
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


class SignDialog(ReadingDialog):
    """Returns True when the person wants to sign what is shown, None when closed."""

    def __init__(self, read: ReadDraft, lines: list[Line], actor: str) -> None:
        digest = read.sha256
        sentence = f"people.signed: {actor} signs people list {read.following.version}, sha256 {digest[:12]} …"
        shown: list[Line] = [
            (),
            *lines,
            (),
            (Span(" sha256  ", "muted"), Span(digest[:32], "plain")),
            (Span(" " * 9), Span(digest[32:], "plain")),
            (Span(" Compare it with the other administrator when in doubt.", "muted"),),
            (),
            *log_sentence(sentence),
        ]
        super().__init__(f"Sign people list {read.following.version}", shown)
