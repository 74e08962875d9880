"""`fleet rota`: rotas, their books, plans, checks, changes, hours, and what is kept of people for them."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli import (
    rota_absences,
    rota_books,
    rota_calendars,
    rota_changing,
    rota_checking,
    rota_deciding,
    rota_hours,
    rota_plans,
    rota_records,
    rota_shares,
    rota_shifts,
    rota_solving,
    rota_terms,
    rota_wishes,
)
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_facts, print_json, print_line, print_table
from fleet.cli.rota_facts import rota_facts
from fleet.cli.rota_files import InFile, read_document
from fleet.cli.rota_options import RotaName
from fleet.cli.rota_template import template as example
from fleet.cli.rota_times import said
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.rotas import RotaView
from protocols.errors import InvalidRota
from protocols.rota.model import Rota
from protocols.rota.reading import check_rota

app = App(name="rota", help="On-call rotas: define, fill, check, publish, change; hours, absences, calendars.")
for _commands in (
    rota_shifts,
    rota_books,
    rota_checking,
    rota_solving,
    rota_plans,
    rota_shares,
    rota_hours,
    rota_changing,
):
    _commands.add_commands(app)
rota_deciding.add_commands(app)
rota_terms.add_commands(app)
for _room in (rota_absences, rota_wishes, rota_calendars):
    app.command(_room.app)
for _kept in (rota_records.rest, rota_records.work):
    app.command(_kept)


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List rotas, ended ones too."""
    found = ask(client, lambda door: door.rotas())
    if json:
        print_json(found)
        return
    columns = ("rota", "name", "zone", "version", "members", "published until", "ended")
    rows = [
        (
            one.rota,
            one.name,
            one.zone,
            one.version,
            one.members,
            said(one.published_until, one.zone),
            said(one.ended_at, one.zone),
        )
        for one in found
    ]
    print_table(columns, rows, empty="no rota; make one: fleet rota template > rota.json", free=["name"])


@app.command
def show(
    rota: RotaName,
    *,
    definition: Annotated[
        bool, Parameter(negative="", help="Print its definition alone, to be edited and given to fleet rota set.")
    ] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a rota."""

    async def look(door: FleetClient) -> RotaView:
        return await door.rota((await rota_named(door, rota)).rota)

    found = ask(client, look)
    if definition:
        _print_definition(found.rota)
    elif json:
        print_json(found)
    else:
        print_facts(rota_facts(found))


@app.command(name="set")
def set_(
    file: InFile,
    *,
    version: Annotated[
        int | None, Parameter(help="The version that it replaces, 0 for a new rota; without it, the one in force.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Lay a rota down as a file defines it, or anew. fleet rota template prints an example.

    What is published stays published; look then at fleet rota check.
    """
    new = read_document(file, Rota, "definition of a rota")
    try:
        check_rota(new)
    except InvalidRota as error:
        raise RequestRefused(error.reason, f"{file}: {error.detail}", "then set it again") from error

    async def decide(door: FleetClient) -> RotaView:
        known = {one.rota: one.version for one in await door.rotas()}
        return await door.put_rota(new, known.get(new.rota, 0) if version is None else version)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"rota {done.rota.rota} is laid down in version {done.version}")


@app.command
def template() -> None:
    """Print an example of a rota's definition: JSON to be edited. docs/rotas.md says what each field means."""
    _print_definition(example(datetime.now(UTC).date()))


@app.command
def end(rota: RotaName, *, yes: Yes = False, client: Config = None, json: Json = False) -> None:
    """Let a rota ask for nobody any more. It stays to be read."""

    async def decide(door: FleetClient) -> RotaView:
        found = await rota_named(door, rota)
        if not yes:
            confirm(found.rota, f"ending rota {found.rota}, {found.name}", "takes everybody off call on it, for good")
        return await door.end_rota(found.rota)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"rota {done.rota.rota} has ended")


def _print_definition(rota: Rota) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(rota), indent=2).decode() + "\n")
