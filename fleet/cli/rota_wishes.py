"""`fleet rota wish`: when somebody would like to be on call, or not."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, zone_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_options import PersonOption, Zone, is_record
from fleet.cli.rota_times import FirstDay, LastDay, end_of, instant_of, said
from fleet.client import FleetClient
from protocols.api.rota_people import NewWish, WishView

app = App(name="wish", help="When you would like to be on call, or not: heard when a period is filled.")


@app.command
def add(
    wants: Annotated[Literal["on", "off"], Parameter(help="To be on call, or off.")],
    *,
    first: FirstDay,
    last: LastDay,
    zone: Zone = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Wish to be on call in a time, or not to be."""
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, WishView]:
        where = await zone_named(door, zone)
        new = NewWish(wants=wants, starts_at=instant_of(first, where, now), ends_at=end_of(last, where, now))
        return where, await door.add_wish(new)

    where, made = ask(client, work)
    if json:
        print_json(made)
    else:
        until = said(made.ends_at, where)
        print_line(f"wish {made.wish}: {made.wants} call, {said(made.starts_at, where)} until {until} ({where})")


@app.command(name="list")
def list_(*, person: PersonOption = None, zone: Zone = None, client: Config = None, json: Json = False) -> None:
    """List wishes that are not over: your own, and those of everybody whose you may see."""

    async def look(door: FleetClient) -> tuple[str, list[WishView]]:
        return await zone_named(door, zone), await door.wishes(person)

    where, found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [
        (one.wish, one.person, one.wants, said(one.starts_at, where), said(one.ends_at, where))
        for one in found
        if one.withdrawn_at is None
    ]
    print_table(("wish", "person", "wants", f"from ({where})", "until"), rows, empty="no wishes")


@app.command
def withdraw(
    wish: Annotated[str, Parameter(help="The wish's id, or the beginning of it.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Your wish does not count any more."""

    async def decide(door: FleetClient) -> WishView:
        named = wish
        if not is_record(wish, "W"):
            found = {one.wish: "" for one in await door.wishes() if one.withdrawn_at is None}
            named = the_one("wish", wish, found, "fleet rota wish list")
        return await door.withdraw_wish(named)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"wish {done.wish} is withdrawn")
