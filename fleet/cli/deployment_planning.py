"""`fleet deployment visits|kit|authorities`: who goes when, what is kept, what it rests on."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, moment_ahead
from fleet.cli.deployment_options import (
    WHO_FORM,
    DeploymentName,
    Works,
    attending_of,
    seen,
)
from fleet.cli.deployment_shown import print_authorities, print_kit, print_visits
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import CODE_FORM, code_of
from fleet.cli.names import authority_named, the_one
from fleet.cli.options import Each
from fleet.cli.output import print_json
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from protocols.api.deployments import DeploymentView, NamedAuthorities, NewVisit, SetKit, SetVisits, VisitView
from protocols.api.kit import ItemView
from protocols.deployments import VisitKind, Work

Items = Annotated[
    list[str] | None, Parameter(negative="", validator=Each(CODE_FORM), help="The code on its label. Repeat it.")
]
Names = Annotated[
    list[str] | None, Parameter(negative="", help="The authority's id, its beginning, or its reference. Repeat it.")
]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet deployment`."""
    for command in (visits, kit, authorities):
        app.command(command)


def visits(
    deployment: DeploymentName,
    *,
    add: Annotated[
        VisitKind | None, Parameter(help="Plan a visit of this kind; say --from, --until and --who.")
    ] = None,
    starts: Annotated[
        str | None, Parameter(name="--from", validator=AHEAD_FORM, help="When it begins: 2026-11-22T14:02, or 8h.")
    ] = None,
    until: Annotated[str | None, Parameter(validator=AHEAD_FORM, help="When it ends, in the same forms.")] = None,
    who: Annotated[
        list[str] | None,
        Parameter(negative="", validator=Each(WHO_FORM), help="Who goes, as TO-12 or TO-12:driver. Repeat it."),
    ] = None,
    away: Annotated[bool, Parameter(negative="", help="They stay over night: the rota knows them as away.")] = False,
    work: Works = None,
    drop: Annotated[list[str] | None, Parameter(negative="", help="A visit that is not made after all.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List the visits of a deployment; plan one with --add, give one up with --drop. Remarks say who is not right."""
    now = datetime.now(UTC)
    new = None if add is None else _new_visit(add, starts, until, who, now, away=away, works=work)
    if new is None and (starts or until or who or away or work):
        raise CommandIncomplete("visit-unsaid", "no visit is asked for", "say what kind it is: --add fit")

    async def decide(door: FleetClient) -> DeploymentView:
        found = await seen(door, deployment)
        if new is None and not drop:
            return found
        gone = {
            the_one("visit", one, {each.visit: "" for each in found.visits}, "fleet deployment visits")
            for one in drop or []
        }
        there = (await door.whoami()).server_time
        stay = [_again(one) for one in found.visits if one.starts_at > there and one.visit not in gone]
        wanted = SetVisits(based_on=found.version, visits=[*stay, *([new] if new is not None else [])])
        return await door.set_visits(found.row.deployment, wanted)

    found = ask(client, decide)
    if json:
        print_json(found.visits)
    else:
        print_visits(found.visits)


def kit(
    deployment: DeploymentName,
    *,
    keep: Items = None,
    release: Items = None,
    pick: Annotated[
        bool, Parameter(negative="", help="Let the controller choose what is available, to fulfil what is wanted.")
    ] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """List the kit of a deployment; keep items for it with --keep or --pick, let go of some with --release."""
    taken, let_go = {code_of(one) for one in keep or []}, {code_of(one) for one in release or []}

    async def decide(door: FleetClient) -> DeploymentView:
        found = await seen(door, deployment)
        if not (taken or let_go or pick):
            return found
        kept = {one.item for one in found.items if await _is_kept(door, one, found.row.deployment)} | taken
        wanted = SetKit(based_on=found.version, items=sorted(kept - let_go), pick=pick)
        return await door.set_kit(found.row.deployment, wanted)

    found = ask(client, decide)
    if json:
        print_json(found.items)
    else:
        print_kit(found.items, found.row.deployment)


def authorities(
    deployment: DeploymentName,
    *,
    name: Names = None,
    drop: Names = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List the authorities that a deployment rests on; name recorded ones with --name, take some back with --drop."""

    async def decide(door: FleetClient) -> DeploymentView:
        found = await seen(door, deployment)
        if not (name or drop):
            return found
        named = [(await authority_named(door, one)).authority_id for one in name or []]
        labels = {one.authority_id: one.reference for one in found.authorities}
        gone = {the_one("authority", one, labels, "fleet deployment authorities") for one in drop or []}
        wanted = [one for one in dict.fromkeys([*labels, *named]) if one not in gone]
        named_now = NamedAuthorities(based_on=found.version, authorities=wanted)
        return await door.name_authorities(found.row.deployment, named_now)

    found = ask(client, decide)
    if json:
        print_json(found.authorities)
    else:
        print_authorities(found.authorities)


async def _is_kept(door: FleetClient, item: ItemView, deployment: str) -> bool:
    """Whether an item is out or still kept for a deployment; it may have been, and be kept for another first."""
    if deployment in {item.deployment, item.reserved_for}:
        return True
    detail = await door.kit_item(item.item)
    return any(one.deployment == deployment for one in detail.reservations)


def _new_visit(
    kind: VisitKind,
    starts: str | None,
    until: str | None,
    who: list[str] | None,
    now: datetime,
    *,
    away: bool,
    works: list[Work] | None,
) -> NewVisit:
    if starts is None or until is None or not who:
        raise CommandIncomplete(
            "visit-incomplete",
            "a visit has a time and people",
            "say --from, --until and --who TO-12, as often as needed",
        )
    return NewVisit(
        kind=kind,
        starts_at=moment_ahead(starts, now),
        ends_at=moment_ahead(until, now),
        people=attending_of(who),
        away=away,
        works=works,
    )


def _again(one: VisitView) -> NewVisit:
    """A visit that stays as it is."""
    return NewVisit(
        kind=one.kind,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        people=one.people,
        away=one.away,
        works=one.works,
    )
