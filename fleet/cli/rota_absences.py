"""`fleet rota absence`: leave, and deployments away."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, zone_named
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.rota_options import PersonOption, PersonOrMe, Reference, Zone, is_record, whom
from fleet.cli.rota_times import Day, FirstDay, LastDay, end_of, instant_of, said
from fleet.client import ClientError, FleetClient
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from protocols.api.rota_people import AbsenceView, NewAbsence
from protocols.rota.book import RotaBook
from protocols.rota.member import AbsenceKind

_TOLD = 10
"""Of the shifts that an absence leaves without cover the first so many are told."""

app = App(name="absence", help="Leave, and deployments away.")


class _Uncovered(NamedTuple):
    """What an absence leaves without cover, in words; or why that is `unknown`."""

    shifts: list[str]
    unknown: str = ""


@app.command
def add(
    person: PersonOrMe = None,
    *,
    kind: Annotated[AbsenceKind, Parameter(help="away is on a deployment away, which is work.")],
    first: FirstDay,
    last: LastDay,
    ref: Reference = "",
    zone: Zone = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Record leave or a deployment away: your own; a supervisor anybody's.

    Who is on call stays on call: shifts that are left without cover are told on standard error.
    """
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[AbsenceView, _Uncovered]:
        where = await zone_named(door, zone)
        new = NewAbsence(
            person=await whom(door, person),
            kind=kind,
            starts_at=instant_of(first, where, now),
            ends_at=end_of(last, where, now),
            zone=where,
            reference=ref,
        )
        recorded = await door.add_absence(new)
        return recorded, await _uncovered(door, recorded)

    made, uncovered = ask(client, work)
    if json:
        print_json(made)
    else:
        until = said(made.ends_at, made.zone)
        print_line(
            f"absence {made.absence}: {made.person}, {made.kind}, {said(made.starts_at, made.zone)} until {until}"
        )
    _tell_uncovered(made, uncovered)


@app.command(name="list")
def list_(
    *, person: PersonOption = None, since: Day = None, until: Day = None, client: Config = None, json: Json = False
) -> None:
    """List absences that are not over, or those of a time. The kind of leave is for those who may know it."""
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> list[AbsenceView]:
        zone = "UTC" if since is None and until is None else await zone_named(door, None)
        first = now if since is None else instant_of(since, zone, now)
        last = None if until is None else instant_of(until, zone, now)
        return await door.absences(person, since=first, until=last)

    found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("absence", "person", "kind", "from", "until", "zone", "ref", "by", "withdrawn")
    rows = [
        (
            one.absence,
            one.person,
            one.kind,
            said(one.starts_at, one.zone),
            said(one.ends_at, one.zone),
            one.zone,
            one.reference,
            one.recorded_by,
            said(one.withdrawn_at, one.zone),
        )
        for one in found
    ]
    print_table(columns, rows, empty="nobody is absent", free=["ref"])


@app.command
def withdraw(
    absence: Annotated[str, Parameter(help="The absence's id, or the beginning of that of one that is not over.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """An absence does not count any more."""
    now = datetime.now(UTC)

    async def decide(door: FleetClient) -> AbsenceView:
        return await door.withdraw_absence(await _named(door, absence, now))

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"absence {done.absence} of {done.person} is withdrawn")


async def _named(door: FleetClient, typed: str, now: datetime) -> str:
    if is_record(typed, "L"):
        return typed
    found = {one.absence: "" for one in await door.absences(since=now) if one.withdrawn_at is None}
    return the_one("absence", typed, found, "fleet rota absence list")


async def _uncovered(door: FleetClient, made: AbsenceView) -> _Uncovered:
    """The parts still to come of the person's shifts that lie in the absence, on any rota, in primary or secondary."""
    to_come = Span(max(made.starts_at, made.recorded_at), made.ends_at)
    if to_come.starts_at >= to_come.ends_at:
        return _Uncovered([])
    found: list[str] = []
    try:
        for rota in await door.rotas():
            if rota.ended_at is None:
                found += _theirs(await door.rota_book(rota.rota, *to_come), made, to_come)
    except ClientError as error:  # the absence is recorded all the same
        return _Uncovered(found, str(error))
    return _Uncovered(found)


def _theirs(book: RotaBook, made: AbsenceView, to_come: Span) -> list[str]:
    found: list[str] = []
    for shift in shifts_of(book):
        left = to_come.overlap(Span(shift.starts_at, shift.ends_at))
        if left is not None and shift.person == made.person and shift.position != "shadow":
            when = f"{said(left.starts_at, made.zone)} until {said(left.ends_at, made.zone)}"
            found.append(f"{shift.position} on {book.rota.rota}, {when}")
    return found


def _tell_uncovered(made: AbsenceView, uncovered: _Uncovered) -> None:
    for words in uncovered.shifts[:_TOLD]:
        print_remark(f"{made.person} is on call then: {words}")
    if len(uncovered.shifts) > _TOLD:
        print_remark(f"… and {len(uncovered.shifts) - _TOLD} more: fleet rota shifts ROTA --person {made.person}")
    if uncovered.shifts:
        print_remark("nobody covers that yet: fleet rota cover ROTA SHIFT --by PERSON, or fleet rota swap")
    if uncovered.unknown:
        print_remark(f"the absence is recorded; not all shifts in it could be looked for: {uncovered.unknown}")
