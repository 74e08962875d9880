"""`fleet mandate draft`: asking for a mandate."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from fleet.cli.ahead import When, moment_ahead
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.mandate_signing import allowed
from fleet.cli.names import authority_named, unit_named
from fleet.cli.options import AuthorityName, Each, PersonId, ShortLine, UnitName
from fleet.cli.output import moment, print_json, print_line, print_remark
from fleet.client import FleetClient
from protocols.api.mandates import MandateView, NewMandate
from protocols.mandate import MAX_MINUTES_PER_DAY, MAX_OPENINGS_PER_DAY, Allowance, MandateKind

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


def add_commands(app: App) -> None:
    """Make the command part of `fleet mandate`."""
    app.command(draft)


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


def _allowance(text: str) -> Allowance:
    found = _ALLOWS.fullmatch(text)
    assert found is not None, "its form was checked"
    parts = {"modality": found[1], "minutes_per_day": int(found[2]), "openings_per_day": int(found[3])}
    return msgspec.convert(parts, Allowance)
