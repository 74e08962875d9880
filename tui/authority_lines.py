"""Authorities as lines, and what a mandate may rest on. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from protocols.access_record import Modality
from protocols.api.authorities import URGENT_ORAL_HOURS, AuthorityKind, AuthorityState, AuthorityView
from protocols.mandate import MandateKind
from protocols.words import duration
from tui.paint import Line, Span, Tone, fit, joined
from tui.words import UNKNOWN, age, full_moment, left, moment, safe, short_moment

KINDS_NEEDED: dict[MandateKind, AuthorityKind | None] = {"field": "use", "retrieval": "retrieve", "bench": None}
"""What an authority has to be for, so that a mandate of the kind can rest on it. The controller judges."""

LAST_HOURS = timedelta(hours=24)
"""An urgent oral authority with less than this left is told loudly."""

_STATE_WORDS: dict[AuthorityState, Span] = {
    "future": Span("future", "plain"),
    "in-force": Span("in force", "good"),
    "review-overdue": Span("review late", "bad"),
    "ended": Span("ended", "muted"),
    "cancelled": Span("cancelled", "muted"),
}
_ORDER: tuple[AuthorityState, ...] = ("review-overdue", "in-force", "future", "ended", "cancelled")
_OVER = ("ended", "cancelled")
_WIDE = 140


class Wish(NamedTuple):
    """What a mandate would take of an authority; a time is None while it is not known."""

    kind: MandateKind
    modalities: Sequence[Modality]
    starts_at: datetime | None
    ends_at: datetime | None


def in_order(views: Sequence[AuthorityView]) -> list[AuthorityView]:
    """Those that hold before those to come and those that are over; of each the one that ends first."""
    return sorted(views, key=lambda view: (_ORDER.index(view.state), view.ends_at))


def state_words(view: AuthorityView, now: datetime) -> Span:
    """Where it stands, in a word; how long an urgent oral one has left."""
    if view.urgent_oral and view.state == "in-force":
        remaining = view.ends_at - now
        hours = duration(max(0.0, remaining.total_seconds()))
        return Span(f"oral {hours}", "loud" if remaining < LAST_HOURS else "fair")
    return _STATE_WORDS[view.state]


def owes_statement(view: AuthorityView) -> bool:
    """Whether the written statement of an urgent oral authority is still to be made."""
    return view.urgent_oral and view.statement_at is None


def matches(view: AuthorityView, words: str) -> bool:
    """Whether every word of `words` is in what the list says of it."""
    said = (view.reference, view.authority_id, *view.kinds, *view.modalities, view.state, view.authorised_by_rank)
    text = " ".join([*said, view.note, "oral" if view.urgent_oral else ""]).lower()
    return all(word in text for word in words.lower().split())


def authority_line(view: AuthorityView, width: int, now: datetime, *, utc: bool) -> Line:
    """One authority: state, reference, kinds, modalities, until, next review; on a wide screen rank and mandates."""
    columns, state = _columns(width), state_words(view, now)
    over = view.state in _OVER
    tone: Tone = "muted" if over else "plain"
    review = "" if over or view.next_review_at is None else short_moment(view.next_review_at, now, utc=utc)
    late = view.state == "review-overdue"
    wide = width > _WIDE
    until = moment(view.ends_at, now, utc=utc)
    until = until if len(until) < columns[4] else short_moment(view.ends_at, now, utc=utc)
    return (
        Span(state.text, state.tone),
        Span(" " * max(1, columns[0] - len(state.text))),
        Span(fit(view.reference, columns[1] - 1) + " ", "muted" if over else "strong"),
        Span(fit(" ".join(view.kinds), columns[2] - 1) + " ", tone),
        Span(fit(" ".join(view.modalities) or UNKNOWN, columns[3] - 1) + " ", tone),
        Span(fit(until, columns[4]), tone),
        Span(fit(review, columns[5]), "bad" if late else tone),
        Span(fit(str(view.mandates or UNKNOWN), 10) if wide else "", tone),
        Span(safe(view.authorised_by_rank) if wide else "", "muted"),
    )


def heads_line(width: int) -> Line:
    """The heads over `authority_line`."""
    columns = _columns(width)
    heads = zip(("state", "reference", "to", "with", "until", "review by"), columns, strict=True)
    wide = (Span(fit("mandates", 10), "muted"), Span("authorised by", "muted")) if width > _WIDE else ()
    return (*(Span(fit(head, size), "muted") for head, size in heads), *wide)


def _columns(width: int) -> tuple[int, int, int, int, int, int]:
    return (14, 26, 23, 23, 19, 12) if width > _WIDE else (12, max(12, width - 65), 15, 16, 13, 9)


def detail_lines(view: AuthorityView, now: datetime, *, utc: bool) -> list[Line]:
    """What the list has no room for, in five lines."""
    document = f"sha256 {view.document_sha256[:16]} …" if view.document_sha256 else "none"
    return [
        joined([_fact("authorised by", view.authorised_by_rank), _fact("recorded by", view.recorded_by)]),
        _fact("from", f"{full_moment(view.starts_at, utc=utc)}  to  {full_moment(view.ends_at, utc=utc)}"),
        joined([_fact("document", document), _fact("mandates", str(view.mandates)), *_following(view)]),
        _fact("note", view.note) if view.note else (Span(" no note", "muted"),),
        standing_line(view, now, utc=utc),
    ]


def _following(view: AuthorityView) -> list[Line]:
    found = [("renews", view.renews), ("renewed by", view.renewed_by)]
    return [_fact(name, value) for name, value in found if value is not None]


def standing_line(view: AuthorityView, now: datetime, *, utc: bool) -> Line:
    """What it wants of somebody, the most pressing first."""
    if view.cancelled_at is not None:
        return (Span(f" cancelled by {view.cancelled_by} {age(view.cancelled_at, now)} ago", "muted"),)
    if owes_statement(view) and view.statement_due_at is not None:
        late = view.statement_due_at <= now
        how = "overdue for " + age(view.statement_due_at, now) if late else left(view.statement_due_at, now)
        return (Span(f" its written statement is due: {how}", "bad" if late else "fair"), *_key("w", "recorded"))
    if view.state == "review-overdue":
        said = f" its review is overdue for {age(view.next_review_at, now)}: nothing opens under it"
        return (Span(said, "bad"), *_key("v", "held"))
    if view.state == "ended":
        return (Span(f" ended {age(view.ends_at, now)} ago", "muted"),)
    if view.state == "future":
        return (Span(f" takes effect {moment(view.starts_at, now, utc=utc)}", "muted"),)
    return (Span(f" in force, {left(view.ends_at, now)}", "good"),)


def _key(key: str, does: str) -> Line:
    return (Span("   "), Span(key, "accent"), Span(f" {does}", "muted"))


def authority_facts(view: AuthorityView, *, utc: bool) -> list[tuple[str, str]]:
    """Everything that is recorded of it, named."""

    def when(at: datetime | None) -> str:
        return full_moment(at, utc=utc) if at is not None else ""

    facts = [
        ("reference", view.reference),
        ("recorded as", f"{view.authority_id}, by {view.recorded_by}, {when(view.recorded_at)}"),
        ("is to", ", ".join(view.kinds)),
        ("with", ", ".join(view.modalities)),
        ("authorised by", view.authorised_by_rank),
        ("from", when(view.starts_at)),
        ("until", when(view.ends_at) + _oral_words(view)),
        ("next review", when(view.next_review_at)),
        *_document(view.document_sha256),
        ("live mandates", str(view.mandates)),
        ("renews", view.renews or ""),
        ("renewed by", view.renewed_by or ""),
        ("note", view.note),
    ]
    if view.urgent_oral:
        facts.insert(8, ("statement due", f"{when(view.statement_due_at)}, {URGENT_ORAL_HOURS} h after it was given"))
        facts.insert(9, ("statement", when(view.statement_at) or "not recorded yet"))
    if view.cancelled_at is not None:
        facts.append(("cancelled", f"by {view.cancelled_by}, {when(view.cancelled_at)}"))
    return facts


def _oral_words(view: AuthorityView) -> str:
    """How long an urgent oral authority is, empty for others."""
    if not view.urgent_oral:
        return ""
    lasts = duration((view.ends_at - view.starts_at).total_seconds())
    return f", {lasts} in all, by word of mouth"


def _document(sha256: str | None) -> list[tuple[str, str]]:
    """The hash in two halves: as a whole it is too long for a small screen."""
    return [("document sha256", sha256[:32]), ("", f"{sha256[32:]}, salted")] if sha256 else [("document", "")]


def uncovered(view: AuthorityView, wish: Wish, *, utc: bool) -> str:
    """Why a mandate can not rest on it, empty when it can; the controller judges by the same rules."""
    needed = KINDS_NEEDED[wish.kind]
    beyond = [one for one in wish.modalities if one not in view.modalities]
    if view.state in {"cancelled", "ended", "review-overdue"}:
        what = "waits for its review" if view.state == "review-overdue" else f"is {view.state}"
        return f"{view.reference} {what} (an approver decides)"
    if needed is not None and needed not in view.kinds:
        return f"{view.reference} is to {', '.join(view.kinds)}; a {wish.kind} mandate needs one to {needed}"
    if beyond:
        return f"{view.reference} covers {', '.join(view.modalities) or 'nothing'}, not {', '.join(beyond)}"
    if wish.starts_at is not None and wish.starts_at < view.starts_at:
        return f"{view.reference} takes effect only {full_moment(view.starts_at, utc=utc)}"
    if wish.ends_at is not None and wish.ends_at > view.ends_at:
        return f"{view.reference} ends {full_moment(view.ends_at, utc=utc)}: end the mandate by then"
    return ""


def _fact(name: str, value: str) -> Line:
    return (Span(f" {name} ", "muted"), Span(safe(value)))
