"""`fleet rota plans|plan|publish|discard`: turns that are not published yet, or were."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import plan_named, rota_named
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.cli.rota_checking import counts_words
from fleet.cli.rota_options import Despite, PlanName, RotaName
from fleet.cli.rota_times import said
from fleet.client import FleetClient
from protocols.api.rotas import PlanView, Solving


def add_commands(app: App) -> None:
    """Make these commands part of `fleet rota`."""
    for command in (plans, plan, publish, discard):
        app.command(command)


def plans(rota: RotaName, *, client: Config = None, json: Json = False) -> None:
    """List a rota's newest plans, 50 at most."""

    async def look(door: FleetClient) -> tuple[str, list[PlanView]]:
        found = await rota_named(door, rota)
        return found.zone, await door.rota_plans(found.rota)

    zone, found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("plan", "state", f"from ({zone})", "until", "score", "findings", "made by", "made", "published")
    rows = [
        (
            one.plan,
            one.state,
            said(one.starts_at, zone),
            said(one.ends_at, zone),
            None if one.quality is None else f"{one.quality.score:g}",
            None if one.counts is None else counts_words(one.counts),
            one.made_by,
            said(one.made_at, zone),
            said(one.published_at, zone),
        )
        for one in found
    ]
    print_table(columns, rows, empty="no plan; make one: fleet rota solve", free=["findings"])


def plan(
    plan: PlanName,
    *,
    turns: Annotated[bool, Parameter(negative="", help="List its turns too.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a plan."""
    zone, found = ask(client, lambda door: _with_zone(door, plan))
    if json:
        print_json(found)
        return
    print_facts(plan_facts(found, zone))
    if turns:
        print_line("")
        rows = [(said(one.starts_at, zone), one.layer, one.person or "nobody") for one in found.assigned]
        print_table((f"begins ({zone})", "layer", "person"), rows, empty="no turn")


def publish(plan: PlanName, *, despite: Despite = "", client: Config = None, json: Json = False) -> None:
    """Let a plan's turns hold from now on. Turns that have begun stay as they are.

    Refused where that brings breaches or faults that were not there, unless --despite says why it is done.
    """

    async def decide(door: FleetClient) -> tuple[str, PlanView]:
        zone, found = await _with_zone(door, plan)
        return zone, await door.publish_rota_plan(found.plan, despite)

    zone, done = ask(client, decide)
    if json:
        print_json(done)
    else:
        until = said(done.ends_at, zone)
        print_line(f"plan {done.plan} of {done.rota} is published, from {said(done.starts_at, zone)} until {until}")


def discard(plan: PlanName, *, client: Config = None, json: Json = False) -> None:
    """Give up a plan; one that is being solved is stopped with it."""

    async def decide(door: FleetClient) -> PlanView:
        return await door.discard_rota_plan((await plan_named(door, plan)).plan)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"plan {done.plan} is discarded")


def tell_solved(found: PlanView) -> None:
    """What became of solving: the plan, and what to do with it."""
    if found.state != "draft" or found.solving is None:
        print_line(f"plan {found.plan} is {found.state}")
        return
    print_line(f"plan {found.plan}: {_ended(found.solving)}")
    for sentence in found.solving.conflicts:
        print_line(f"  {sentence}")
    if found.quality is not None:
        print_line(f"score {found.quality.score:g} of 100; {counts_words(found.counts or {})}")
    print_remark(f"look: fleet rota check {found.rota} --plan {found.plan}; then: fleet rota publish {found.plan}")


def plan_facts(found: PlanView, zone: str) -> list[tuple[str, object]]:
    """A plan, fact by fact."""
    solving, quality = found.solving, found.quality
    return [
        ("plan", found.plan),
        ("rota", f"{found.rota}, version {found.based_on}"),
        ("state", found.state),
        ("from", said(found.starts_at, zone)),
        ("until", said(found.ends_at, zone)),
        ("made by", found.made_by),
        ("made", said(found.made_at, zone)),
        ("solved", None if solving is None else _ended(solving)),
        ("not kept", None if solving is None else solving.conflicts or None),
        ("turns", len(found.assigned)),
        ("score", None if quality is None else f"{quality.score:g} of 100"),
        ("findings", None if found.counts is None else counts_words(found.counts)),
        ("published by", found.published_by),
        ("published", said(found.published_at, zone)),
    ]


def _ended(one: Solving) -> str:
    words = {
        "optimal": "nothing fairer exists",
        "limit": "the best found before the limit",
        "stopped": "the best found before it was stopped",
        "infeasible": "not every rule can be kept",
        "failed": "it failed",
        None: "still being solved",
    }
    return f"{words[one.ended]}, after {one.elapsed_s:.0f} s with seed {one.seed}"


async def _with_zone(door: FleetClient, typed: str) -> tuple[str, PlanView]:
    found = await plan_named(door, typed)
    return (await rota_named(door, found.rota)).zone, found
