"""`fleet oncall`: who is on call now."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import oncall_recording
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_times import said
from fleet.client import FleetClient
from protocols.api.rotas import OnCallNow

app = App(name="oncall", help="Who is on call now; call-outs: out, back, list.")
oncall_recording.add_commands(app)


@app.command
def now(
    rota: Annotated[
        str | None, Parameter(help="The rota's id, the beginning of it, or its name; without it, all.")
    ] = None,
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show who is on call now, until when and who is next, who may sign together, and the next gap in cover.

    Exit code 1 when there is a gap now.
    """

    async def look(door: FleetClient) -> list[OnCallNow]:
        every = await door.on_call()
        if rota is None:
            return every
        named = (await rota_named(door, rota)).rota
        return [one for one in every if one.rota == named]

    found = ask(client, look)
    if json:
        print_json(found)
    else:
        _print(found)
    if any(_gap_now(one) for one in found):
        sys.exit(1)


def _print(found: list[OnCallNow]) -> None:
    rows = [
        (one.rota, each.position, each.person or "NOBODY", said(each.until, one.zone), one.zone, each.next_person)
        for one in found
        for each in one.positions
    ]
    print_table(("rota", "position", "person", "until", "zone", "next"), rows, empty="no rota asks for anybody")
    for one in found:
        if one.signers:
            print_line(f"{one.rota}: may sign together: {', '.join(one.signers)}")
        if one.gap_at is not None:
            when = "NOW" if _gap_now(one) else f"from {said(one.gap_at, one.zone)}"
            print_line(f"{one.rota}: GAP IN COVER {when}: {one.gap}")


def _gap_now(one: OnCallNow) -> bool:
    return one.gap_at is not None and one.gap_at <= one.at
