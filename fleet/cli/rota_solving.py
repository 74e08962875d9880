"""`fleet rota solve`: filling a rota's period fairly, at the controller or here, from a file to a file."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.options import WholeNumber
from fleet.cli.output import print_json
from fleet.cli.rota_files import OutFile
from fleet.cli.rota_plans import tell_solved
from fleet.cli.rota_progress import end_progress, show_progress, stop_at_ctrl_c
from fleet.cli.rota_times import Since, UntilAhead, period_of
from fleet.client import FleetClient
from fleet.client.errors import Refused
from fleet.errors import CommandIncomplete, FleetError
from protocols.api.rotas import NewSolve, PlanView
from protocols.rota.solving import SolveLimits

_ASK_EVERY_S = 1.0


class NotSolved(FleetError):
    """The solver gave no plan, for the reason in `why`."""

    def __init__(self, plan: str, why: str) -> None:
        super().__init__(f"plan {plan} was not solved: {why}")
        self.plan = plan
        self.why = why


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(solve)


def solve(
    rota: Annotated[str | None, Parameter(help="The rota's id, the beginning of it, or its name.")] = None,
    *,
    since: Since = None,
    until: UntilAhead = None,
    seed: Annotated[int, Parameter(validator=WholeNumber(0, 2**31 - 1), help="The same seed gives the same plan.")] = 1,
    work_limit: Annotated[
        int, Parameter(validator=WholeNumber(1, 3600), help="How hard to search: about the seconds on an idle machine.")
    ] = 120,
    keep: Annotated[
        bool, Parameter(negative="", help="Keep what is published already; else only what has begun or is fixed.")
    ] = False,
    file: Annotated[
        Path | None,
        Parameter(allow_leading_hyphen=True, help="Solve this book here, without a controller; - is standard input."),
    ] = None,
    out: OutFile = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Fill a period as fairly as can be, under every rule that can be kept; a plan that nobody is told of yet.

    Ctrl-C ends the search and keeps the best so far. Again, it leaves the search to the controller.

    With --file IN --out OUT it solves a book that fleet rota book wrote, here, with what muster[controller] installs.
    """
    _check(rota, file, out, dated=since is not None or until is not None)
    if file is not None and out is not None:
        from fleet.cli.rota_solving_here import solve_here  # noqa: PLC0415 - the solver, which the controller has too

        solve_here(file, out, SolveLimits(seed=seed, work_limit=work_limit), keep=keep, json=json)
        return
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> PlanView:
        named = await rota_named(door, rota)
        starts_at, ends_at = period_of(since, until, named.zone, now)
        new = NewSolve(starts_at=starts_at, ends_at=ends_at, seed=seed, work_limit=work_limit, keep=keep)
        with stop_at_ctrl_c() as stop:
            return await _followed(door, await door.solve_rota(named.rota, new), stop)

    found = ask(client, work)
    if found.state == "failed":
        why = "; ".join(found.solving.conflicts) if found.solving is not None else ""
        raise NotSolved(found.plan, why or "its solver failed")
    if json:
        print_json(found)
    else:
        tell_solved(found)


def _check(rota: str | None, file: Path | None, out: Path | None, *, dated: bool) -> None:
    """Raises CommandIncomplete where the options say two things at once, or too little."""
    if (rota is None) == (file is None):
        raise CommandIncomplete("rota-unnamed", "name a rota or a --file, one of them", "see fleet rota solve --help")
    if file is None and out is not None:
        raise CommandIncomplete("out-alone", "the controller keeps its plan", "leave out --out, or give a --file")
    if file is not None and out is None:
        raise CommandIncomplete("out-unnamed", "nobody says where to write the book", "add --out FILE, or --out -")
    if file is not None and dated:
        raise CommandIncomplete("file-alone", "a file has its own period", "leave out --since and --until")


async def _followed(door: FleetClient, plan: PlanView, stop: asyncio.Event) -> PlanView:
    """The plan once it is solved; when `stop` is set the search ends, and keeps its best."""
    stopping = False
    try:
        while plan.state == "solving":
            if plan.solving is not None:
                show_progress(plan.solving.elapsed_s, plan.solving.objective, plan.solving.bound)
            if stop.is_set() and not stopping:
                stopping = True
                await _stop(door, plan.plan)
            await _wait(stop, stopping=stopping)
            plan = await door.rota_plan(plan.plan)
    finally:
        end_progress()
    return plan


async def _wait(stop: asyncio.Event, *, stopping: bool) -> None:
    """For a second, or until somebody wants it to stop."""
    if stopping:
        await asyncio.sleep(_ASK_EVERY_S)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_ASK_EVERY_S):
            await stop.wait()


async def _stop(door: FleetClient, plan_id: str) -> None:
    try:
        await door.stop_solving(plan_id)
    except Refused as error:
        if error.problem.code != "plan-not-solving":  # it ended by itself meanwhile
            raise
