"""Scanning: what was typed or read from a label, what is done with it, and what came of it. Pure.

What is set is kept while many labels are scanned. A line is either a code, as the label has it (`K-0042`) or short
(`42`), with what was seen after it (`42 worn a clip is broken`), or it sets something: `out`, `in`, `hand-over`,
`DEP-118`, `bench`, `to VAN-2`, `back +4h`.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from protocols.api.kit import Scan
from protocols.kit import Condition
from tui.kit_words import CONDITIONS
from tui.on_call_line import coming
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.periods import PeriodUnclear, read_coming
from tui.rota_forms import Unclear
from tui.words import moment, plural

Way = Literal["out", "in", "hand-over"]
WAYS: tuple[Way, ...] = ("out", "in", "hand-over")
_WAYS_TYPED: dict[str, Way] = {"out": "out", "in": "in", "hand-over": "hand-over", "handover": "hand-over"}
_LABEL = re.compile(r"K-[0-9]{4,6}", re.ASCII)
_SHORT = re.compile(r"(?:K-?)?([0-9]{1,6})", re.ASCII | re.IGNORECASE)
_DEPLOYMENT = re.compile(r"DEP-?([0-9]{1,6})", re.ASCII | re.IGNORECASE)
_PLACE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}", re.ASCII)
_SCANNER_S_A_SIGN = 0.035
"""A scanner types faster than this; nobody else does."""
MOST_NOTE = 200
HINT = "scan a label, or type K-0042, 42, 42 worn, DEP-118, to VAN-2"


class ScanSetting(NamedTuple):
    """What is done with each label: taken out for a deployment or the bench, put back to a place, taken over."""

    way: Way = "out"
    deployment: str | None = None
    place: str | None = None
    back_at: datetime | None = None

    @property
    def next_way(self) -> "ScanSetting":
        """The same, the other way."""
        return self._replace(way=WAYS[(WAYS.index(self.way) + 1) % len(WAYS)])


class ScanLine(NamedTuple):
    """A label that was scanned at `at`; `said` is empty until it is known what came of it."""

    number: int
    at: datetime
    code: str
    said: str = ""
    remedy: str = ""
    is_done: bool = False


def is_scanned(text: str, seconds: float) -> bool:
    """Whether a scanner typed `text`, a label's text as it is, within `seconds` from its first sign to its end."""
    return _LABEL.fullmatch(text) is not None and seconds <= _SCANNER_S_A_SIGN * len(text)


def read_line(text: str, setting: ScanSetting, now: datetime, *, utc: bool) -> Scan | ScanSetting:
    """What a line means: a scan under `setting`, or another setting; raises Unclear."""
    first, _blank, rest = " ".join(text.split()).partition(" ")
    if not first:
        raise Unclear("scan", HINT)
    if (code := _SHORT.fullmatch(first)) is not None:
        return _scan(f"K-{int(code[1]):04d}", rest, setting, now)
    if (dep := _DEPLOYMENT.fullmatch(first)) is not None and not rest:
        return setting._replace(deployment=f"DEP-{int(dep[1])}")
    match first.lower():
        case "out" | "in" | "hand-over" | "handover" as way if not rest:
            return setting._replace(way=_WAYS_TYPED[way])
        case "bench" if not rest:
            return setting._replace(deployment=None)
        case "to" if _PLACE.fullmatch(rest.upper()):
            return setting._replace(way="in", place=rest.upper())
        case "back":
            return setting._replace(back_at=_back_at(rest, now, utc=utc))
    raise Unclear("scan", f"“{text}” is no label: {HINT}")


def _back_at(text: str, now: datetime, *, utc: bool) -> datetime | None:
    try:
        at = read_coming(text, now, utc=utc)
    except PeriodUnclear as unclear:
        raise Unclear("scan", str(unclear)) from None
    if at is not None and at <= now:
        raise Unclear("scan", "back: a time to come, as +4h or 17:00")
    return at


