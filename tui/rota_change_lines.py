"""Overrides, take-overs and swaps in words: in lists, at length, and as they go into the log. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.rota.rules.comparison import GRAVE
from fleet.rota.rules.spans import Span as TimeSpan
from protocols.api.rota_changes import ChangeState, ChangeView, NewChange
from protocols.rota.findings import Finding
from tui.paint import Line, Span, Tone, fit, joined, wrap
from tui.rota_changing import Brings, Slot, Way
from tui.rota_compare import worst_first
from tui.rota_days import counts_of
from tui.rota_times import short_stretch, stretch
from tui.rota_words import counts_words, finding_lines
from tui.words import UNKNOWN, full_moment, moment

OPEN_STATES: frozenset[ChangeState] = frozenset({"asked", "agreed"})
_STATE_TONES: dict[ChangeState, Tone] = {
    "asked": "fair",
    "agreed": "fair",
    "approved": "good",
    "refused": "muted",
    "undone": "muted",
    "lapsed": "muted",
}
_SUPERVISOR = "supervisor"
_WIDE = 100


class Sight(NamedTuple):
    """Who looks, when, and in which zone: `zone` is the rota's. `manages`: they manage rotas."""

    me: str
    manages: bool
    zone: str
    now: datetime
    utc: bool


def may_decide(view: ChangeView, sight: Sight) -> bool:
    """Whether its word is missing that this person can give: their own, or as a supervisor who is not of the two."""
    apart = sight.manages and sight.me not in {view.person, view.gives}
    return begins_at(view) > sight.now and (
        (view.state == "asked" and (view.waits_for == sight.me or apart)) or (view.state == "agreed" and apart)
    )


def waits_for_me(view: ChangeView, sight: Sight) -> bool:
    """Whether this person is who it waits for, and not only who could say it for them."""
    return may_decide(view, sight) and (view.state == "agreed" or view.waits_for == sight.me)


def begins_at(view: ChangeView) -> datetime:
    """When the first of its times begins."""
    return view.starts_at if view.back_starts_at is None else min(view.starts_at, view.back_starts_at)


def over_at(view: ChangeView) -> datetime:
    """When the last of its times is over."""
    return view.ends_at if view.back_ends_at is None else max(view.ends_at, view.back_ends_at)


def in_order(views: Sequence[ChangeView], sight: Sight) -> list[ChangeView]:
    """What waits for this person, what waits for others, what is in force by time, and the rest, newest first."""

    def place(view: ChangeView) -> tuple[int, float]:
        if view.state in OPEN_STATES:
            return (0 if waits_for_me(view, sight) else 1), begins_at(view).timestamp()
        if view.state == "approved" and over_at(view) > sight.now:
            return 2, begins_at(view).timestamp()
        return 3, -view.asked_at.timestamp()

    return sorted(views, key=place)


def stands_words(view: ChangeView, sight: Sight) -> Span:
    """Where it stands: for whose word it waits, or what became of it."""
    if view.state in OPEN_STATES:
        if waits_for_me(view, sight):
            return Span("waits for you", "loud")
        whom = "a supervisor" if view.waits_for == _SUPERVISOR else view.waits_for
        late = begins_at(view) <= sight.now
        return Span("came too late" if late else f"waits for {whom}", "muted" if late else _STATE_TONES[view.state])
    if view.state == "approved":
        if over_at(view) <= sight.now:
            return Span("over", "muted")
        return Span("in force" if begins_at(view) <= sight.now else "approved", "good")
    return Span(view.state, _STATE_TONES[view.state])


def it_stands(view: ChangeView, sight: Sight) -> str:
    """`it waits for TO-13`, `it is in force`."""
    text = stands_words(view, sight).text
    return f"it {text}" if text.startswith(("waits", "came")) else f"it is {text}"


def who_words(view: ChangeView) -> str:
    """`TO-11 → TO-12`: from whom to whom; both ways of a swap."""
    arrow = "⇄" if view.kind == "swap" else "→"
    return f"{view.gives} {arrow} {view.person}" if view.gives is not None else f"{arrow} {view.person}"


