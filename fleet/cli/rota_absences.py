"""`fleet rota absence`: leave, and deployments away."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, zone_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_options import PersonOption, PersonOrMe, Reference, Zone, is_record, whom
from fleet.cli.rota_times import Day, FirstDay, LastDay, end_of, instant_of, said
from fleet.client import FleetClient
from protocols.api.rota_people import AbsenceView, NewAbsence
from protocols.rota.member import AbsenceKind

app = App(name="absence", help="Leave, and deployments away.")


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
    """Record leave or a deployment away: your own; a supervisor anybody's."""
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> AbsenceView:
        where = await zone_named(door, zone)
        new = NewAbsence(
            person=await whom(door, person),
            kind=kind,
            starts_at=instant_of(first, where, now),
            ends_at=end_of(last, where, now),
            zone=where,
            reference=ref,
        )
        return await door.add_absence(new)

    made = ask(client, work)
    if json:
        print_json(made)
    else:
        until = said(made.ends_at, made.zone)
        print_line(
            f"absence {made.absence}: {made.person}, {made.kind}, {said(made.starts_at, made.zone)} until {until}"
        )


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
