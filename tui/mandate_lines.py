"""Mandates as lines. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.mandates import MandateState, MandateView
from protocols.mandate import Allowance, MandateKind
from tui.needs import name_of
from tui.paint import Line, Span, Tone, fit, joined
from tui.words import age, full_moment, left, moment, plural, safe, short_moment

KIND_WORDS: dict[MandateKind, str] = {
    "field": "opens the unit where it is fitted",
    "bench": "opens the unit in the workshop, under no authority",
    "retrieval": "shows the position, to get the unit back",
}
_TONES: dict[MandateState, Tone] = {
    "draft": "fair",
    "discarded": "muted",
    "future": "plain",
    "live": "good",
    "ended": "muted",
    "cancelled": "muted",
}
_ORDER: tuple[MandateState, ...] = ("draft", "live", "future", "ended", "cancelled", "discarded")
_OVER = ("ended", "cancelled", "discarded")
_WIDE = 110


def waits_for(view: MandateView, me: str) -> bool:
    """Whether it is a draft that `me` has still to sign."""
    return view.state == "draft" and me in view.waits_for


def is_kit_out(view: MandateView) -> bool:
    """Whether it was cancelled and nobody has said yet that the unit is back."""
    return view.cancelled_at is not None and view.recovered_at is None


def in_order(views: Sequence[MandateView], me: str) -> list[MandateView]:
    """Those that wait for `me` to sign; other drafts, live, future, ended and cancelled; of each the newest first, and
    of the cancelled those whose kit is out."""

    def rank(view: MandateView) -> tuple[bool, int, bool, float]:
        place = min(_ORDER.index(view.state), _ORDER.index("ended"))
        last = view.state == "discarded"
        return not waits_for(view, me), place + last, not is_kit_out(view), -view.drafted_at.timestamp()

    return sorted(views, key=rank)


def allows_words(allows: Sequence[Allowance]) -> str:
    """`video 15 min and 4 openings, audio 5 min and 1 opening`: of a day."""
    return ", ".join(
        f"{one.modality} {one.minutes_per_day} min and {plural(one.openings_per_day, 'opening')}" for one in allows
    )


def minutes_words(allows: Sequence[Allowance]) -> str:
    """`video 15 min, audio 5 min`: of a day, where there is no room for the openings."""
    return ", ".join(f"{one.modality} {one.minutes_per_day} min" for one in allows)


def state_words(view: MandateView, me: str) -> Span:
    """Where it stands, in a word: `sign` when it waits for `me`, `kit out` when its unit is to be brought back."""
    if waits_for(view, me):
        return Span("sign", "loud")
    if is_kit_out(view):
        return Span("kit out", "bad")
    return Span(view.state, _TONES[view.state])


def matches(view: MandateView, words: str, me: str) -> bool:
    """Whether every word of `words` is in what the list says of it, or in its people."""
    said = (view.mandate_id, view.kind, view.unit, view.unit_label, view.authority or "", view.purpose)
    text = " ".join([*said, view.requester, view.approver, view.state, state_words(view, me).text]).lower()
    return all(word in text for word in words.lower().split())


def mandate_line(view: MandateView, width: int, now: datetime, me: str, *, utc: bool) -> Line:
    """One mandate: state, id, kind, unit, what, until; on a wide screen who asked and who approves as well."""
    columns, state = _columns(width), state_words(view, me)
    tone: Tone = "muted" if view.state in _OVER and not is_kit_out(view) else "plain"
    until = moment(view.not_after, now, utc=utc)
    until = until if len(until) <= 12 else short_moment(view.not_after, now, utc=utc)
    what = allows_words(view.allows)
    texts: tuple[tuple[str, Tone], ...] = (
        (view.mandate_id, "muted" if tone == "muted" else "strong"),
        (view.kind, "fair" if view.kind == "bench" and tone != "muted" else tone),
        (name_of(view.unit_label, view.unit), tone),
        (what if len(what) < columns[4] else minutes_words(view.allows), tone),
        (view.purpose, tone),
        (f"{view.requester} → {view.approver}", "muted"),
        (until, tone),
    )
    rest = (
        Span(fit(text, size - 1) + " ", tone) for (text, tone), size in zip(texts, columns[1:], strict=True) if size
    )
    return (Span(state.text, state.tone), Span(" " * (columns[0] - len(state.text))), *rest)


def heads_line(width: int) -> Line:
    """The heads over `mandate_line`."""
    heads = ("state", "mandate", "kind", "unit", "a day", "purpose", "asks → approves", "until")
    return tuple(Span(fit(head, size), "muted") for head, size in zip(heads, _columns(width), strict=True))


def _columns(width: int) -> tuple[int, ...]:
    """How wide state, id, kind, unit, what, purpose, people and end are; 0 leaves one out."""
    if width > _WIDE:
        rest = width - 10 - 15 - 10 - 18 - 13
        return (10, 15, 10, rest * 2 // 7, rest * 3 // 7, rest - rest * 2 // 7 - rest * 3 // 7, 18, 13)
    rest = width - 10 - 15 - 10 - 13
    unit = max(10, rest * 2 // 5)
    return (10, 15, 10, unit, rest - unit, 0, 0, 13)


def detail_lines(view: MandateView, now: datetime, me: str, *, utc: bool) -> list[Line]:
    """What the list has no room for, in five lines: unit and purpose, what, window, people, what is to be done."""
    unit = f"{view.unit}  {view.unit_label}" if view.unit_label else view.unit
    return [
        joined(
            [
                _fact("unit", unit),
                _fact("authority", view.authority or "none, a bench mandate"),
                _fact("purpose", view.purpose),
            ]
        ),
        _fact("allows", f"{allows_words(view.allows)} a day"),
        _fact("from", f"{full_moment(view.not_before, utc=utc)}  to  {full_moment(view.not_after, utc=utc)}"),
        joined(
            [
                _fact("asks", _you(view.requester, me)),
                _fact("approves", _you(view.approver, me)),
                _fact("signed by", ", ".join(view.signed_by) or "nobody yet"),
            ]
        ),
        standing_line(view, now, me, utc=utc),
    ]


def standing_line(view: MandateView, now: datetime, me: str, *, utc: bool) -> Line:
    """Where it stands, and whose turn it is."""
    match view.state:
        case "draft" if waits_for(view, me):
            lapses = left(view.expires_at, now)
            return (
                Span(" waits for you: ", "fair"),
                Span("s", "accent"),
                Span(f" reads and signs it; {lapses}", "fair"),
            )
        case "draft":
            return (Span(f" waits for {', '.join(view.waits_for)} to sign; {left(view.expires_at, now)}", "muted"),)
        case "live":
            return (Span(f" live, {left(view.not_after, now)}", "good"),)
        case "future":
            return (Span(f" begins {moment(view.not_before, now, utc=utc)}", "muted"),)
        case "cancelled":
            return _cancelled_line(view, now)
        case "ended":
            return (Span(f" ended {age(view.not_after, now)} ago", "muted"),)
        case "discarded":
            return (Span(" was given up, or not signed in time; its line is erased", "muted"),)


def _cancelled_line(view: MandateView, now: datetime) -> Line:
    said = f" cancelled by {view.cancelled_by} {age(view.cancelled_at, now)} ago"
    if view.recovered_at is not None:
        return (Span(f"{said}; it is back: {view.recovered_by}, {age(view.recovered_at, now)} ago", "muted"),)
    return (Span(said, "bad"), Span("; its kit is not back:  ", "bad"), Span("g", "accent"), Span(" when it is", "bad"))


def _fact(name: str, value: str) -> Line:
    return (Span(f" {name} ", "muted"), Span(safe(value)))


def _you(person_id: str, me: str) -> str:
    return f"{person_id} (you)" if person_id == me else person_id
