"""`fleet mandate`: asking for mandates, signing them, ending them."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import mandate_drafting, mandate_signing
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.mandate_signing import allowed
from fleet.cli.names import every_mandate, mandate_named, unit_named
from fleet.cli.options import MandateName, Reason, ShortLine
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.mandates import MandateState, MandateView, SignatureMade

app = App(name="mandate", help="Mandates: ask for, sign, cancel; line prints what is to be signed.")
mandate_drafting.add_commands(app)
mandate_signing.add_commands(app)


@app.command(name="list")
def list_(
    unit: Annotated[str | None, Parameter(help="The unit's id, the beginning of it, or its label.")] = None,
    *,
    state: Annotated[MandateState | None, Parameter(help="Where they stand.")] = None,
    mine: Annotated[bool, Parameter(negative="", help="Those that wait for your signature.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """List mandates, newest first."""

    async def look(door: FleetClient) -> list[MandateView]:
        unit_id = None if unit is None else await unit_named(door, unit)
        return await every_mandate(door, unit_id, state, mine=mine)

    found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("mandate", "unit", "kind", "authority", "allows", "state", "until", "waits for", "purpose")
    rows = [
        (
            one.mandate_id,
            one.unit_label or one.unit,
            one.kind,
            one.authority,
            [f"{each.modality}:{each.minutes_per_day}:{each.openings_per_day}" for each in one.allows],
            one.state,
            one.not_after,
            ", ".join(one.waits_for),
            one.purpose,
        )
        for one in found
    ]
    print_table(columns, rows, empty="no mandate", free=["purpose"])


@app.command
def show(mandate: MandateName, *, client: Config = None, json: Json = False) -> None:
    """Show a mandate."""
    found = ask(client, lambda door: mandate_named(door, mandate))
    if json:
        print_json(found)
    else:
        print_facts(_facts(found))


@app.command
def cancel(
    mandate: MandateName, reason: Reason, *, yes: Yes = False, client: Config = None, json: Json = False
) -> None:
    """End a mandate before its time: what is open closes, and an alarm stays until the kit is back."""

    async def decide(door: FleetClient) -> MandateView:
        found = await mandate_named(door, mandate)
        if not yes:
            doing = f"cancelling mandate {found.mandate_id} of {found.unit_label or found.unit}"
            confirm(found.mandate_id, doing, "closes what is open, and the unit never opens under it again")
        return await door.cancel_mandate(found.mandate_id, reason)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"mandate {done.mandate_id} is cancelled")
        print_remark(f"when its unit is back, say so: fleet mandate recovered {done.mandate_id} 'in the store'")


@app.command
def recovered(
    mandate: MandateName,
    note: Annotated[str, Parameter(validator=ShortLine(1, 200), help="How that is known, in one line.")],
    *,
    yes: Yes = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say that the unit of a cancelled mandate is back. Its alarm ends with that."""

    async def decide(door: FleetClient) -> MandateView:
        found = await mandate_named(door, mandate)
        if not yes:
            doing = f"saying that the unit of mandate {found.mandate_id}, {found.unit_label or found.unit}, is back"
            confirm(found.mandate_id, doing, "goes into the log, and ends the alarm")
        return await door.kit_recovered(found.mandate_id, note)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"the unit of mandate {done.mandate_id} is back")


@app.command
def discard(mandate: MandateName, *, client: Config = None, json: Json = False) -> None:
    """Give up a draft, one that you asked for or are to approve. Its line is erased."""

    async def decide(door: FleetClient) -> MandateView:
        return await door.discard_mandate((await mandate_named(door, mandate)).mandate_id)

    done = ask(client, decide)
    if json:
        print_json(done)
    else:
        print_line(f"mandate {done.mandate_id} is discarded")


def _signed(one: SignatureMade) -> str:
    """Whose signature, when it was handed in, and the key that it was made with."""
    key = f"{'FIDO token' if one.hardware else 'key on disk'} {one.fingerprint}" if one.fingerprint else "unreadable"
    return f"{one.person}, {moment(one.at)}, {key}"


def _facts(one: MandateView) -> list[tuple[str, object]]:
    return [
        ("mandate", one.mandate_id),
        ("kind", one.kind),
        ("state", one.state),
        ("unit", f"{one.unit} {one.unit_label}".strip()),
        ("authority", one.authority),
        ("allows", [allowed(each) for each in one.allows]),
        ("purpose", one.purpose),
        ("from", one.not_before),
        ("until", one.not_after),
        ("asked for by", one.requester),
        ("approved by", one.approver),
        ("signed by", [_signed(each) for each in one.signatures] or ", ".join(one.signed_by)),
        ("waits for", ", ".join(one.waits_for)),
        ("drafted", one.drafted_at),
        ("lapses", one.expires_at if one.state == "draft" else None),
        ("in force since", one.recorded_at),
        ("cancelled by", one.cancelled_by),
        ("cancelled", one.cancelled_at),
        ("back since", one.recovered_at),
        ("said by", one.recovered_by),
        ("line", one.text),
    ]
