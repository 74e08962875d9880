"""`fleet rollout`: bringing units to a manifest ring by ring."""

from typing import Annotated, Literal, get_args

from cyclopts import App, Parameter

from fleet.cli import rollout_shown, rollout_starting
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import Reason, UnitName
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rollout_shown import RolloutName, rollout_named
from fleet.cli.rollout_words import why_words
from fleet.client import FleetClient
from protocols.api.rollouts import RolloutUnitPage, RolloutUnitRow, RolloutView
from protocols.rollouts import UnitUpdateState, state_words

_PAGE = 500
StateWanted = Annotated[
    Literal["any", UnitUpdateState],
    Parameter(help=f"Only units in this state: {', '.join(get_args(UnitUpdateState))}."),
]

app = App(name="rollout", help="Rollouts: bring units to a manifest ring by ring; watch, pause, resume, cancel.")
rollout_starting.add_commands(app)


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List rollouts, the newest first."""
    rows = ask(client, lambda door: door.rollouts())
    if json:
        print_json(rows)
        return
    table = [
        (
            row.rollout,
            row.title,
            row.manifest,
            state_words(row.state, row.bad),
            row.ring,
            row.units,
            row.done,
            row.bad,
            row.under_way,
            row.made_by,
            row.made_at,
        )
        for row in rows
    ]
    columns = ("rollout", "title", "manifest", "state", "ring", "units", "done", "bad", "under way", "by", "begun")
    print_table(columns, table, empty="there is no rollout", free=["title"])


rollout_shown.add_commands(app)


@app.command
def units(
    rollout: RolloutName,
    *,
    ring: Annotated[str, Parameter(help="Only units of the ring with this name.")] = "",
    state: StateWanted = "any",
    client: Config = None,
    json: Json = False,
) -> None:
    """List the units of a rollout by ring and turn, with how far each is, or why it waits."""

    async def asked(door: FleetClient) -> RolloutUnitPage:
        named = await rollout_named(door, rollout)
        page = await door.rollout_units(named, ring=ring, state=state, limit=_PAGE)
        rows = list(page.rows)
        while page.rows and len(rows) < page.total:
            page = await door.rollout_units(named, ring=ring, state=state, offset=len(rows), limit=_PAGE)
            rows += page.rows
        return RolloutUnitPage(total=page.total, offset=0, rows=rows)

    found = ask(client, asked)
    if json:
        print_json(found)
        return
    _print_units(found.rows, "unit", empty="no unit is in this state and ring")


@app.command
def unit(
    unit: UnitName,
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """List the updates of one unit, the newest first."""

    async def asked(door: FleetClient) -> list[RolloutUnitRow]:
        return await door.unit_updates(await unit_named(door, unit))

    rows = ask(client, asked)
    if json:
        print_json(rows)
        return
    _print_units(rows, "rollout", empty="the unit was in no rollout")


@app.command
def pause(rollout: RolloutName, *, reason: Reason, client: Config = None, json: Json = False) -> None:
    """Tell no further unit until it is resumed; those that were told go on."""
    _change("pause", rollout, reason, client, json=json)


@app.command
def resume(rollout: RolloutName, *, reason: Reason, client: Config = None, json: Json = False) -> None:
    """Let a rollout go on that is paused or has stopped by itself; what failed so far does not stop it again."""
    _change("resume", rollout, reason, client, json=json)


@app.command
def cancel(rollout: RolloutName, *, reason: Reason, client: Config = None, json: Json = False) -> None:
    """End a rollout: units that wait are left out, those that were told go on."""
    _change("cancel", rollout, reason, client, json=json)


def _change(what: Literal["pause", "resume", "cancel"], typed: str, reason: str, client: Config, *, json: bool) -> None:
    async def changed(door: FleetClient) -> RolloutView:
        named = await rollout_named(door, typed)
        change = {"pause": door.pause_rollout, "resume": door.resume_rollout, "cancel": door.cancel_rollout}[what]
        return await change(named, reason)

    found = ask(client, changed)
    if json:
        print_json(found)
        return
    row = found.row
    print_line(
        f"{row.rollout} is {row.state}: {row.done} of {row.units} done, {row.bad} bad, {row.under_way} under way"
    )


def _print_units(rows: list[RolloutUnitRow], by: Literal["unit", "rollout"], *, empty: str) -> None:
    table = [
        (
            row.unit if by == "unit" else row.rollout,
            row.label if by == "unit" else row.ring,
            row.ring if by == "unit" else row.unit,
            row.state,
            _how_far(row),
            row.told_at,
            row.changed_at,
            why_words(row),
        )
        for row in rows
    ]
    names = ("unit", "label", "ring") if by == "unit" else ("rollout", "ring", "unit")
    print_table((*names, "state", "how far", "told", "changed", "why"), table, empty=empty, free=["why"])


def _how_far(row: RolloutUnitRow) -> str:
    """What the parts run where it has ended, else how much of a part is there."""
    if row.versions:
        return " ".join(f"{part} {version}" for part, version in sorted(row.versions.items()))
    if row.part is None:
        return ""
    share = f" {100 * row.done_bytes // row.total_bytes} %" if row.total_bytes else ""
    return f"{row.part}{share}"
