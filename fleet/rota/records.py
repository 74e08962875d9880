"""What all records of people have in common: ids, times, and who they are about."""

import secrets
from datetime import datetime, timedelta
from typing import Literal

from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.rota.rules.spans import Span
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.people import may

MAX_AROUND = 1000
AROUND = timedelta(days=366)
"""How many records of a kind somebody may have within this time before and after another †: what all have of them is
read at once."""
LEEWAY = timedelta(minutes=5)
"""By how much a clock of somebody who records may be ahead †."""


def new_record_id(letter: Literal["L", "W", "C", "K", "R", "F"]) -> str:
    """A fresh id that can be read out: of leave or a deployment away, a wish, a call-out, work, a rest, a feed."""
    return f"{letter}-{secrets.token_hex(6)}"


def span_of(starts_at: datetime, ends_at: datetime, now: datetime, longest: timedelta) -> Span:
    """The time in UTC and whole seconds; raises RequestRefused where it is none, longer than `longest` or years
    away."""
    span = Span(whole_utc(starts_at, now), whole_utc(ends_at, now))
    if span.ends_at <= span.starts_at:
        raise RequestRefused("ends-before-start", "it ends before it begins", "let its end be later than its beginning")
    if span.length > longest:
        said = f"it is longer than {longest.days} days" if longest.days > 3 else f"it is longer than {hours(longest)} h"
        raise RequestRefused("too-long", said, "write the times that are meant, or record it in parts")
    return span


def check_past(at: datetime, now: datetime, what: str) -> None:
    """Raise RequestRefused where what has to be over is in the future."""
    if at > now + LEEWAY:
        raise RequestRefused("in-the-future", f"{what} is in the future", "record it when it has happened")


def check_break(span: Span, break_min: int) -> None:
    """Raise RequestRefused where the break takes all of the time."""
    if timedelta(minutes=break_min) >= span.length:
        raise RequestRefused("break-too-long", "the break takes all of the time", "write a shorter break")


def around(span: Span) -> Span:
    """The time in which the other records are counted for `check_room`."""
    return Span(span.starts_at - AROUND, span.ends_at + AROUND)


def check_room(what: str, count: int) -> None:
    """Raise Conflict where so many records around another leave no room for it."""
    if count >= MAX_AROUND:
        raise Conflict(
            f"{what}-full",
            f"there are {MAX_AROUND} records of {what} within a year of it already",
            "withdraw what is wrong, or record long times as one",
        )


def hours(length: timedelta) -> int:
    """Whole hours in a length of time."""
    return length // timedelta(hours=1)


async def known_person(transaction: Transaction, person_id: str) -> Person:
    """Somebody who serves on rotas, or did; locked, so that only one transaction at a time changes what rotas know of
    them. Raises NotFound or Conflict."""
    person = await transaction.people.get(person_id)
    if person is None:
        raise NotFound("person-unknown", f"there is no {person_id}", "list people: fleet person list")
    if not may(person.role, "serve-rota"):
        raise Conflict(
            "role-not-on-rotas",
            f"{person_id} is {person.role}, and serves on no rota",
            "name an engineer, a supervisor or an approver",
        )
    await transaction.rota_people.lock_person(person_id)
    return person


def withdrawn_already(what: str) -> Conflict:
    """What was withdrawn stays so."""
    return Conflict("withdrawn-already", f"{what} was withdrawn already", "record another, if it is missing")
