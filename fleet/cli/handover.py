"""`fleet handover`: the sheet that the primary on call hands to the next one."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.handover_shown import print_row, print_sheet
from fleet.cli.names import rota_named, the_one
from fleet.cli.options import WholeNumber
from fleet.cli.output import print_json, print_remark, print_table
from fleet.cli.rota_options import whom
from fleet.client import FleetClient
from fleet.client.handovers import sheet_sha256
from fleet.errors import Conflict, NotFound
from protocols.api.handovers import HandoverRow, HandoverView

app = App(name="handover", help="Handover at the change of the primary on call: make the sheet, read, acknowledge.")

_LIST = "fleet handover list"
_MOST = 100
RotaName = Annotated[
    str | None, Parameter(help="The rota's id, the beginning of it, or its name; without it, the only one there is.")
]
HandoverName = Annotated[
    str | None,
    Parameter(help="The handover's id, or the beginning of it; without it, what waits for you, else the newest."),
]


@app.command(name="list")
def list_(
    rota: Annotated[str | None, Parameter(help="The rota's id, the beginning of it, or its name.")] = None,
    *,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, _MOST), help="How many at the most.")] = 20,
    client: Config = None,
    json: Json = False,
) -> None:
    """List handovers, the newest change first, and for whom they wait."""

    async def look(door: FleetClient) -> list[HandoverRow]:
        return await door.handovers(None if rota is None else (await rota_named(door, rota)).rota, limit)

    found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [
        (
            one.handover,
            one.rota,
            one.change_at,
            one.outgoing,
            one.incoming,
            f"superseded by {one.superseded_by}" if one.superseded_by else ", ".join(one.waits_for) or "nobody",
        )
        for one in found
    ]
    print_table(("handover", "rota", "change", "from", "to", "waits for"), rows, empty="nothing was handed over yet")


@app.command
def make(rota: RotaName = None, *, client: Config = None, json: Json = False) -> None:
    """Make the sheet of now for the nearest change of a rota's primary: who hands over, who takes over, a supervisor.

    It takes the place of one that not both have acknowledged.
    """

    async def do(door: FleetClient) -> HandoverView:
        return await door.make_handover((await rota_named(door, rota)).rota)

    made = ask(client, do)
    if json:
        print_json(made)
        return
    print_sheet(made.sheet)
    print_row(made.row, made.sheet.zone)
    print_remark(f"both read it, and say so: fleet handover acknowledge {made.row.handover}")


@app.command
def show(handover: HandoverName = None, *, client: Config = None, json: Json = False) -> None:
    """Show a sheet, and who has acknowledged it."""

    async def look(door: FleetClient) -> HandoverView:
        return await door.handover(await _named(door, handover))

    found = ask(client, look)
    if json:
        print_json(found)
        return
    print_sheet(found.sheet)
    print_row(found.row, found.sheet.zone)


@app.command
def acknowledge(
    handover: Annotated[str, Parameter(help="The handover that you have read: its id, or the beginning of it.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say that you have read a sheet: the outgoing and the incoming primary, once each."""

    async def read(door: FleetClient) -> HandoverView:
        view = await door.handover(await _named(door, handover))
        digest = sheet_sha256(view.sheet)
        if digest != view.row.sha256:
            raise Conflict("sheet-differs", "the sheet is not the one whose hash the controller tells", "make another")
        return await door.acknowledge_handover(view.row.handover, digest)

    done = ask(client, read)
    if json:
        print_json(done)
    else:
        print_row(done.row, done.sheet.zone)


async def _named(door: FleetClient, typed: str | None) -> str:
    """The id of the handover that is meant. Raises NotFound, Conflict."""
    found = await door.handovers(None, _MOST)
    if typed is not None:
        return the_one("handover", typed, {one.handover: "" for one in found}, _LIST)
    me = await whom(door, None)
    counting = [one for one in found if one.superseded_by is None]
    mine = [one for one in counting if me in one.waits_for]
    if not counting:
        raise NotFound("handover-none", "nothing was handed over yet", "make a sheet: fleet handover make")
    return (mine or counting)[0].handover
