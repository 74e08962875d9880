"""`fleet rota shifts`: who is on call when; and the shift that somebody means by a day or a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_json, print_table
from fleet.cli.rota_options import PersonOption, RotaName
from fleet.cli.rota_times import Since, Until, instant_of, is_day, period_of, said
from fleet.client import FleetClient
from fleet.errors import Conflict, NotFound
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date
from protocols.api.rotas import RotaSummary
from protocols.rota.model import Shift

_AHEAD = timedelta(days=100)
"""How far shifts are looked for beyond what is asked for, so that they are whole."""
_LONGEST_NAMED = 5


class Held(NamedTuple):
    """A shift of `person`, as `typed` says: a day, a time in it, or a part of it from a time to another; a day
    in a part is its midnight."""

    person: str
    typed: str


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(shifts)


def shifts(
    rota: RotaName,
    *,
    person: PersonOption = None,
    since: Since = None,
    until: Until = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List who is on call when: what is published, else the layers' order, with what was changed by hand."""
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> tuple[str, list[Shift]]:
        named = await rota_named(door, rota)
        period = period_of(since, until, named.zone, now, named.published_until)
        book = await door.rota_book(named.rota, period.starts_at, period.ends_at + _AHEAD)
        every = [one for one in shifts_of(book) if period.overlap(Span(one.starts_at, one.ends_at))]
        return named.zone, every

    zone, every = ask(client, look)
    found = [one for one in every if person in {None, one.person}]
    if json:
        print_json(found)
        return
    rows = [
        (said(one.starts_at, zone), said(one.ends_at, zone), one.position, one.person, f"{one.source} {one.about}")
        for one in found
    ]
    print_table((f"from ({zone})", "until", "position", "person", "by"), rows, empty="nobody is on call")


async def shift_named(door: FleetClient, rota: RotaSummary, held: Held, now: datetime) -> Shift:
    """The shift that is meant, cut to the part that was named; raises NotFound, Conflict, RequestRefused,
    ClientError."""
    first, _, last = held.typed.partition("/")
    at = instant_of(first, rota.zone, now)
    every = shifts_of(await door.rota_book(rota.rota, at, at + _AHEAD))
    theirs = [one for one in every if one.person == held.person]
    found = _on_day(theirs, at, rota.zone) if is_day(first) and not last else _at(theirs, at)
    if not found:
        what = f"{held.person} is not on call on {rota.rota} at {held.typed}"
        raise NotFound("shift-unknown", what, f"look: fleet rota shifts {rota.rota} --person {held.person}")
    if len(found) > 1:
        either = " or ".join(f"{one.position} {said(one.starts_at, rota.zone)}" for one in found[:_LONGEST_NAMED])
        raise Conflict("shift-ambiguous", f"{held.typed} may be {either}", "name a time in the shift that is meant")
    if not last:
        return found[0]
    ends_at = instant_of(last, rota.zone, now)
    if not at < ends_at <= found[0].ends_at:
        until = said(found[0].ends_at, rota.zone)
        raise Conflict("shift-shorter", f"that shift of {held.person} is until {until}", "name a part of one shift")
    return Shift(
        starts_at=at,
        ends_at=ends_at,
        position=found[0].position,
        person=held.person,
        source=found[0].source,
        about=found[0].about,
    )


def _at(theirs: Sequence[Shift], at: datetime) -> list[Shift]:
    return [one for one in theirs if one.starts_at <= at < one.ends_at]


def _on_day(theirs: Sequence[Shift], begins_at: datetime, zone: str) -> list[Shift]:
    """Those that begin on the day, else those in which all of its beginning lies."""
    day = local_date(begins_at, zone)
    begun = [one for one in theirs if local_date(one.starts_at, zone) == day]
    return begun or _at(theirs, begins_at)
