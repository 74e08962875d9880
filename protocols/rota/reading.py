"""A rota's book as a file, and what a rota and its book must be like before any rule looks at them.

Reasons of InvalidRota. Of a file: `too-large`, `unreadable`. Of a rota: `zone-unknown`, `out-of-years`, `layer-twice`,
`layer-ends-early`, `member-twice`, `position-twice`, `requirement-twice`, `not-a-member`, `policy-unusable`. Of a book
also: `period-unusable`, `known-from-unusable`, `too-much-work`, `person-unknown`, `layer-unknown`, `record-twice`,
`ends-before-start`, `break-too-long`.
"""

from collections.abc import Hashable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import msgspec

from protocols.errors import InvalidRota
from protocols.rota.book import MAX_PERIOD_DAYS, RotaBook
from protocols.rota.member import Member
from protocols.rota.model import Layer, Restriction, Rota, RotaPolicy

MAX_BOOK_BYTES = 8 * 1024 * 1024
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Every date and time of a book lies in these years, so that no sum of them leaves the calendar."""

MAX_KNOWN_DAYS = 400
"""How long before its period a book may begin to tell of work."""

MAX_PARTS = 40_000
"""How many turns and restricted hours of layers and cover there may be in all, from `known_from` to `ends_at`."""

_NO_ZONES = frozenset({"Factory", "localtime"})
_decoder = msgspec.json.Decoder(RotaBook)


def read_book(data: bytes) -> RotaBook:
    """The book in a file, checked, its instants in UTC; raises InvalidRota."""
    if len(data) > MAX_BOOK_BYTES:
        detail = f"the file has {len(data)} bytes, and a rota's book at most {MAX_BOOK_BYTES}; shorten the period"
        raise InvalidRota("too-large", detail)
    try:
        book = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise InvalidRota("unreadable", f"mend the file, it is not a rota's book: {error}"[:300]) from error
    check_book(book)
    in_utc: RotaBook = _in_utc(book)
    return in_utc


def write_book(book: RotaBook) -> bytes:
    """The book as a file: JSON that people can read, fields and lists in the order that they have, a line end last."""
    return msgspec.json.format(msgspec.json.encode(book), indent=2) + b"\n"


def check_rota(rota: Rota) -> None:
    """Raises InvalidRota unless every turn, restriction and rule of the rota means something."""
    _check_years(rota, "rota")
    _check_zone(rota.zone, "the rota")
    _check_once("layer-twice", "two layers are called {}: give one another name", (one.layer for one in rota.layers))
    _check_once("member-twice", "{} is a member of the rota twice: name them once", rota.members)
    _check_once("position-twice", "{} is in the rota's positions twice: name it once", rota.positions)
    asked = ((one.subject, one.who) for one in rota.requirements)
    _check_once("requirement-twice", "{} is required twice: keep the requirement with the higher level", asked)
    for layer in rota.layers:
        _check_layer(layer, frozenset(rota.members))
    _check_policy(rota.policy)


def check_book(book: RotaBook) -> None:
    """Raises InvalidRota unless the rota is one, and what the book tells of people and times can be judged, within a
    bounded time. That an assignment begins where a turn does is not asked: another counts for nothing."""
    _check_years(book, "book")
    check_rota(book.rota)
    _check_period(book)
    _check_amount(book)
    _check_once("member-twice", "{} is in the book twice: keep one of them", (one.person for one in book.members))
    for member in book.members:
        _check_member(member)
    _check_names(book)
    _check_records(book)


def _check_layer(layer: Layer, members: frozenset[str]) -> None:
    if layer.ends is not None and layer.ends <= layer.starts:
        detail = f"layer {layer.layer} ends before its first turn: let it end after {layer.starts.isoformat()}"
        raise InvalidRota("layer-ends-early", detail)
    for person in layer.order:
        if person not in members:
            detail = f"{person} takes turns of layer {layer.layer} and is no member: add them to the rota's members"
            raise InvalidRota("not-a-member", detail)


def _check_policy(policy: RotaPolicy) -> None:
    if policy.handover_from == policy.handover_until:
        detail = f"handover is from {policy.handover_from} until the same time: name two that differ"
        raise InvalidRota("policy-unusable", detail)
    if policy.away_from == policy.away_until:
        detail = f"a day away is from {policy.away_from} until the same time: name two that differ"
        raise InvalidRota("policy-unusable", detail)
    if timedelta(minutes=policy.away_break_min) >= _hours(policy.away_from, policy.away_until):
        detail = f"the break of a day away, {policy.away_break_min} min, takes all its hours: shorten it"
        raise InvalidRota("policy-unusable", detail)


def _check_period(book: RotaBook) -> None:
    if book.ends_at <= book.starts_at:
        raise InvalidRota("period-unusable", "the period ends before it starts: let ends_at be later than starts_at")
    if book.ends_at - book.starts_at > timedelta(days=MAX_PERIOD_DAYS):
        raise InvalidRota("period-unusable", f"the period is longer than {MAX_PERIOD_DAYS} days: shorten it")
    if book.known_from > book.starts_at:
        detail = "what is known begins after the period does: let known_from be starts_at or earlier"
        raise InvalidRota("known-from-unusable", detail)
    if book.starts_at - book.known_from > timedelta(days=MAX_KNOWN_DAYS):
        detail = f"what is known begins more than {MAX_KNOWN_DAYS} days before the period: let known_from be later"
        raise InvalidRota("known-from-unusable", detail)


def _check_amount(book: RotaBook) -> None:
    known = book.ends_at - book.known_from
    weeks = known.days // 7 + 2
    parts = weeks * _hours_a_week(book.rota.cover)
    for layer in book.rota.layers:
        turn = timedelta(**{layer.turn.unit: layer.turn.every})
        parts += known // turn + 2 + weeks * _hours_a_week(layer.restrictions)
    if parts > MAX_PARTS:
        detail = f"{parts} turns and restricted hours are more than the {MAX_PARTS} that are worked out at once"
        raise InvalidRota("too-much-work", f"{detail}: shorten the period, or take longer turns")


def _check_member(member: Member) -> None:
    who = member.person
    _check_records_of(f"an absence of {who}", ((one.absence, one.starts_at, one.ends_at) for one in member.absences))
    _check_records_of(f"a wish of {who}", ((one.wish, one.starts_at, one.ends_at) for one in member.wishes))
    for one in member.absences:
        _check_zone(one.zone, f"absence {one.absence} of {who}")
    for busy in member.elsewhere:
        _check_order(f"{who}'s time on rota {busy.rota}", busy.starts_at, busy.ends_at)
    _check_terms(member)


def _check_terms(member: Member) -> None:
    who, terms = member.person, member.terms
    agreed = [(one.since, one.until) for one in terms.opt_outs]
    if terms.regulation_21 is not None:
        agreed.append((terms.regulation_21.since, terms.regulation_21.until))
    for since, until in agreed:
        if until is not None and until < since:
            detail = f"what was agreed with {who} since {since} ends before it starts: mend its dates"
            raise InvalidRota("ends-before-start", detail)
    for day in terms.hours:
        if timedelta(minutes=day.break_min) >= _hours(day.from_time, day.until_time):
            detail = f"the break of {who}'s duty from {day.from_time} takes all of it: shorten the break"
            raise InvalidRota("break-too-long", detail)


def _check_names(book: RotaBook) -> None:
    people = {member.person for member in book.members}
    named = [(person, "is a member of the rota") for person in book.rota.members]
    named += [(one.person, f"is assigned a turn of {one.layer}") for one in book.assigned if one.person is not None]
    named += [(one.person, f"has change {one.change}") for one in book.changes]
    named += [(one.person, f"has call-out {one.call_out}") for one in book.call_outs]
    named += [(one.person, f"has work {one.work}") for one in book.work_done]
    named += [(one.person, f"has rest {one.rest}") for one in book.rests]
    for person, why in named:
        if person not in people:
            raise InvalidRota("person-unknown", f"{person} {why} and is not in the book: add them to its members")
    layers = {layer.layer for layer in book.rota.layers}
    for one in book.assigned:
        if one.layer not in layers:
            detail = (
                f"a turn of layer {one.layer} is assigned, which the rota does not have: add it, or take the turn out"
            )
            raise InvalidRota("layer-unknown", detail)


def _check_records(book: RotaBook) -> None:
    turns = ((one.layer, one.starts_at.astimezone(UTC).isoformat()) for one in book.assigned)
    _check_once("record-twice", "turn {} is assigned twice: keep one of them", turns)
    for change in book.changes:
        _check_order(f"change {change.change}", change.starts_at, change.ends_at)
    halves = ((one.change, one.position, one.starts_at.astimezone(UTC).isoformat()) for one in book.changes)
    _check_once("record-twice", "change {} is there twice: keep one of them", halves)
    outs = ((one.call_out, one.left_home_at, one.returned_at) for one in book.call_outs)
    _check_records_of("call-out", outs)
    _check_records_of("work", ((one.work, one.starts_at, one.ends_at) for one in book.work_done))
    _check_records_of("rest", ((one.rest, one.starts_at, one.ends_at) for one in book.rests))


def _check_records_of(what: str, records: Iterable[tuple[str, datetime, datetime | None]]) -> None:
    known: set[str] = set()
    for record, starts_at, ends_at in records:
        if record in known:
            raise InvalidRota("record-twice", f"{what} is there twice as {record}: keep one, or rename one")
        known.add(record)
        if ends_at is not None:
            _check_order(f"{what} ({record})", starts_at, ends_at)


def _check_order(what: str, starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise InvalidRota("ends-before-start", f"{what} ends before it starts: let its end be later than {starts_at}")


def _check_once(reason: str, sentence: str, values: Iterable[Hashable]) -> None:
    known: set[Hashable] = set()
    for value in values:
        if value in known:
            said = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            raise InvalidRota(reason, sentence.format(said))
        known.add(value)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_ZONES


def _check_zone(zone: str, of: str) -> None:
    if zone not in _zones():
        detail = f"{zone}, the zone of {of}, is not in the IANA database: take one like Europe/London"
        raise InvalidRota("zone-unknown", detail)


def _check_years(value: Any, where: str) -> None:
    """Every date and time in a struct, as deep as it goes."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            _check_years(getattr(value, field), field)
    elif isinstance(value, list):
        for one in value:
            _check_years(one, where)
    elif isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
        detail = f"{where} is {value.isoformat()}: take a year from {FIRST_YEAR} to {LAST_YEAR}"
        raise InvalidRota("out-of-years", detail)


def _in_utc(value: Any) -> Any:
    """The same with every instant in UTC."""
    if isinstance(value, msgspec.Struct):
        return type(value)(**{field: _in_utc(getattr(value, field)) for field in value.__struct_fields__})
    if isinstance(value, list):
        return [_in_utc(one) for one in value]
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else value


def _hours(from_time: time, until_time: time) -> timedelta:
    """How long the wall clock takes from one time of day to another, which is on the next day when it is not later."""
    day = date(2000, 1, 1)
    ends = day if from_time < until_time else day + timedelta(days=1)
    return datetime.combine(ends, until_time) - datetime.combine(day, from_time)


def _hours_a_week(restrictions: list[Restriction]) -> int:
    return sum(len(one.weekdays) for one in restrictions)
