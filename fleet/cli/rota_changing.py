"""`fleet rota swap|cover|override`: asking for changes by hand."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.options import PERSON_FORM
from fleet.cli.output import print_json, print_line, print_remark
from fleet.cli.rota_checking import print_findings
from fleet.cli.rota_options import Despite, Person, PersonOrMe, RotaName, Why, whom
from fleet.cli.rota_shifts import Held, shift_named
from fleet.cli.rota_times import SHIFT_FORM, Begins, Ends, instant_after, instant_of, said
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.rota.model import Position

Shift = Annotated[str, Parameter(validator=SHIFT_FORM, help=f"{SHIFT_FORM.words[0].upper()}{SHIFT_FORM.words[1:]}.")]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet rota`."""
    for command in (swap, cover, override):
        app.command(command)


def swap(
    rota: RotaName,
    other: Annotated[str, Parameter(name="WITH", validator=PERSON_FORM, help="The other person, as TO-13.")],
    *,
    give: Shift,
    take: Shift,
    person: PersonOrMe = None,
    reason: Why = "",
    despite: Despite = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Swap shifts with somebody: they agree, then a supervisor approves.

    fleet rota swap technical TO-13 --give 2026-03-02 --take 2026-03-09 swaps the whole shifts that begin on these days,
    or that these days lie in.
    """
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, ChangeView]:
        named, who = await rota_named(door, rota), await whom(door, person)
        taken = await shift_named(door, named, Held(other, take), now)
        given = await shift_named(door, named, Held(who, give), now)
        new = NewChange(
            kind="swap",
            position=taken.position,
            person=who,
            starts_at=taken.starts_at,
            ends_at=taken.ends_at,
            gives=other,
            back_position=given.position,
            back_starts_at=given.starts_at,
            back_ends_at=given.ends_at,
            reason=reason,
            despite=despite,
        )
        return named.zone, await door.ask_rota_change(named.rota, new)

    tell_change(*ask(client, work), json=json)


def cover(
    rota: RotaName,
    shift: Shift,
    *,
    by: Annotated[
        str | None, Parameter(validator=PERSON_FORM, help="Who takes it over, as TO-13; without it, you.")
    ] = None,
    of: Annotated[
        str | None, Parameter(validator=PERSON_FORM, help="Whose shift it is, as TO-12; without it, yours.")
    ] = None,
    reason: Why = "",
    despite: Despite = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Let somebody take over a shift or a part of it, without anything in return.

    fleet rota cover technical 2026-03-02 --by TO-13
    """
    if by is None and of is None:
        detail = "nobody says who takes it over, or whose shift it is"
        raise CommandIncomplete("nobody-named", detail, "add --by PERSON for yours, or --of PERSON to take it over")
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, ChangeView]:
        named = await rota_named(door, rota)
        giver, taker = await whom(door, of), await whom(door, by)
        found = await shift_named(door, named, Held(giver, shift), now)
        new = NewChange(
            kind="take-over",
            position=found.position,
            person=taker,
            starts_at=found.starts_at,
            ends_at=found.ends_at,
            gives=giver,
            reason=reason,
            despite=despite,
        )
        return named.zone, await door.ask_rota_change(named.rota, new)

    tell_change(*ask(client, work), json=json)


def override(
    rota: RotaName,
    person: Person,
    *,
    position: Position = "primary",
    begins: Begins = "now",
    ends: Ends,
    reason: Why = "",
    despite: Despite = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Put somebody on call whatever the layers, swaps and take-overs say; at once. For supervisors."""
    now = datetime.now(UTC)

    async def work(door: FleetClient) -> tuple[str, ChangeView]:
        named = await rota_named(door, rota)
        starts_at = instant_of(begins, named.zone, now)
        new = NewChange(
            kind="override",
            position=position,
            person=person,
            starts_at=starts_at,
            ends_at=instant_after(ends, named.zone, starts_at, now),
            reason=reason,
            despite=despite,
        )
        return named.zone, await door.ask_rota_change(named.rota, new)

    tell_change(*ask(client, work), json=json)


def tell_change(zone: str, done: ChangeView, *, json: bool) -> None:
    """Print how far a change is, whose word is missing, and what it brings."""
    if json:
        print_json(done)
        return
    print_line(f"change {done.change}, {done.kind}, is {done.state}")
    for line in change_lines(done, zone):
        print_line(f"  {line}")
    if done.waits_for == "supervisor":
        print_remark(f"it waits for a supervisor: fleet rota approve {done.change}")
    elif done.waits_for:
        print_remark(f"it waits for {done.waits_for}: fleet rota agree {done.change}")
    if done.brings:
        print_line("it brings:")
        print_findings(done.brings, zone)


def change_lines(one: ChangeView, zone: str) -> list[str]:
    """Who is to have which position when; of a swap, both halves."""
    span = f"from {said(one.starts_at, zone)} until {said(one.ends_at, zone)}"
    instead = f" instead of {one.gives}" if one.gives else ""
    lines = [f"{one.person}: {one.position} {span}{instead}"]
    if one.back_starts_at is not None:
        back = f"from {said(one.back_starts_at, zone)} until {said(one.back_ends_at, zone)}"
        lines.append(f"{one.gives}: {one.back_position} {back} instead of {one.person}")
    return lines
