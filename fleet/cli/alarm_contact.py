"""`fleet alarm contact`: how you are reached when you are paged."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.options import ShortLine
from fleet.cli.output import print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.alarms import Channel
from protocols.api.alarms import ContactTested, ContactView

app = App(name="contact", help="How you are reached: list, add, test, withdraw.")
ContactName = Annotated[str, Parameter(help="The contact's id, or the beginning of it.")]
_LENGTH = len("CT-") + 12


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List your contacts; a supervisor sees everybody's, masked."""
    found = ask(client, lambda door: door.contacts())
    if json:
        print_json(found)
        return
    works = {True: "yes", False: "no", None: None}
    rows = [(one.contact, one.person, one.channel, one.address, one.tested_at, works[one.works]) for one in found]
    columns = ("contact", "person", "by", "address", "last tried", "works")
    print_table(columns, rows, empty="nobody can be reached: fleet alarm contact add", free=["address"])


@app.command
def add(
    channel: Channel,
    address: Annotated[str, Parameter(validator=ShortLine(3, 300), help="An e-mail address, or a webhook's URL.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say how you are to be reached; then try it with `test`."""
    made = ask(client, lambda door: door.add_contact(channel, address))
    if json:
        print_json(made)
    else:
        print_line(f"contact {made.contact}: {made.channel}; try it: fleet alarm contact test {made.contact}")


@app.command(name="test")
def try_(contact: ContactName, *, client: Config = None, json: Json = False) -> None:
    """Send a page there now. Exit code 3 when it was not taken."""

    async def work(door: FleetClient) -> ContactTested:
        return await door.test_contact(await _named(door, contact))

    done = ask(client, work)
    if json:
        print_json(done)
    elif done.sent:
        print_line(f"contact {done.contact}: the page was taken")
    if not done.sent:
        raise RequestRefused("not-sent", f"the page did not go: {done.error}", "correct the contact, or the settings")


@app.command
def withdraw(contact: ContactName, *, client: Config = None, json: Json = False) -> None:
    """Nothing goes there any more, and the controller forgets it."""

    async def work(door: FleetClient) -> ContactView:
        return await door.withdraw_contact(await _named(door, contact))

    done = ask(client, work)
    if json:
        print_json(done)
    else:
        print_line(f"contact {done.contact} is withdrawn")


async def _named(door: FleetClient, typed: str) -> str:
    if len(typed) == _LENGTH:
        return typed
    return the_one("contact", typed, {one.contact: "" for one in await door.contacts()}, "fleet alarm contact list")
