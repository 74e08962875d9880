"""What a change by hand may be, whom it takes, what it brings and what it stands above. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import structs

from fleet.errors import Conflict, Forbidden, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.rota.records import LEEWAY
from fleet.rota.rules.assessment import assess, ordered
from fleet.rota.rules.comparison import GRAVE, brought
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span, minus
from fleet.rota.rules.words import listed, said_span
from fleet.store.people import Person
from fleet.store.rota_changes import StoredChange
from protocols.api.rota_changes import ChangeState, NewChange
from protocols.people import may
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding
from protocols.rota.model import Assigned, Change, Position, Rota

LONGEST = timedelta(days=92)
"""Of one half of a change †: what is longer is a plan."""
MAX_BRINGS = 50
_AROUND = timedelta(days=15)
"""How far around a change its findings lie where standby is no work: a fortnight, and a day."""
_AFTER_WORK = timedelta(weeks=27)
"""How far after it an average of 26 weeks knows of it, where standby is work."""


class Legs(NamedTuple):
    """The two times of a swap; `back` is None of another change."""

    there: Span
    back: Span | None


def legs_of(new: NewChange, now: datetime, *, at_once: bool) -> Legs:
    """The times of a change that is asked for, in UTC and whole seconds; what is in force at once begins now at the
    earliest. Raises RequestRefused or Conflict."""
    back = (new.back_position, new.back_starts_at, new.back_ends_at)
    if new.kind != "swap":
        if any(one is not None for one in back):
            raise RequestRefused("not-a-swap", f"a change of kind {new.kind} gives nothing back", "leave that out")
        return Legs(_span(new.starts_at, new.ends_at, now, at_once=at_once), None)
    if new.back_starts_at is None or new.back_ends_at is None or new.back_position is None or new.gives is None:
        raise RequestRefused(
            "swap-incomplete", "a swap has two people and two times", "say who gives, and what they have in return"
        )
    there = _span(new.starts_at, new.ends_at, now, at_once=at_once)
    back_span = _span(new.back_starts_at, new.back_ends_at, now, at_once=at_once)
    if new.position == new.back_position and there.overlap(back_span) is not None:
        raise RequestRefused("swap-overlaps", "the two times of the swap overlap", "name two times one after the other")
    return Legs(there, back_span)


def _span(starts_at: datetime, ends_at: datetime, now: datetime, *, at_once: bool) -> Span:
    span = Span(whole_utc(starts_at, now), whole_utc(ends_at, now))
    if span.ends_at <= span.starts_at:
        raise RequestRefused("ends-before-start", "it ends before it begins", "let its end be later than its beginning")
    if span.length > LONGEST:
        raise RequestRefused("too-long", f"it is longer than {LONGEST.days} days", "publish a plan for such a time")
    if at_once and span.starts_at >= now - LEEWAY:
        span = Span(max(span.starts_at, now.replace(microsecond=0)), span.ends_at)
    elif span.starts_at <= now:
        raise Conflict("change-too-late", "it would have begun already, and what is past stays", "name a later time")
    if span.ends_at <= now:
        raise Conflict("change-too-late", "it would be over already", "name a later end")
    return span


def check_positions(rota: Rota, new: NewChange) -> None:
    """Raise Conflict or RequestRefused unless the rota has the positions, and the people are two of whom those who get
    something are members."""
    for position in (new.position, new.back_position):
        if position not in (None, "shadow", *rota.positions):
            raise Conflict("no-such-position", f"the rota has no {position}", f"name {listed(rota.positions, 'or')}")
    if new.gives == new.person:
        raise RequestRefused("same-person", "nobody takes over from themselves", "name two different people")
    getting = [new.person] if new.kind != "swap" or new.gives is None else [new.person, new.gives]
    for person in getting:
        if person not in rota.members:
            raise Conflict(
                "not-a-member", f"{person} is no member of the rota {rota.rota}", "make them one, or take another"
            )


class Roster(NamedTuple):
    """A rota with what is published and in force of it, from which follows who has what."""

    rota: Rota
    assigned: Sequence[Assigned]
    changes: Sequence[Change]

    def with_changes(self, more: Iterable[Change]) -> "Roster":
        """The same with more changes in force."""
        return self._replace(changes=[*self.changes, *more])

    def has(self, person: str, position: Position, span: Span) -> bool:
        """Whether somebody has a position all of the time."""
        return not minus([span], self.times_of(position, span).get(person, []))

    def times_of(self, position: Position, span: Span) -> dict[str, list[Span]]:
        """Who has a position in a time, and when in it."""
        found: dict[str, list[Span]] = {}
        for shift in on_call(self.rota, self.assigned, self.changes, span):
            if shift.position == position:
                found.setdefault(shift.person, []).append(Span(shift.starts_at, shift.ends_at))
        return found


def giver(roster: Roster, new: NewChange, span: Span) -> str | None:
    """Who gives a position up: who is named, else whoever has it all of the time, None where nobody has any of it, or
    where it is an override. Raises Conflict."""
    if new.gives is not None:
        check_has(roster, new.gives, new.position, span)
        return new.gives
    times = roster.times_of(new.position, span)
    if new.person in times and not minus([span], times[new.person]):
        raise Conflict("own-shift", f"{new.person} has {new.position} then already", "name another time or person")
    if new.kind == "override" or not times:
        return None
    if len(times) > 1 or minus([span], *times.values()):
        have = listed(sorted(times))
        raise Conflict(
            "several-have-it",
            f"{have} {'have' if len(times) > 1 else 'has'} {new.position} in parts of that time",
            "ask for each part by itself",
        )
    (person,) = times
    return person


def check_has(roster: Roster, person: str, position: Position, span: Span) -> None:
    """Raise Conflict unless somebody has a position all of the time."""
    if not roster.has(person, position, span):
        raise Conflict(
            "shift-not-theirs",
            f"{person} has not {position} all the time {said_span(span, roster.rota.zone)}",
            "look who has it: fleet oncall, or the rota's board",
        )


def check_gives(roster: Roster, change: StoredChange) -> None:
    """Raise Conflict unless both of a change still have what they give."""
    for half in change.halves(change.asked_at):
        if half.gives is not None:
            check_has(roster, half.gives, half.position, Span(half.starts_at, half.ends_at))


def check_effect(roster: Roster, halves: Sequence[Change]) -> None:
    """Raise Conflict where an override stands above what these changes would give."""
    after = roster.with_changes(halves)
    for half in halves:
        if not after.has(half.person, half.position, Span(half.starts_at, half.ends_at)):
            raise Conflict(
                "override-above",
                f"an override stands above: {half.person} would not have {half.position} all the time",
                "let a supervisor make another override, or undo that one",
            )


def first_state(kind: str, person: str, gives: str | None, caller: Person) -> ChangeState:
    """How far a change is when it is asked for; raises Forbidden where the caller may not ask for it."""
    manages = may(caller.role, "manage-rota")
    is_own = caller.person_id in (person, gives)
    if not manages and (kind == "override" or not is_own):
        raise Forbidden(caller.role, "manage-rota")
    if is_at_once(kind, person, gives, caller):
        return "approved"
    return "agreed" if gives is None or not is_own else "asked"


def is_at_once(kind: str, person: str, gives: str | None, caller: Person) -> bool:
    """Whether a change is in force as soon as this caller asks for it."""
    is_own = caller.person_id in (person, gives)
    return may(caller.role, "manage-rota") and (kind == "override" or (kind == "take-over" and not is_own))


def waits_for(change: StoredChange) -> str:
    """Whose word is missing: a person's id, `supervisor`, or empty."""
    if change.state == "asked":
        return next((one for one in change.people if one != change.asked_by), "")
    return "supervisor" if change.state == "agreed" else ""


