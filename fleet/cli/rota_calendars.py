"""`fleet rota calendar`: feeds of shifts that calendar programs subscribe to."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named, the_one
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.rota_options import is_record
from fleet.client import FleetClient
from protocols.api.calendars import CalendarMade, CalendarView

app = App(name="calendar", help="Feeds of shifts (iCalendar) that calendar programs subscribe to.")


@app.command
def add(
    *,
    rota: Annotated[str | None, Parameter(help="All shifts of this rota; without it, your own on every rota.")] = None,
    qr: Annotated[bool, Parameter(negative="", help="Also draw the address as a QR code, on standard error.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Make a feed. Its address is shown this once, and lets in whoever has it.

    Standard output is the address alone; everything else is on standard error.
    """

    async def work(door: FleetClient) -> CalendarMade:
        return await door.make_calendar(None if rota is None else (await rota_named(door, rota)).rota)

    made = ask(client, work)
    if json:
        print_json(made)
        return
    if qr:
        import segno  # noqa: PLC0415 - few commands draw codes

        segno.make(made.url, error="l").terminal(out=sys.stderr, border=2, compact=True)
    print_line(made.url)
    print_remark(
        f"feed {made.calendar.calendar}: subscribe to it in your calendar; its address is not shown again. Whoever has "
        f"that reads these shifts until you withdraw it: fleet rota calendar withdraw {made.calendar.calendar}"
    )


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List your feeds, newest first, and when a program last asked for them."""
    found = ask(client, lambda door: door.calendars())
    if json:
        print_json(found)
        return
    rows = [
        (
            one.calendar,
            "my shifts" if one.rota is None else f"rota {one.rota}",
            one.made_at,
            one.last_asked_at,
            one.withdrawn_at,
        )
        for one in found
    ]
    print_table(("feed", "of", "made", "last asked for", "withdrawn"), rows, empty="you have no feeds")


@app.command
def withdraw(
    calendar: Annotated[str, Parameter(help="The feed's id, or the beginning of it.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Nobody is let in by a feed's address any more."""

    async def decide(door: FleetClient) -> CalendarView:
        named = calendar
        if not is_record(calendar, "F"):
            found = {one.calendar: "" for one in await door.calendars() if one.withdrawn_at is None}
            named = the_one("feed", calendar, found, "fleet rota calendar list")
        return await door.withdraw_calendar(named)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"feed {done.calendar} is withdrawn")
