"""`fleet rollout show`: a rollout with a bar for each ring, once or as it goes on."""

import asyncio
import os
import sys
from typing import Annotated

from cyclopts import App, Parameter
from rich.cells import cell_len, set_cell_size

from fleet.cli.bars import bar_of
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.output import moment, print_facts, print_json, print_line
from fleet.cli.rollout_words import under_way_words, waiting_words
from fleet.client import FleetClient
from protocols.api.feed import Watch
from protocols.api.rollouts import RingView, RolloutView
from protocols.rollouts import UNIT_BAD, UNIT_UNDER_WAY, state_words
from protocols.text import escaped

_CELLS = 24
_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""
_AT_LEAST_EVERY_S = 10.0
"""Why units wait changes with the time, and nobody tells that."""
RolloutName = Annotated[str, Parameter(help="The rollout's id, the beginning of it, or its title.")]


def add_commands(app: App) -> None:
    """Make this command part of `fleet rollout`."""
    app.command(show)


async def rollout_named(door: FleetClient, typed: str) -> str:
    """The id of the rollout that `typed` stands for; raises NotFound, Conflict, ClientError."""
    labels = {row.rollout: row.title for row in await door.rollouts()}
    return the_one("rollout", typed, labels, "fleet rollout list")


def show(
    rollout: RolloutName,
    *,
    watch: Annotated[
        bool, Parameter(negative="", help="Go on showing it until it has ended; Ctrl-C leaves it.")
    ] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a rollout: its rings, how many units of each are done, under way and bad, and why others wait.

    With --watch it is drawn again whenever it changes; for a file or a program, and with --json, a line for each.
    """

    async def asked(door: FleetClient) -> RolloutView | None:
        named = await rollout_named(door, rollout)
        if watch:
            await _watch(door, named, json=json)
            return None
        return await door.rollout(named)

    found = ask(client, asked)
    if found is None:
        return
    if json:
        print_json(found)
    else:
        print_rollout(found)


def print_rollout(view: RolloutView) -> None:
    """All of it, for a person."""
    row, plan = view.row, view.plan
    state = state_words(row.state, row.bad)
    times = None if plan.from_time is None else f"{plan.from_time:%H:%M} to {plan.until_time:%H:%M}, London"
    print_facts(
        [
            ("rollout", row.rollout),
            ("title", row.title),
            ("manifest", row.manifest),
            ("parts", [f"{part.part} {part.version}" for part in view.content.parts]),
            ("state", f"{state}: {row.reason}" if row.reason else state),
            ("begun", f"{moment(row.made_at)} by {row.made_by}"),
            ("at once", plan.at_once),
            ("told", times or "at any time"),
            ("stops", f"above {plan.stop_bad_percent:g} % bad, once {plan.stop_after} of a ring have ended"),
        ]
    )
    print_line("")
    print_line("\n".join(ring_lines(view)))


def ring_lines(view: RolloutView) -> list[str]:
    """A line for each ring: its bar, how many are done, what else they are, and why those that wait do."""
    width = max(len(ring.name) for ring in view.rings)
    return [_ring_line(ring, width) for ring in view.rings]


def _ring_line(ring: RingView, width: int) -> str:
    done, bad = ring.states.get("done", 0), sum(ring.states.get(state, 0) for state in UNIT_BAD)
    going = sum(ring.states.get(state, 0) for state in UNIT_UNDER_WAY)
    drawn = bar_of(done, bad, ring.units, _CELLS, under_way=going)
    words = [f"{done} of {ring.units} done"]
    words += [f"{bad} bad"] * bool(bad)
    words += under_way_words(ring)
    left_out = ring.states.get("left-out", 0)
    words += [f"{left_out} left out"] * bool(left_out)
    words += waiting_words(ring)
    return f"{ring.name:{width}}  {drawn:{_CELLS}}  {'; '.join(words)}"


async def _watch(door: FleetClient, rollout: str, *, json: bool) -> None:
    """Show it at every change, until it has ended."""
    drawn: list[str] = []
    shown = ""
    async with door.feed() as feed:
        feed.watch(Watch(rollouts=True))
        changes = aiter(feed)
        while True:
            view = await door.rollout(rollout)
            if json:
                print_json(view)
            elif sys.stdout.isatty():
                drawn = _draw(view, drawn)
            else:
                shown = _say(view, shown)
            if view.row.state in ("done", "cancelled") and not view.row.under_way:
                return
            following = asyncio.ensure_future(anext(changes))
            await asyncio.wait({following}, timeout=_AT_LEAST_EVERY_S)
            if not following.done():
                following.cancel()
                changes = aiter(feed)


def _draw(view: RolloutView, drawn: list[str]) -> list[str]:
    """Draw it in the place of the lines `drawn` before, each cut to the terminal's width; returns those drawn now."""
    columns = os.get_terminal_size(sys.stdout.fileno()).columns or _COLUMNS
    height = sum(max(1, -(-cell_len(line) // columns)) for line in drawn)  # one that became narrower has broken them
    lines = [_cut(escaped(line), columns) for line in (_summary(view), *ring_lines(view))]
    sys.stdout.write(f"\x1b[{height}F\x1b[J" if height else "")
    print_line("\n".join(lines))
    sys.stdout.flush()
    return lines


def _cut(line: str, columns: int) -> str:
    return line if cell_len(line) <= columns else set_cell_size(line, columns - 1) + "…"


def _say(view: RolloutView, before: str) -> str:
    """A line of it, unless it is the one before; returns that."""
    line = _summary(view)
    if line != before:
        print_line(line)
        sys.stdout.flush()
    return line


def _summary(view: RolloutView) -> str:
    row = view.row
    words = f"{row.rollout} {row.state}, ring {row.ring or '—'}: {row.done} of {row.units} done, {row.bad} bad"
    return f"{words}, {row.under_way} under way" + (f" ({row.reason})" if row.reason else "")