def _scan(code: str, seen: str, setting: ScanSetting, now: datetime) -> Scan:
    condition, note = _seen(seen)
    of_bench = setting.way == "out" and setting.deployment is None
    if of_bench and setting.back_at is not None and setting.back_at <= now:
        raise Unclear("scan", "it was to be back by now: type back, and a time to come")
    return Scan(
        item=code,
        way=setting.way,
        how="typed",
        deployment=setting.deployment if setting.way == "out" else None,
        place=setting.place if setting.way == "in" else None,
        expected_back_at=setting.back_at if of_bench else None,
        condition=condition,
        note=note,
    )


def _seen(text: str) -> tuple[Condition | None, str]:
    word, _blank, note = text.partition(" ")
    if not word:
        return None, ""
    condition = next((one for one in CONDITIONS if one == word.lower()), None)
    if condition is None:
        raise Unclear("scan", f"after the code: {', '.join(CONDITIONS)}, and a note")
    if len(note) > MOST_NOTE:
        raise Unclear("scan", f"the note: at most {MOST_NOTE} signs")
    return condition, note


def setting_lines(setting: ScanSetting, me: str, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """What is set, and the sentence that goes into the log for each label."""
    ways: list[Line] = [(Span(f" {way} ", "loud" if way == setting.way else "muted"),) for way in WAYS]
    facts: list[Line] = [joined(ways, "")]
    if setting.way == "in":
        facts.append((Span("to ", "muted"), Span(setting.place or "where it lay last", "strong")))
    if setting.way == "out":
        facts.append((Span("for ", "muted"), Span(setting.deployment or "the bench", "strong")))
    if setting.way == "out" and setting.deployment is None:
        back = "no time said" if setting.back_at is None else coming(setting.back_at, now, utc=utc)
        facts.append((Span("back ", "muted"), Span(back, "plain" if setting.back_at else "fair")))
    sentence = wrap(f"each logs “{moved_sentence(setting, me)}”", width - 2, "muted")
    return [(Span(" "), *joined(facts)), *[(Span(" "), *line) for line in sentence[:1]]]


def moved_sentence(setting: ScanSetting, me: str) -> str:
    """What a scan enters."""
    match setting.way:
        case "out":
            return f"kit.moved: {me} takes K-… for {setting.deployment or 'the bench'}"
        case "in":
            return f"kit.moved: {me} puts K-… back to {setting.place or 'where it lay last'}"
        case "hand-over":
            return f"kit.moved: {me} takes K-… over from who has it"


def scan_lines(one: ScanLine, width: int, now: datetime, *, utc: bool, whole: bool) -> list[Line]:
    """One label and what came of it: a word first, then the sentence; on more lines than one where it is to be told
    `whole`; and the remedy of a refusal."""
    word, tone = _stands(one)
    room = max(20, width - 26)
    said = wrap(one.said or "asking the controller …", room, "plain" if one.said else "muted")
    if not whole:
        said = [(Span(fit(one.said or "…", room)),)]
    head: Line = (
        Span(f" {fit(moment(one.at, now, utc=utc), 6)}", "muted"),
        Span(fit(one.code, 9), "strong"),
        Span(fit(word, 9), tone),
        *said[0],
    )
    return [head, *[(Span(" " * 25), *line) for line in (*said[1:], *wrap(one.remedy, room, "fair"))]]


def _stands(one: ScanLine) -> tuple[str, Tone]:
    if not one.said:
        return "…", "muted"
    return ("done", "good") if one.is_done else ("REFUSED", "loud")


def left_lines(setting: ScanSetting, left: Sequence[str] | None, width: int) -> list[Line]:
    """What is still to scan for the deployment; `left` None until a scan has told."""
    if left is None:
        return []
    if not left:
        return [(Span(" nothing is left to scan", "good"), Span(f" {setting.way}", "muted"))]
    told = wrap("  ".join(left), max(20, width - 2))
    return [(Span(f" LEFT TO SCAN  {plural(len(left), 'item')}", "fair"),), *[(Span(" "), *one) for one in told[:2]]]
