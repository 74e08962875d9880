"""Shifts as a calendar feed (RFC 5545, RFC 7986). Pure: the same shifts give the same bytes.

Times are in UTC, so that no program can misread a change of clocks. Nothing but shifts is in it: a calendar lies open
on telephones and at companies that keep them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icalendar import Alarm, Calendar, Event

from protocols.rota.model import Rota, Shift

_ASK_EVERY = timedelta(minutes=15)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Listed(NamedTuple):
    """A shift of a rota. `changed_at` is when anything of the rota was last changed: a change cuts the shifts beside
    it, which were known long before, and a client that is told of no change keeps the old times. One that is not
    `published` follows from a layer's order only, after what is published: whose it is may well change."""

    rota: Rota
    shift: Shift
    changed_at: datetime
    published: bool


def calendar(name: str, listed: Iterable[Listed], *, mine: bool) -> bytes:
    """A feed called `name` with one event for each shift, in their order; lines end in CRLF and have at most 75 octets.

    A feed of one's own (`mine`) reminds as long before a shift as its rota says; another names who has it.
    """
    whole = Calendar()
    whole.add("prodid", "-//Muster//On call//EN")
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("method", "PUBLISH")
    whole.add("name", name)
    whole.add("x-wr-calname", name)
    whole.add("refresh-interval", _ASK_EVERY, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT15M")
    for one in listed:
        whole.add_component(_event(one, mine=mine))
    text: bytes = whole.to_ical()
    return text


def _event(listed: Listed, *, mine: bool) -> Event:
    rota, shift, changed_at, published = listed
    who = "" if mine else f" ({shift.person})"
    summary = f"On call: {shift.position}, {rota.name}{who}{'' if published else ' (not published)'}"
    event = Event()
    event.add("uid", _uid(rota.rota, shift))
    event.add("dtstamp", changed_at.replace(microsecond=0))
    event.add("last-modified", changed_at.replace(microsecond=0))
    event.add("sequence", max(0, (changed_at - _EPOCH) // _SECOND))
    event.add("dtstart", shift.starts_at)
    event.add("dtend", shift.ends_at)
    event.add("summary", summary)
    event.add("status", "CONFIRMED" if published else "TENTATIVE")
    event.add("categories", ["On call", shift.position])
    event.add("transp", "TRANSPARENT")
    if mine:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", -timedelta(hours=rota.policy.remind_h))
        event.add_component(alarm)
    return event


def _uid(rota_id: str, shift: Shift) -> str:
    """The same for as long as the shift begins when it does and for the same reason, whoever has it."""
    began = f"{shift.starts_at:%Y%m%dT%H%M%SZ}"
    return f"{rota_id}.{shift.position}.{began}.{shift.source}.{shift.about}@muster"
