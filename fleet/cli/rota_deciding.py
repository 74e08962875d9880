"""`fleet rota changes|agree|approve|refuse|undo`: what becomes of changes by hand."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named, the_one
from fleet.cli.output import print_json, print_table
from fleet.cli.rota_changing import change_lines, tell_change
from fleet.cli.rota_options import Despite, RotaName, Why
from fleet.cli.rota_times import Day, instant_of, said
from fleet.client import FleetClient
from protocols.api.rota_changes import ChangeState, ChangeView

ChangeName = Annotated[str, Parameter(help="The change's id, or the beginning of it.")]
_MOST = 200
_ID = re.compile(r"[A-Z]-[0-9a-f]{12}", re.ASCII)


def add_commands(app: App) -> None:
    """Make these commands part of `fleet rota`."""
    for command in (changes, agree, approve, refuse, undo):
        app.command(command)


def changes(
    rota: RotaName,
    *,
    state: Annotated[ChangeState | None, Parameter(help="How far they are.")] = None,
    since: Day = None,
    until: Day = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List changes that are not over, or those of a time; those asked for last first, 200 at most."""
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> tuple[str, list[ChangeView]]:
        named = await rota_named(door, rota)
        first = now if since is None else instant_of(since, named.zone, now)
        last = None if until is None else instant_of(until, named.zone, now)
        return named.zone, await door.rota_changes(named.rota, state, since=first, until=last, limit=_MOST)

    zone, found = ask(client, look)
    if json:
        print_json(found)
        return
    what = f"what ({zone})"
    columns = ("change", "kind", "state", what, "waits for", "asked by", "asked", "reason")
    rows = [
        (
            one.change,
            one.kind,
            one.state,
            "; ".join(change_lines(one, zone)),
            one.waits_for,
            one.asked_by,
            said(one.asked_at, zone),
            one.reason,
        )
        for one in found
    ]
    print_table(columns, rows, empty="no changes", free=[what, "reason"])


def agree(change: ChangeName, *, client: Config = None, json: Json = False) -> None:
    """Agree to a change as the other of the two; a supervisor may for them."""
    _decide(change, lambda door, named: door.agree_rota_change(named), client, json=json)


def approve(
    change: ChangeName, *, reason: Why = "", despite: Despite = "", client: Config = None, json: Json = False
) -> None:
    """Let a change be in force. For supervisors who are neither of the two."""
    _decide(
        change,
        lambda door, named: door.approve_rota_change(named, despite=despite, reason=reason),
        client,
        json=json,
    )


def refuse(change: ChangeName, *, reason: Why = "", client: Config = None, json: Json = False) -> None:
    """Say that a change does not come; who asked for it takes it back so."""
    _decide(change, lambda door, named: door.refuse_rota_change(named, reason), client, json=json)


def undo(change: ChangeName, *, client: Config = None, json: Json = False) -> None:
    """Let everything be as before from now on."""
    _decide(change, lambda door, named: door.undo_rota_change(named), client, json=json)


def _decide(
    typed: str,
    deed: Callable[[FleetClient, str], Awaitable[ChangeView]],
    client: Config,
    *,
    json: bool,
) -> None:
    async def work(door: FleetClient) -> tuple[str, ChangeView]:
        done = await deed(door, await _named(door, typed))
        return (await rota_named(door, done.rota)).zone, done

    tell_change(*ask(client, work), json=json)


async def _named(door: FleetClient, typed: str) -> str:
    """The id of the change that `typed` stands for, of the newest of each rota; raises NotFound, Conflict,
    ClientError."""
    if _ID.fullmatch(typed):
        return typed
    found = [one.change for rota in await door.rotas() for one in await door.rota_changes(rota.rota, limit=_MOST)]
    return the_one("change", typed, dict.fromkeys(found, ""), "fleet rota changes")