def change_line(view: ChangeView, width: int, sight: Sight) -> Line:
    """One line: where it stands, what kind, who, which position and when."""
    stands = stands_words(view, sight)
    is_over = view.state not in OPEN_STATES and (view.state != "approved" or over_at(view) <= sight.now)
    said = stretch if width > _WIDE else short_stretch
    when = said(TimeSpan(view.starts_at, view.ends_at), sight.zone, sight.now, utc=sight.utc)
    position = view.position if width > _WIDE else view.position[0].upper()
    text = stands.text.replace("waits for a supervisor", "supervisor decides")
    return (
        Span(text, stands.tone),
        Span(" " * max(1, 20 - len(text))),
        Span(fit(view.kind, 11), "muted"),
        Span(fit(who_words(view), 15), "muted" if is_over else "strong"),
        Span(fit(f"{position} {when}", max(20, width - 46)), "muted" if is_over else "plain"),
    )


def half_lines(view: ChangeView, sight: Sight) -> list[Line]:
    """Who has what from whom, a line for each half."""
    halves = [(view.person, view.gives, view.position, TimeSpan(view.starts_at, view.ends_at))]
    if view.back_position and view.back_starts_at and view.back_ends_at and view.gives:
        halves.append((view.gives, view.person, view.back_position, TimeSpan(view.back_starts_at, view.back_ends_at)))
    lines: list[Line] = []
    for gets, gives, position, span in halves:
        given = f"  from {gives}" if gives is not None else ""
        lines.append(
            (
                Span(f" {gets} has {position}  ", "strong"),
                Span(stretch(span, sight.zone, sight.now, utc=sight.utc)),
                Span(given, "muted"),
            )
        )
    return lines


def change_detail(view: ChangeView, sight: Sight) -> list[Line]:
    """A change below the list: its halves, who asked, what can be done."""
    asked = f" asked by {view.asked_by} {moment(view.asked_at, sight.now, utc=sight.utc)}"
    why = f": {view.reason}" if view.reason else ""
    lines = [*half_lines(view, sight), (Span(asked + why, "muted"),)]
    if view.stands_above:
        lines.append((Span(f" stands above {', '.join(view.stands_above)}", "fair"),))
    return lines


def change_page(view: ChangeView, width: int, sight: Sight) -> list[Line]:
    """All about a change."""
    stands = stands_words(view, sight)
    title: list[Line] = [(Span(f" {view.change}", "title"),), (Span(f"{view.kind} on {view.rota}"),), (stands,)]
    lines: list[Line] = [joined(title), (), *half_lines(view, sight), ()]
    lines += [(Span(f" {name:<12}", "muted"), *value) for name, value in _facts(view, sight)]
    if view.stands_above:
        above = f"it stands above {', '.join(view.stands_above)}: where both say who has the place, this one does"
        lines += [(), *[(Span(" "), *line) for line in wrap(above, width - 2, "fair")]]
    return [*lines, (), *finding_block(view, width)]


def _facts(view: ChangeView, sight: Sight) -> list[tuple[str, Line]]:
    def at(when: datetime | None) -> str:
        return "" if when is None else f"  {full_moment(when, utc=sight.utc)}"

    facts: list[tuple[str, Line]] = [("asked by", (Span(view.asked_by, "strong"), Span(at(view.asked_at), "muted")))]
    facts.append(("why", (Span(view.reason or UNKNOWN),)))
    if view.agreed_by:
        facts.append(("agreed by", (Span(view.agreed_by, "strong"),)))
    if view.decided_by:
        word = "refused by" if view.state == "refused" else "decided by"
        facts.append((word, (Span(view.decided_by, "strong"), Span(at(view.decided_at), "muted"))))
    if view.undone_by:
        facts.append(("undone by", (Span(view.undone_by, "strong"), Span(at(view.undone_at), "muted"))))
    return facts


def finding_block(view: ChangeView, width: int) -> list[Line]:
    """What it brings, or did."""
    verb = "WOULD BRING" if view.state in OPEN_STATES else "BROUGHT"
    counts = counts_words(counts_of(view.brings))
    lines: list[Line] = [(Span(f" {verb}  ", "accent"), *counts)]
    for one in worst_first(view.brings):
        lines += finding_lines(one, width, sign="+ ", remedy=True)
    return lines


