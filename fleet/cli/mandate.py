"""`fleet mandate`: asking for mandates, signing them, ending them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from fleet.cli.ahead import When, moment_ahead
from fleet.cli.authority import AuthorityName, authority_named
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.mandate_signing import MandateName, add_commands, allowed, every_mandate, mandate_named
from fleet.cli.names import unit_named
from fleet.cli.options import Each, PersonId, Reason, ShortLine, UnitName
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.mandates import MandateState, MandateView, NewMandate, SignatureMade
from protocols.mandate import MAX_MINUTES_PER_DAY, MAX_OPENINGS_PER_DAY, Allowance, MandateKind

app = App(name="mandate", help="Mandates: ask for, sign, cancel; line prints what is to be signed.")
add_commands(app)

_ALLOWS = re.compile(r"(video|audio|position):([1-9][0-9]{0,2}):([1-9][0-9]?)", re.ASCII)
_MOST = f"{MAX_MINUTES_PER_DAY} minutes and {MAX_OPENINGS_PER_DAY} openings"


@dataclass(frozen=True)
class Allowing:
    """What `--allow` takes: no more than a mandate carries."""

    words: str = f"a modality, minutes and openings a day, as video:10:3, at most {_MOST}"

    def __call__(self, _type: Any, value: str) -> None:
        """Raise ValueError for a text of another form, and for more."""
        found = _ALLOWS.fullmatch(value)
        if found is None or int(found[2]) > MAX_MINUTES_PER_DAY or int(found[3]) > MAX_OPENINGS_PER_DAY:
            raise ValueError(self.words)


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
def draft(
    unit: UnitName,
    *,
    approver: Annotated[PersonId, Parameter(help="Who is to approve it, as AP-04: a supervisor or an approver.")],
    allow: Annotated[
        list[str],
        Parameter(
            negative="",
            validator=Each(Allowing()),
            help=f"Modality, minutes and openings a day, as video:10:3, at most {_MOST}; give it for each modality.",
        ),
    ],
    purpose: Annotated[str, Parameter(validator=ShortLine(1, 80), help="A few words, as: aim and focus.")],
    until: When,
    since: Annotated[When, Parameter(name="--from")] = "now",
    kind: Annotated[
        MandateKind,
        Parameter(help="For use, on the bench for a day at most, or for a position when kit is to be got back."),
    ] = "field",
    authority: Annotated[AuthorityName | None, Parameter(help="What it rests on; left out for bench only.")] = None,
    yes: Yes = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Ask for a mandate. It is in force when you and the approver have both signed its one line."""
    now = datetime.now(UTC)

    async def decide(door: FleetClient) -> MandateView:
        new = NewMandate(
            kind=kind,
            unit=await unit_named(door, unit),
            authority=None if authority is None else (await authority_named(door, authority)).authority_id,
            allows=[_allowance(one) for one in allow],
            purpose=purpose,
            not_before=moment_ahead(since, now),
            not_after=moment_ahead(until, now),
            approver=approver,
        )
        if not yes:
            asking = f"asking for a {kind} mandate for {new.unit}: {', '.join(allowed(one) for one in new.allows)}"
            window = f"from {moment(new.not_before)} to {moment(new.not_after)}, to {purpose}, approved by {approver}"
            confirm("draft", f"{asking}, {window}", "goes into the log")
        return await door.draft_mandate(new)

    made = ask(client, decide)
    if json:
        print_json(made)
        return
    print_line(f"mandate {made.mandate_id} is drafted; it waits for {' and '.join(made.waits_for)}")
    print_remark(f"sign it: fleet mandate sign {made.mandate_id}; far away: fleet mandate line {made.mandate_id}")


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


def _allowance(text: str) -> Allowance:
    found = _ALLOWS.fullmatch(text)
    assert found is not None, "its form was checked"
    parts = {"modality": found[1], "minutes_per_day": int(found[2]), "openings_per_day": int(found[3])}
    return msgspec.convert(parts, Allowance)


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
