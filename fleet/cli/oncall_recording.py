"""`fleet oncall out|back|list|withdraw`: call-outs, from leaving home to the return there."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named, the_one
from fleet.cli.options import Reason, WholeNumber
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.rota_checking import print_findings
from fleet.cli.rota_options import Break, PersonOption, PersonOrMe, Reference, RotaOption, is_record, whom
from fleet.cli.rota_times import WHEN_FORM, Day, instant_after, instant_of, said
from fleet.client import FleetClient
from fleet.errors import Conflict, NotFound
from protocols.api.call_outs import CallOutRecorded, CallOutView, NewCallOut

_MOST = 500
CallOutName = Annotated[str, Parameter(help="The call-out's id, or the beginning of it.")]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet oncall`."""
    for command in (out, back, withdraw):
        app.command(command)
    app.command(list_, name="list")


def out(
    person: PersonOrMe = None,
    *,
    rota: RotaOption = None,
    left: Annotated[
        str,
        Parameter(validator=WHEN_FORM, help="When they left home, in the rota's zone: as 02:00, the last such time."),
    ],
    home: Annotated[
        str | None,
        Parameter(name="--back", validator=WHEN_FORM, help="When they were back there; without it, they are not yet."),
    ] = None,
    breaks: Break = 0,
    ref: Reference = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Record a call-out, your own; a supervisor anybody's. Says what the rules make of it, and the earliest start.

    Times are as 02:00, 2026-06-11T02:00 or, where clocks change, 2026-10-25T01:30+01:00.
    """
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, CallOutRecorded]:
        named = await rota_named(door, rota)
        left_at = instant_of(left, named.zone, now)
        new = NewCallOut(
            rota=named.rota,
            person=await whom(door, person),
            left_home_at=left_at,
            returned_at=None if home is None else instant_after(home, named.zone, left_at, now),
            break_min=breaks,
            reference=ref,
            source="command",
        )
        return named.zone, await door.record_call_out(new)

    _tell(*ask(client, work), json=json)


def back(
    call_out: Annotated[
        str | None, Parameter(help="The call-out's id, or the beginning of it; without it, the open one.")
    ] = None,
    *,
    at: Annotated[
        str, Parameter(validator=WHEN_FORM, help="When they were back at home: as 04:30, the first since they left.")
    ] = "now",
    breaks: Break = 0,
    person: PersonOption = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say that you are back at home, or with --person that somebody is. Says what the rules make of it."""
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, CallOutRecorded]:
        found = await _open_one(door, call_out, person)
        zone = (await rota_named(door, found.rota)).zone
        returned_at = instant_after(at, zone, found.left_home_at, now)
        return zone, await door.end_call_out(found.call_out, returned_at, breaks)

    _tell(*ask(client, work), json=json)


def list_(
    *,
    rota: RotaOption = None,
    person: PersonOption = None,
    since: Day = None,
    until: Day = None,
    is_open: Annotated[bool, Parameter(name="--open", negative="", help="Those that are not over.")] = False,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, _MOST))] = 100,
    client: Config = None,
    json: Json = False,
) -> None:
    """List call-outs, newest first: your own, and anybody's if you may see working time.

    Parameters
    ----------
    limit
        How many at most.
    """
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> tuple[dict[str, str], list[CallOutView]]:
        zones = {one.rota: one.zone for one in await door.rotas()}
        named = None if rota is None else await rota_named(door, rota)
        zone = named.zone if named is not None else next(iter(zones.values()), "UTC")
        found = await door.call_outs(
            rota=None if named is None else named.rota,
            person=person,
            since=None if since is None else instant_of(since, zone, now),
            until=None if until is None else instant_of(until, zone, now),
            open_only=is_open,
            limit=limit,
        )
        return zones, found

    zones, found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("call-out", "rota", "person", "had", "left", "back", "zone", "break min", "ref", "by", "withdrawn")
    rows = [
        (
            one.call_out,
            one.rota,
            one.person,
            one.position or "not on call",
            said(one.left_home_at, zones.get(one.rota, "UTC")),
            said(one.returned_at, zones.get(one.rota, "UTC")),
            zones.get(one.rota, "UTC"),
            one.break_min,
            one.reference,
            one.recorded_by,
            said(one.withdrawn_at, zones.get(one.rota, "UTC")),
        )
        for one in found
    ]
    print_table(columns, rows, empty="no call-outs", free=["ref"])


def withdraw(call_out: CallOutName, reason: Reason, *, client: Config = None, json: Json = False) -> None:
    """A call-out was recorded wrongly, and does not count any more; record another instead."""

    async def decide(door: FleetClient) -> CallOutView:
        return await door.withdraw_call_out(await _named(door, call_out), reason)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"call-out {done.call_out} of {done.person} is withdrawn")


def _tell(zone: str, done: CallOutRecorded, *, json: bool) -> None:
    if json:
        print_json(done)
        return
    one = done.call_out
    until = "not back yet" if one.returned_at is None else f"back {said(one.returned_at, zone)}"
    print_line(f"call-out {one.call_out}: {one.person}, left {said(one.left_home_at, zone)}, {until} ({zone})")
    if one.position is None:
        print_remark(f"{one.person} was not on call on {one.rota} then; it counts all the same")
    if done.earliest_start is not None:
        print_line(f"earliest start of duty: {said(done.earliest_start, zone)}")
    else:
        print_remark(f"once back at home: fleet oncall back {one.call_out}")
    print_findings(done.findings, zone, empty="the rules find nothing amiss")


async def _open_one(door: FleetClient, typed: str | None, person: str | None) -> CallOutView:
    """The call-out that is meant, of those that are not over; with nothing typed the person's, or one's own."""
    who = await whom(door, person) if typed is None else person
    found = {one.call_out: one for one in await door.call_outs(person=who, open_only=True, limit=_MOST)}
    found = {key: one for key, one in found.items() if one.withdrawn_at is None}
    if typed is not None:
        return found[the_one("open call-out", typed, dict.fromkeys(found, ""), "fleet oncall list --open")]
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise Conflict("call-out-ambiguous", f"it may be {' or '.join(found)}", "name the one that is meant")
    raise NotFound("call-out-unknown", f"no call-out of {who} is open", "list them: fleet oncall list --open")


async def _named(door: FleetClient, typed: str) -> str:
    if is_record(typed, "C"):
        return typed
    found = {one.call_out: "" for one in await door.call_outs(limit=_MOST) if one.withdrawn_at is None}
    return the_one("call-out", typed, found, "fleet oncall list")