def graves_of(findings: Sequence[Finding]) -> list[Finding]:
    """The breaches and faults."""
    return [one for one in findings if one.answer in GRAVE]


def slot_words(slot: Slot, sight: Sight) -> str:
    """`primary, Sat 28 Nov 09:00 – Mon 30 Nov 09:00`."""
    return f"{slot.position}, {stretch(slot.span, sight.zone, sight.now, utc=sight.utc)}"


def way_words(way: Way, sight: Sight) -> tuple[str, str]:
    """What can be done with a slot, and when it will be so."""
    slot, mine = way.slot, way.slot.person == sight.me
    whose = "your" if mine else f"{slot.person}'s" if slot.person is not None else "the empty"
    at_once = "at once" if is_at_once(way.kind, way.taker, slot.person, sight) else "to be agreed"
    if slot.person is None and way.taker is None:
        return f"cover the empty {slot.position}: put somebody there", at_once
    if way.kind == "override":
        return f"override: put somebody into {whose} {slot.position}", at_once
    if way.kind == "swap":
        text = f"swap {whose} {slot.position} against one of {'yours' if way.taker else 'another'}"
        return (f"swap {whose} {slot.position} against a shift of another" if not way.taker else text), at_once
    if way.taker == sight.me:
        return f"take {whose} {slot.position} over yourself", at_once
    return f"let somebody take {whose} {slot.position} over", at_once


def is_at_once(kind: str, person: str | None, gives: str | None, sight: Sight) -> bool:
    """Whether a change is in force as soon as this person asks for it, as the controller decides it."""
    is_own = sight.me in {person, gives}
    return sight.manages and (kind == "override" or (kind == "take-over" and not is_own))


def said_new(new: NewChange, sight: Sight) -> str:
    """Who is to have what from whom, in one sentence."""
    there = stretch(TimeSpan(new.starts_at, new.ends_at), sight.zone, sight.now, utc=sight.utc)
    text = f"{new.person} has {new.position} {there}"
    text += f", which {new.gives} gives" if new.gives is not None else ""
    if new.back_position and new.back_starts_at and new.back_ends_at:
        back = stretch(TimeSpan(new.back_starts_at, new.back_ends_at), sight.zone, sight.now, utc=sight.utc)
        text += f", and {new.gives} has {new.back_position} {back} in return"
    return text


def new_sentence(new: NewChange, rota_id: str, sight: Sight) -> str:
    """What goes into the log when it is asked for."""
    if is_at_once(new.kind, new.person, new.gives, sight):
        return f"rota.change-approved: {sight.me} decides ({new.kind} on {rota_id}) that {said_new(new, sight)}"
    return f"rota.change-asked: {sight.me} asks ({new.kind} on {rota_id}) that {said_new(new, sight)}"


def what_follows(new: NewChange, sight: Sight) -> str:
    """For whose word it will wait."""
    if is_at_once(new.kind, new.person, new.gives, sight):
        return "in force at once"
    people = [one for one in (new.gives, new.person) if one is not None]
    others = [one for one in people if one != sight.me]
    if sight.me in people and new.gives is not None and others:
        return f"waits for {others[0]} to agree, then for a supervisor"
    return "waits for a supervisor who is neither of the two"


def brings_lines(brings: Brings | None, width: int, most: int, *, sees_all: bool) -> list[Line]:
    """What the rules say of a change on the spot, in at most `most` lines."""
    if brings is None:
        return [(Span(" judging what it brings …", "muted"),)]
    found = [*brings.grave, *brings.mild]
    head = joined(
        [
            (Span(" brings ", "muted"), *counts_words(counts_of(found))),
            (Span("ends ", "muted"), *counts_words(counts_of(brings.go))) if counts_of(brings.go) else (),
            (Span("others' hours: the controller tells", "muted"),) if not sees_all else (),
        ]
    )
    lines = [line for one in worst_first(found) for line in finding_lines(one, width, sign="+ ")]
    if len(lines) > most - 1:
        lines = [
            *lines[: most - 2],
            (Span(f"   … {len(lines) - most + 2} lines more, on its page once asked", "muted"),),
        ]
    return [head, *lines]
