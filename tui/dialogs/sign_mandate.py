"""Reading a mandate before signing it: everything its line says, and nothing that only the controller says."""

from datetime import datetime

from protocols.mandate import Allowance, Mandate
from protocols.sshsig import PersonKey
from protocols.words import duration
from tui.dialogs.confirm import log_sentence
from tui.dialogs.reading import ReadingDialog
from tui.mandate_lines import KIND_WORDS
from tui.mandate_reading import ReadMandate
from tui.paint import Line, Span, fit, wrap
from tui.words import full_moment, safe

_LABEL = 11
_WIDTH = 70


def line_lines(line: Mandate, label: str, me: str, *, utc: bool) -> list[Line]:
    """What the line says, named; `label` is what the controller calls the unit, and is marked as that."""
    lasts = duration((line.not_after - line.not_before).total_seconds())
    lines = [
        *_said("kind", f"{line.kind}: {KIND_WORDS[line.kind]}"),
        *_said("unit", line.unit),
        *_aside(f"the controller calls it “{label}”; its id is what you sign" if label else "it has no label"),
    ]
    for index, one in enumerate(line.allows):
        lines += _said("" if index else "allows", _allowance(one))
    return [
        *lines,
        *_said("from", full_moment(line.not_before, utc=utc)),
        *_said("until", f"{full_moment(line.not_after, utc=utc)}, {lasts} in all"),
        *_said("purpose", line.purpose),
        *_said("authority", line.authority or "none: a bench mandate rests on none"),
        *_said("asks", _you(line.requester, me)),
        *_said("approves", _you(line.approver, me)),
    ]


def signing_lines(read: ReadMandate, label: str, me: str, now: datetime, *, utc: bool) -> list[Line]:
    """All of the dialog: the line, as what this person signs it and with which key, and the sentence for the log."""
    line = read.line
    sentence = f"mandate.signed: {me} signs mandate {line.mandate} of {line.unit}, sha256 {read.sha256[:12]} …"
    begun = "" if line.not_before > now else "As soon as both have signed, the unit can be opened."
    return [
        (),
        *line_lines(line, label, me, utc=utc),
        (),
        *_said("you sign", f"as {read.signer.as_what}"),
        *_key_lines(line, read.key),
        *_aside(_other(read)),
        *_said("sha256", read.sha256[:32]),
        *_aside(read.sha256[32:]),
        *(_aside(begun) if begun else []),
        (),
        *log_sentence(sentence),
    ]


def _key_lines(line: Mandate, key: PersonKey | None) -> list[Line]:
    if key is None:
        return _aside("with the key of your settings; no people list could be checked here", tone_fair=True)
    kind = "a FIDO token: touch it when it blinks" if key.hardware else "a key on disk"
    lines = [*_aside(f"with {kind}"), *_aside(key.fingerprint)]
    if not key.hardware and line.kind != "bench":
        lines += _aside(f"A {line.kind} mandate takes a FIDO token; only a demo lets other keys pass.", tone_fair=True)
    return lines


def _other(read: ReadMandate) -> str:
    approving = read.signer.as_what == "requester"
    other = read.line.approver if approving else read.line.requester
    if read.other_role is None:
        return f"{other} {'approves' if approving else 'asked'}"
    return f"{other}, who {'approves' if approving else 'asked'}, is {read.other_role} in the checked people list"


def _allowance(one: Allowance) -> str:
    openings = "opening" if one.openings_per_day == 1 else "openings"
    return f"{one.modality:<9} {one.minutes_per_day} min and {one.openings_per_day} {openings} a day in London"


def _said(name: str, value: str) -> list[Line]:
    """A named fact, broken where it is long."""
    first, *others = wrap(value, _WIDTH - _LABEL, "strong") or [()]
    lines: list[Line] = [(Span(" " + fit(name, _LABEL - 1), "muted"), *first)]
    return [*lines, *[(Span(" " * _LABEL), *more) for more in others]]


def _aside(text: str, *, tone_fair: bool = False) -> list[Line]:
    lines = wrap(safe(text), _WIDTH - _LABEL, "fair" if tone_fair else "muted")
    return [(Span(" " * _LABEL), *line) for line in lines]


def _you(person_id: str, me: str) -> str:
    return f"{person_id} (you)" if person_id == me else person_id


class SignMandateDialog(ReadingDialog):
    """Returns True when the person wants to sign what is shown, None when closed."""

    def __init__(self, read: ReadMandate, label: str, me: str, now: datetime, *, utc: bool) -> None:
        super().__init__(f"Sign mandate {read.line.mandate}", signing_lines(read, label, me, now, utc=utc))
