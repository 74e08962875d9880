"""Changes by hand before they are asked for: what can be changed, who could take it, what it would bring. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import structs

from fleet.rota.rules.assessment import assess
from fleet.rota.rules.comparison import GRAVE, brought, compare
from fleet.rota.rules.competence import competent_until, said_requirement
from fleet.rota.rules.cover import cover_findings
from fleet.rota.rules.schedule import gaps, shifts_of
from fleet.rota.rules.spans import Span, total
from fleet.rota.rules.wall import day_span
from protocols.api.rota_changes import NewChange
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Finding
from protocols.rota.model import Change, ChangeKind, Position, Shift

AROUND = timedelta(days=15)
"""How far around a change the rules are asked: as far as the controller looks where standby is at home."""
AHEAD = timedelta(weeks=13)
"""How far ahead somebody's shifts are offered in return."""
MOST_RETURNS = 30
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Slot(NamedTuple):
    """A position in a time that begins now at the earliest, and who has it (None: nobody, and somebody has to)."""

    position: Position
    span: Span
    person: str | None


class Way(NamedTuple):
    """What can be done with a slot: a `kind` of change in which `taker` gets it, None where they are to be chosen."""

    slot: Slot
    kind: ChangeKind
    taker: str | None = None


class Taker(NamedTuple):
    """Somebody who could take a time or give one in return, why they can not (empty: they can), and their days on call
    in the book."""

    person: str
    hinders: str
    days: int


class Brings(NamedTuple):
    """What a change would bring: breaches and faults that were not there, what else comes, and what goes."""

    grave: list[Finding]
    mild: list[Finding]
    go: list[Finding]


class Return(NamedTuple):
    """A shift that could come back in a swap, and why not (empty: nothing is amiss)."""

    slot: Slot
    hinders: str


def slots_of(book: RotaBook, shifts: Sequence[Shift], day: date, now: datetime) -> list[Slot]:
    """What is on call on a date and is not over, whole shifts, and the gaps of it; by position and time."""
    of_day = day_span(day, book.rota.zone)
    held = [
        Slot(one.position, Span(max(one.starts_at, now), one.ends_at), one.person)
        for one in shifts
        if one.ends_at > now and of_day.overlap(Span(one.starts_at, one.ends_at)) is not None
    ]
    window = Span(max(now, book.starts_at), book.ends_at)
    empty = [
        Slot(one.position, Span(one.starts_at, one.ends_at), None)
        for one in (gaps(book.rota, shifts, window) if window.starts_at < window.ends_at else ())
        if of_day.overlap(Span(one.starts_at, one.ends_at)) is not None
    ]
    order: tuple[Position, ...] = ("primary", "secondary", "shadow")
    return sorted([*held, *empty], key=lambda slot: (order.index(slot.position), slot.span))


def ways_of(slots: Sequence[Slot], me: str, members: Sequence[str], *, manages: bool) -> list[Way]:
    """What somebody may ask for: changes of their own shifts, taking others' where they are a member; with `manages`
    everything, for everybody. Gaps first, then own shifts."""
    found: list[Way] = []
    for slot in sorted(slots, key=lambda slot: 0 if slot.person is None else 1 if slot.person == me else 2):
        if slot.person == me:
            found += [Way(slot, "take-over"), Way(slot, "swap")]
        elif slot.person is None:
            found += [Way(slot, "take-over", me)] if me in members and not manages else []
        elif me in members and not manages:
            found += [Way(slot, "take-over", me), Way(slot, "swap", me)]
        elif manages:
            found += [Way(slot, "take-over"), Way(slot, "swap")]
        found += [Way(slot, "override")] if manages else []
    return found


def halves_of(new: NewChange, at: datetime) -> list[Change]:
    """The change as the rules take it, decided at `at`: of a swap two."""
    first = Change(
        change="new",
        kind=new.kind,
        position=new.position,
        person=new.person,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        decided_at=at,
        gives=new.gives,
    )
    if new.back_starts_at is None or new.back_ends_at is None or new.back_position is None or new.gives is None:
        return [first]
    back = structs.replace(
        first,
        position=new.back_position,
        person=new.gives,
        starts_at=new.back_starts_at,
        ends_at=new.back_ends_at,
        gives=new.person,
    )
    return [first, back]


def around(book: RotaBook, spans: Iterable[Span]) -> RotaBook:
    """The book cut to the time in which the rules can find something else because of a change in `spans`."""
    listed = list(spans)
    starts_at = min(span.starts_at for span in listed) - AROUND
    ends_at = max(span.ends_at for span in listed) + AROUND
    return structs.replace(
        book, starts_at=max(book.starts_at, starts_at), ends_at=max(min(book.ends_at, ends_at), starts_at + _HOUR)
    )