def period_around(change: StoredChange, rota: Rota) -> Span:
    """The time in which the rules can find something else because of the change."""
    after = _AFTER_WORK if rota.standby == "workplace" else _AROUND
    return Span(change.begins_at - _AROUND, change.over_at + after)


def with_halves(book: RotaBook, change: StoredChange, now: datetime) -> RotaBook:
    """The book as it is when the change is decided now."""
    return structs.replace(book, changes=[*book.changes, *change.halves(now)])


def judge(book: RotaBook, change: StoredChange, now: datetime) -> tuple[list[Finding], list[Finding]]:
    """What a change would bring: the first MAX_BRINGS findings, and all breaches and faults that would come."""
    before, after = assess(book), assess(with_halves(book, change, now))
    grave = brought(before.findings, after.findings)
    known = {one.key for one in before.findings}
    others = [one for one in after.findings if one.answer not in GRAVE and one.key not in known]
    return ordered([*grave, *others])[:MAX_BRINGS], grave


def check_brings(grave: Sequence[Finding], despite: str) -> None:
    """Raise Conflict where a change brings breaches or faults, and nobody says why it is made all the same."""
    if not grave or despite:
        return
    many = "a breach or fault" if len(grave) == 1 else f"{len(grave)} breaches and faults"
    raise Conflict(
        "change-breaks-rules",
        f"the change brings {many}; first: {grave[0].sentence}",
        f"{grave[0].remedy}; or approve it despite that, with the reason",
    )


def stands_above(change: StoredChange, in_force: Iterable[Change], now: datetime) -> list[str]:
    """The ids of the other changes of whose time and position it takes a part, or would if it were decided now."""
    if change.state not in ("asked", "agreed", "approved"):
        return []
    decided_at = change.decided_at or now
    found: list[str] = []
    for half in change.halves(decided_at):
        span, rank = Span(half.starts_at, half.ends_at), _rank(half)
        for other in in_force:
            shared = span.overlap(Span(other.starts_at, other.ends_at))
            if shared is not None and other.position == half.position and _rank(other) < rank:
                found.append(other.change)
    return sorted(set(found) - {change.change_id})


def _rank(change: Change) -> tuple[bool, datetime, str]:
    """As `schedule.precedence` has it."""
    return change.kind == "override", change.decided_at, change.change


def said_change(change: StoredChange, zone: str) -> str:
    """Who has what from whom, as `TO-12 has primary, which TO-11 gives, from … until …`."""
    parts: list[str] = []
    for half in change.halves(change.asked_at):
        gives = f", which {half.gives} gives," if half.gives is not None else ""
        parts.append(f"{half.person} has {half.position}{gives} {said_span(Span(half.starts_at, half.ends_at), zone)}")
    return "; ".join(parts)
