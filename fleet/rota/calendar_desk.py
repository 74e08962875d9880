"""Calendar feeds: made and withdrawn by those on rotas, asked for by programs that can not sign in."""

import asyncio
import re
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from fleet.clock import Clock
from fleet.entries.rota_people import CalendarMadeEntry, CalendarWithdrawn
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.rota.books import asking, known_rota, turns_and_changes
from fleet.rota.calendar import Listed, calendar
from fleet.rota.judging import Judging
from fleet.rota.records import new_record_id, withdrawn_already
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import ALWAYS
from fleet.store.calendars import StoredFeed
from fleet.store.people import Person
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.calendars import CalendarMade, CalendarView, NewCalendar
from protocols.people import may
from protocols.rota.model import Assigned, Change, Rota, Shift

MAX_LIVE = 10
"""How many feeds somebody may have at a time."""
MAX_EVENTS = 4000
"""Of the shifts in a feed's time those that begin first are in it."""
BACK, AHEAD = timedelta(days=31), timedelta(days=400)

_TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MARGIN = timedelta(days=120)
"""Shifts are looked for beyond the feed's time, so that those at its edges are whole: an edge that moves every day
would make other events of them."""


class FoundFeed(NamedTuple):
    """What a feed tells, not written yet; `tag` is another when that would be."""

    name: str
    listed: list[Listed]
    mine: bool
    tag: str


class _Known(NamedTuple):
    """A rota with what is published and in force of it, when any of it was last changed, and until when turns were
    published, None: never."""

    rota: Rota
    assigned: list[Assigned]
    changes: list[Change]
    changed_at: datetime
    published_until: datetime | None


class CalendarDesk:
    """Every method raises StoreUnavailable. `url` is where people reach the controller."""

    def __init__(self, store: Store, clock: Clock, judging: Judging, url: str) -> None:
        self._judging = judging
        self._store = store
        self._clock = clock
        self._url = url

    async def feeds(self, caller: Person) -> list[CalendarView]:
        """The caller's feeds, newest first, withdrawn ones too."""
        async with self._store.transaction() as transaction:
            return [one.view() for one in await transaction.calendars.of_person(caller.person_id)]

    async def make(self, asked: NewCalendar, caller: Person) -> CalendarMade:
        """Make a feed; only its address, told now and never again, lets in. Raises RequestRefused, NotFound,
        Conflict."""
        now = self._clock()
        if (asked.scope == "rota") != (asked.rota is not None):
            raise RequestRefused(
                "scope-unusable",
                "a feed of a rota names it, and a feed of one's own shifts names none",
                "give the rota only with the scope `rota`",
            )
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        feed = StoredFeed(
            calendar_id=new_record_id("F"),
            scope=asked.scope,
            rota_id=asked.rota,
            person_id=caller.person_id,
            made_at=now,
        )
        async with self._store.transaction() as transaction:
            if asked.rota is not None:
                await known_rota(transaction, asked.rota)
            await transaction.rota_people.lock_person(caller.person_id)
            if await transaction.calendars.live_of(caller.person_id) >= MAX_LIVE:
                raise Conflict(
                    "calendars-full", f"you have {MAX_LIVE} feeds already", "withdraw one that nobody asks for"
                )
            await transaction.calendars.add(feed, _hash(token))
            await transaction.log.append(
                CalendarMadeEntry(
                    at=now, actor=caller.person_id, calendar=feed.calendar_id, scope=feed.scope, rota=feed.rota_id
                )
            )
        return CalendarMade(calendar=feed.view(), url=f"{self._url}/calendar/{token}.ics")

    async def withdraw(self, calendar_id: str, caller: Person) -> CalendarView:
        """One's own feed is not to be had any more; raises NotFound or Conflict."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await transaction.calendars.one(calendar_id)
            if found is None or found.person_id != caller.person_id:
                raise NotFound("calendar-unknown", f"you have no feed {calendar_id}", "list your feeds")
            if not await transaction.calendars.withdraw(calendar_id, now):
                raise withdrawn_already(f"feed {calendar_id}")
            await transaction.log.append(CalendarWithdrawn(at=now, actor=caller.person_id, calendar=calendar_id))
        return msgspec.structs.replace(found, withdrawn_at=now).view()

    async def find(self, token: str) -> FoundFeed:
        """The feed that `token` lets in to, with the same tag for the same shifts on one UTC day.

        Raises NotFound, for one reason as for another: no such token, withdrawn, or its person is on no rota any more;
        and Conflict when too many of one person's are asked for at once.
        """
        now = self._clock()
        if not _TOKEN.fullmatch(token):
            raise _nothing_here()
        feed = await self._let_in(token, now)
        # Not as the person: who has the address only would keep them from their rotas.
        with self._judging.asked_by(f"calendars of {feed.person_id}"):
            name, known = await self._known(feed, now)
            return await asyncio.to_thread(lambda: _found(feed, name, _listed(known, now)))

    async def _let_in(self, token: str, now: datetime) -> StoredFeed:
        async with self._store.transaction() as transaction:
            feed = await transaction.calendars.of_token(_hash(token))
            person = None if feed is None else await transaction.people.get(feed.person_id)
            if feed is None or person is None or not (person.may_sign_in(now) and may(person.role, "serve-rota")):
                raise _nothing_here()
            await transaction.calendars.asked(feed.calendar_id, now)
            return feed

    async def _known(self, feed: StoredFeed, now: datetime) -> tuple[str, list[_Known]]:
        """The feed's name, and what is known of its rotas."""
        around = _around(now)
        async with self._store.transaction() as transaction:
            if feed.rota_id is None:
                rotas, name = await transaction.rotas.every(), f"On call: {feed.person_id}"
            else:
                rotas = [await known_rota(transaction, feed.rota_id)]
                name = f"On call: {rotas[0].rota.name}"
            until = await transaction.rotas.published_until()
            return name, [await _known(transaction, stored, around, until.get(stored.rota.rota)) for stored in rotas]

    async def write(self, found: FoundFeed) -> bytes:
        """The feed as `text/calendar`: the same bytes for the same tag. A long one takes seconds, so that few are
        written at once; raises Conflict when too many wait."""
        return await self._judging.work_out(lambda: calendar(found.name, found.listed, mine=found.mine))