def judge(book: RotaBook, new: NewChange, me: str, *, sees_all: bool) -> Brings:
    """What the change would bring, in force now; of others' working time nothing where the book does not have it. Takes
    up to seconds."""
    halves = halves_of(new, book.as_of)
    part = around(book, [Span(one.starts_at, one.ends_at) for one in halves])
    before = assess(part)
    after = assess(structs.replace(part, changes=[*part.changes, *halves]))
    found = compare(before, after)
    graves = brought(before.findings, after.findings)

    def told(findings: Iterable[Finding]) -> list[Finding]:
        return [one for one in findings if sees_all or not _of_others_work(one, me)]

    mild = [one for one in (*found.come, *found.changed) if one.answer not in GRAVE]
    return Brings(told(graves), told(mild), told(found.go))


def _cause(finding: Finding) -> str:
    return finding.key.rpartition(":")[0].rpartition(":")[2]


def _of_others_work(finding: Finding, me: str) -> bool:
    return (finding.rule in WORKING_TIME_RULES or finding.rule == "reference-period") and me not in finding.persons


def takers(book: RotaBook, shifts: Sequence[Shift], way: Way) -> list[Taker]:
    """The members who could get a slot, but for who has it: those whom nothing hinders first, of these first who has
    been on call least."""
    slot, kind = way.slot, way.kind
    part = around(book, [slot.span])
    before = cover_findings(part, shifts_of(part))
    found = [
        Taker(person, _hinders(part, before, [_half(slot, kind, person)]), _days(shifts, person))
        for person in book.rota.members
        if person != slot.person
    ]
    return sorted(found, key=lambda one: (bool(one.hinders), one.days, one.person))


def returns_of(book: RotaBook, shifts: Sequence[Shift], way: Way, other: str, now: datetime) -> list[Return]:
    """The coming shifts that could come back when `other` gets a slot, first those that nothing hinders; by time."""
    slot = way.slot
    found: list[Return] = []
    for one in shifts:
        span = Span(one.starts_at, one.ends_at)
        same = one.position == slot.position and span.overlap(slot.span) is not None
        is_cut = one.starts_at <= now or one.ends_at >= book.ends_at
        if one.person != other or is_cut or same or one.position == "shadow" or slot.person is None:
            continue
        back = Slot(one.position, span, other)
        part = around(book, [slot.span, span])
        before = cover_findings(part, shifts_of(part))
        halves = [_half(slot, "swap", other), _half(back, "swap", slot.person)]
        found.append(Return(back, _hinders(part, before, halves)))
        if len(found) == MOST_RETURNS:
            break
    return sorted(found, key=lambda one: bool(one.hinders))


def _half(slot: Slot, kind: ChangeKind, person: str) -> Change:
    return Change(
        change=f"new-{person}",
        kind=kind,
        position=slot.position,
        person=person,
        starts_at=slot.span.starts_at,
        ends_at=slot.span.ends_at,
        decided_at=slot.span.starts_at,
        gives=slot.person,
    )


def _days(shifts: Iterable[Shift], person: str) -> int:
    mine = [Span(one.starts_at, one.ends_at) for one in shifts if one.person == person and one.position != "shadow"]
    return round(total(mine) / _DAY)


def _hinders(part: RotaBook, before: Sequence[Finding], halves: Sequence[Change]) -> str:
    """The first fault that these changes would bring, in a few words; empty for none."""
    decided = [structs.replace(one, decided_at=part.as_of) for one in halves]
    after = structs.replace(part, changes=[*part.changes, *decided])
    came = brought(before, cover_findings(after, shifts_of(after)))
    return _in_short(part, came[0], halves) if came else ""


def _in_short(book: RotaBook, finding: Finding, halves: Sequence[Change]) -> str:
    who = {one.person for one in halves}
    whose = f"{finding.persons[0]} " if finding.persons and len(who) > 1 else ""
    match finding.rule:
        case "leave":
            return f"{whose}on leave"
        case "away":
            return f"{whose}on a deployment away"
        case "term":
            return f"{whose}out of term"
        case "double":
            cause = _cause(finding)
            return f"{whose}on call on {cause}" if cause else f"{whose}has the other position"
        case "signers":
            return "no two who may sign"
        case "competence":
            return _lacking(book, halves) or "a competence is missing"
        case _:
            return finding.rule


def _lacking(book: RotaBook, halves: Sequence[Change]) -> str:
    known = {member.person: member for member in book.members}
    for half in halves:
        for requirement in book.rota.requirements:
            member = known.get(half.person)
            if member is None or competent_until(member, requirement, book.rota.zone) < half.ends_at:
                return f"lacks {said_requirement(requirement)}"
    return ""
