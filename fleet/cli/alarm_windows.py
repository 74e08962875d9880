"""`fleet alarm windows`: while somebody works on kit, nobody is paged of it."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, unit_named
from fleet.cli.options import SPAN_FORM, Reason, UnitName, span
from fleet.cli.output import moment, print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from protocols.api.alarms import NewWindow, WindowView

app = App(name="windows", help="Maintenance windows: list, make, end.")
Deployment = Annotated[str | None, Parameter(help="A deployment's number, as DEP-12: all its units.")]
_LENGTH = len("MW-") + 12


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List maintenance windows that are not over."""
    found = ask(client, lambda door: door.alarm_windows())
    if json:
        print_json(found)
        return
    columns = ("window", "of", "from", "until", "by", "why")
    rows = [
        (one.window, one.unit or one.deployment, one.starts_at, one.ends_at, one.made_by, one.reason) for one in found
    ]
    print_table(columns, rows, empty="nobody works on anything", free=["why"])


@app.command
def make(
    unit: UnitName | None = None,
    *,
    deployment: Deployment = None,
    lasts: Annotated[str, Parameter(name="--for", validator=SPAN_FORM, help="From now on, as 2h; at most 24h.")] = "2h",
    reason: Reason,
    client: Config = None,
    json: Json = False,
) -> None:
    """You work on a unit, or on those of a deployment: from now on nobody is paged of them. Tampering still shows."""
    if (unit is None) == (deployment is None):
        raise CommandIncomplete("window-unclear", "a window is for a unit or for a deployment", "name one of both")

    async def work(door: FleetClient) -> WindowView:
        now = datetime.now(UTC)
        unit_id = None if unit is None else await unit_named(door, unit)
        new = NewWindow(unit=unit_id, deployment=deployment, starts_at=now, ends_at=now + span(lasts), reason=reason)
        return await door.make_alarm_window(new)

    made = ask(client, work)
    if json:
        print_json(made)
    else:
        of = made.unit or made.deployment
        print_line(f"window {made.window}: nobody is paged of {of} until {moment(made.ends_at)}")


@app.command
def end(
    window: Annotated[str, Parameter(help="The window's id, or the beginning of it.")],
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """The work is over before its time: what still holds is raised now."""

    async def decide(door: FleetClient) -> WindowView:
        window_id = window
        if len(window) != _LENGTH:
            found = {one.window: "" for one in await door.alarm_windows()}
            window_id = the_one("window", window, found, "fleet alarm windows list")
        return await door.end_alarm_window(window_id)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"window {done.window} is over")
