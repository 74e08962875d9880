"""`fleet rota rest|work`: compensatory rest, and scheduled work beside the ordinary hours."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, zone_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_options import Break, Person, PersonOption, PersonOrMe, Zone, is_record, whom
from fleet.cli.rota_times import Begins, Day, Ends, instant_after, instant_of, said
from fleet.client import FleetClient
from protocols.api.call_outs import NewRest, NewWorkDone, RestView, WorkDoneView

RecordName = Annotated[str, Parameter(help="The record's id, or the beginning of it.")]
_MONTH = timedelta(days=31)
rest = App(name="rest", help="Compensatory rest: given, planned, withdrawn.")
work = App(name="work", help="Scheduled work beside the ordinary hours: overtime, courses.")


@rest.command(name="add")
def add_rest(
    person: Person, *, begins: Begins, ends: Ends, zone: Zone = None, client: Config = None, json: Json = False
) -> None:
    """Give somebody compensatory rest, planned or taken: no ordinary duty is worked in it. For supervisors."""

    async def do(door: FleetClient) -> tuple[str, RestView]:
        where, starts_at, ends_at = await _span(door, begins, ends, zone)
        return where, await door.add_rest(NewRest(person=person, starts_at=starts_at, ends_at=ends_at))

    where, made = ask(client, do)
    if json:
        print_json(made)
    else:
        until = said(made.ends_at, where)
        print_line(f"rest {made.rest}: {made.person}, {said(made.starts_at, where)} until {until} ({where})")


@rest.command(name="list")
def list_rests(
    *,
    person: PersonOption = None,
    since: Day = None,
    until: Day = None,
    zone: Zone = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List compensatory rest of the last month and to come, or of a time."""

    async def look(door: FleetClient) -> tuple[str, list[RestView]]:
        where, first, last = await _window(door, since, until, zone)
        return where, await door.rests(person, since=first, until=last)

    where, found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [
        (one.rest, one.person, *_times(one, where), one.recorded_by, said(one.withdrawn_at, where)) for one in found
    ]
    print_table(("rest", "person", f"from ({where})", "until", "by", "withdrawn"), rows, empty="no rest is recorded")


@rest.command(name="withdraw")
def withdraw_rest(record: RecordName, *, client: Config = None, json: Json = False) -> None:
    """Compensatory rest is not given after all. For supervisors."""

    async def decide(door: FleetClient) -> RestView:
        named = record
        if not is_record(record, "R"):
            found = {one.rest: "" for one in await door.rests() if one.withdrawn_at is None}
            named = the_one("rest", record, found, "fleet rota rest list")
        return await door.withdraw_rest(named)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"rest {done.rest} of {done.person} is withdrawn")


@work.command(name="add")
def add_work(
    person: PersonOrMe = None,
    *,
    begins: Begins,
    ends: Ends,
    breaks: Break = 0,
    zone: Zone = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Record scheduled work beside the ordinary hours, done or planned: your own; a supervisor anybody's."""

    async def do(door: FleetClient) -> tuple[str, WorkDoneView]:
        where, starts_at, ends_at = await _span(door, begins, ends, zone)
        who = await whom(door, person)
        new = NewWorkDone(person=who, starts_at=starts_at, ends_at=ends_at, break_min=breaks)
        return where, await door.add_work(new)

    where, made = ask(client, do)
    if json:
        print_json(made)
    else:
        until = said(made.ends_at, where)
        print_line(f"work {made.work}: {made.person}, {said(made.starts_at, where)} until {until} ({where})")


@work.command(name="list")
def list_work(
    *,
    person: PersonOption = None,
    since: Day = None,
    until: Day = None,
    zone: Zone = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List scheduled work beside the ordinary hours of the last month and to come, or of a time."""

    async def look(door: FleetClient) -> tuple[str, list[WorkDoneView]]:
        where, first, last = await _window(door, since, until, zone)
        return where, await door.work_done(person, since=first, until=last)

    where, found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [
        (one.work, one.person, *_times(one, where), one.break_min, one.recorded_by, said(one.withdrawn_at, where))
        for one in found
    ]
    columns = ("work", "person", f"from ({where})", "until", "break min", "by", "withdrawn")
    print_table(columns, rows, empty="no work is recorded")


@work.command(name="withdraw")
def withdraw_work(record: RecordName, *, client: Config = None, json: Json = False) -> None:
    """Work was recorded wrongly, and does not count any more."""

    async def decide(door: FleetClient) -> WorkDoneView:
        named = record
        if not is_record(record, "K"):
            found = {one.work: "" for one in await door.work_done() if one.withdrawn_at is None}
            named = the_one("work", record, found, "fleet rota work list")
        return await door.withdraw_work(named)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"work {done.work} of {done.person} is withdrawn")


async def _span(door: FleetClient, begins: str, ends: str, zone: str | None) -> tuple[str, datetime, datetime]:
    where, now = await zone_named(door, zone), datetime.now(UTC)
    starts_at = instant_of(begins, where, now)
    return where, starts_at, instant_after(ends, where, starts_at, now)


async def _window(
    door: FleetClient, since: str | None, until: str | None, zone: str | None
) -> tuple[str, datetime, datetime | None]:
    where, now = await zone_named(door, zone), datetime.now(UTC)
    first = now - _MONTH if since is None else instant_of(since, where, now)
    return where, first, None if until is None else instant_of(until, where, now)


def _times(one: RestView | WorkDoneView, zone: str) -> tuple[str | None, str | None]:
    return said(one.starts_at, zone), said(one.ends_at, zone)