def _told(now: datetime) -> Span:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Span(today - BACK, today + AHEAD)


def _around(now: datetime) -> Span:
    told = _told(now)
    return Span(told.starts_at - _MARGIN, told.ends_at + _MARGIN)


async def _known(
    transaction: Transaction, stored: StoredRota, around: Span, published_until: datetime | None
) -> _Known:
    rota = asking(stored)
    assigned, changes = await turns_and_changes(transaction, rota, around)
    changed_at = await transaction.calendars.changed_at(rota.rota)
    return _Known(rota, assigned, changes, changed_at, published_until)


def _listed(known: list[_Known], now: datetime) -> list[Listed]:
    told, around = _told(now), _around(now)
    return [
        Listed(one.rota, shift, one.changed_at, _published(shift, one.published_until))
        for one in known
        for shift in on_call(one.rota, one.assigned, one.changes, around)
        if told.overlap(Span(shift.starts_at, shift.ends_at))
    ]


def _published(shift: Shift, until: datetime | None) -> bool:
    """Whether a plan or a change gave the shift, or it lies where turns are published; and any of a rota of which none
    ever were: it lives by its layers' order."""
    return until is None or shift.known_at != ALWAYS or shift.starts_at < until


def _found(feed: StoredFeed, name: str, listed: list[Listed]) -> FoundFeed:
    mine = feed.scope == "mine"
    of_feed = [one for one in listed if not mine or one.shift.person == feed.person_id]
    of_feed.sort(key=lambda one: (one.shift.starts_at, one.rota.rota, one.shift))
    of_feed = of_feed[:MAX_EVENTS]
    told = [
        (one.rota.rota, one.rota.name, one.rota.policy.remind_h, one.changed_at, one.published, one.shift)
        for one in of_feed
    ]
    # One event as it is written stands for the form of all: a controller that writes them otherwise has other tags.
    form = calendar(name, of_feed[:1], mine=mine)
    return FoundFeed(name, of_feed, mine, sha256(form + msgspec.json.encode(told)).hexdigest()[:32])


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _nothing_here() -> NotFound:
    return NotFound("calendar-unknown", "there is no calendar here", "make a feed anew in the console")
