"""`fleet welfare`: say that all is well while you are out; see after those who are."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.options import ShortLine, WholeNumber
from fleet.cli.output import moment, print_json, print_line, print_table
from fleet.cli.rota_options import PersonOption, whom
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from protocols.api.welfare import NewWelfare, WelfareView

app = App(name="welfare", help="Welfare timers: answer yours, see after others'.")

_LIST = "fleet welfare list"
TimerName = Annotated[
    str | None, Parameter(help="The timer's id, or the beginning of it; without it, the one of yours that runs.")
]


@app.command(name="list")
def list_(
    *,
    person: PersonOption = None,
    ended: Annotated[bool, Parameter(negative="", help="Those that ended within a week, too.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """List timers that run, those due longest first: yours; a supervisor sees everybody's."""
    found = ask(client, lambda door: door.welfare(person, ended=ended))
    if json:
        print_json(found)
        return
    rows = [
        (one.welfare, one.person, _for(one), one.stage, one.due_at, one.answers, one.answered_at, one.ended_how)
        for one in found
    ]
    columns = ("timer", "person", "for", "stage", "answer due", "answers", "last", "ended")
    print_table(columns, rows, empty="no welfare timer runs")


@app.command
def start(
    *,
    every: Annotated[
        int | None, Parameter(validator=WholeNumber(5, 480), help="Minutes between answers; as set at the controller.")
    ] = None,
    visit: Annotated[str | None, Parameter(help="The visit that you are on, by its id.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Start your timer. A call-out that you record starts one by itself."""
    made = ask(client, lambda door: door.start_welfare(NewWelfare(visit=visit, every_min=every)))
    if json:
        print_json(made)
    else:
        print_line(f"{made.welfare}: say that all is well by {moment(made.due_at)}: fleet welfare answer")


@app.command
def answer(timer: TimerName = None, *, client: Config = None, json: Json = False) -> None:
    """All is well. Nobody answers for somebody else."""

    async def say(door: FleetClient) -> WelfareView:
        return await door.answer_welfare((await _named(door, timer)).welfare)

    done = ask(client, say)
    if json:
        print_json(done)
    else:
        print_line(f"{done.welfare}: the next answer is due by {moment(done.due_at)}")


@app.command
def end(
    timer: TimerName = None,
    *,
    reason: Annotated[
        str, Parameter(validator=ShortLine(0, 200), help="Of another's timer: how you know that all is well.")
    ] = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """End a timer: yours, where it is of no call-out; a supervisor anybody's, with a reason."""

    async def finish(door: FleetClient) -> WelfareView:
        return await door.end_welfare((await _named(door, timer)).welfare, reason)

    done = ask(client, finish)
    if json:
        print_json(done)
    else:
        print_line(f"{done.welfare} of {done.person} has ended")


async def _named(door: FleetClient, typed: str | None) -> WelfareView:
    """The timer that is meant. Raises NotFound, Conflict, CommandIncomplete."""
    if typed is None:
        mine = await door.welfare(await whom(door, None))
        if not mine:
            raise CommandIncomplete("welfare-none", "no welfare timer of yours runs", "start one: fleet welfare start")
        return mine[0]
    found = {one.welfare: one for one in await door.welfare()}
    return found[the_one("welfare timer", typed, dict.fromkeys(found, ""), _LIST)]


def _for(one: WelfareView) -> str:
    """What it is for, as the call-out and the deployment."""
    return ", ".join(part for part in (one.call_out, one.visit, one.deployment) if part)
