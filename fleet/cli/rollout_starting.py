"""`fleet rollout start`: a plan on one command line."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.files import read_given
from fleet.cli.names import every_unit, the_one
from fleet.cli.options import SPAN_FORM, Each, Form, ShortLine, WholeNumber, span
from fleet.cli.output import print_json
from fleet.cli.rollout_shown import print_rollout
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.rollouts import NewRollout, RolloutView
from protocols.releases.permit import MAX_PERMIT_BYTES, read_permit
from protocols.rollouts import Ring, RolloutPlan

T = TypeVar("T")

_RING = re.compile(r"[^:]{1,80}(?::[^:]+)*")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%?", re.ASCII)
_TIME = Form(re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII), "a time of day, as 22:00")
_RING_FORM = Form(_RING, "NAME:SHARE%, as few:10%; then, if wanted, :success=95% :wait=1h :units=UNIT+UNIT")


def add_commands(app: App) -> None:
    """Make this command part of `fleet rollout`."""
    app.command(start)


def start(
    *,
    manifest: Annotated[str, Parameter(help="The manifest's path, or its name: autumn for manifests/autumn.json.")],
    title: Annotated[str | None, Parameter(validator=ShortLine(1, 80), help="What it is for, in a few words.")] = None,
    ring: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            validator=Each(_RING_FORM),
            help="A ring, NAME:SHARE% of all units, as few:10%; :success=95% of it have to be done and :wait=1h to"
            " have passed before the next begins, :units=UNIT+UNIT are in it whatever their turn. Give it for each"
            " ring, in order; the last takes the rest. Without any: one ring of all.",
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        Parameter(negative="", help="A unit of it; give it for each. Without any: all that the manifest suits."),
    ] = None,
    at_once: Annotated[int, Parameter(validator=WholeNumber(1, 1000), help="Units under way at the same time.")] = 20,
    stop_bad: Annotated[
        str,
        Parameter(
            validator=Form(_PERCENT, "a percentage, as 3%"),
            help="It stops when more of the units that ended in a ring are bad.",
        ),
    ] = "3%",
    stop_after: Annotated[
        int, Parameter(validator=WholeNumber(1, 1000), help="Once so many of a ring have ended.")
    ] = 5,
    since: Annotated[
        str | None, Parameter(name="--from", validator=_TIME, help="Units are told from this time of day on, London.")
    ] = None,
    until: Annotated[str | None, Parameter(validator=_TIME, help="And before this one; over midnight too.")] = None,
    deployed: Annotated[
        bool, Parameter(negative="", help="Also units that are out for a deployment, which wait otherwise.")
    ] = False,
    limit: Annotated[str, Parameter(validator=SPAN_FORM, help="A unit that takes longer counts as failed.")] = "1h",
    permit: Annotated[
        list[Path] | None, Parameter(negative="", help="A permit's file, for parts that are older; give it for each.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Begin a rollout of a manifest in force. The first ring begins at once, unless it is not the time for it."""
    path = manifest if "/" in manifest else f"manifests/{manifest.removesuffix('.json')}.json"
    permits = [read_permit(read_given(one, MAX_PERMIT_BYTES)) for one in permit or []]

    async def begin(door: FleetClient) -> RolloutView:
        typed = [ring_of(text) for text in ring or ["all:100%"]]
        labels = {}
        if unit or any(one.units for one in typed):
            labels = {row.unit_id: row.label for row in await every_unit(door, "")}
        named = [the_one("unit", one, labels, "fleet unit list") for one in unit or []]
        rings = [_with_ids(one, labels) for one in typed]
        plan = _convert(
            RolloutPlan,
            {
                "rings": rings,
                "at_once": at_once,
                "stop_bad_percent": percent(stop_bad),
                "stop_after": stop_after,
                "from_time": None if since is None else time.fromisoformat(since),
                "until_time": None if until is None else time.fromisoformat(until),
                "deployed": deployed,
                "limit_s": int(span(limit).total_seconds()),
            },
        )
        new = {"title": title or manifest, "manifest": path, "plan": plan, "units": named, "permits": permits}
        return await door.start_rollout(_convert(NewRollout, new))

    found = ask(client, begin)
    if json:
        print_json(found)
    else:
        print_rollout(found)


def ring_of(text: str) -> Ring:
    """The ring that was typed: `NAME:SHARE%` and what may follow; raises RequestRefused."""
    name, *fields = text.split(":")
    found: dict[str, object] = {"name": name.strip(), "share_percent": 0.0}
    for field in fields:
        key, equals, value = field.strip().partition("=")
        if not equals:
            found["share_percent"] = percent(key)
        elif key == "success":
            found["success_percent"] = percent(value)
        elif key == "wait" and SPAN_FORM.pattern.fullmatch(value):
            found["wait_s"] = int(span(value).total_seconds())
        elif key == "units":
            found["units"] = [one for one in value.split("+") if one]
        else:
            raise _unusable(f"{field.strip()!r} of ring {name.strip()!r} is none of: {_RING_FORM.words}")
    try:
        return Ring(**found)  # type: ignore[arg-type]  # what is wrong with it is said when it is converted
    except TypeError as error:
        raise _unusable(str(error)) from error


def percent(text: str) -> float:
    """The percentage that was typed; raises RequestRefused."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise _unusable(f"{text!r} is no percentage, as 3% or 0.5%")
    return float(found[1])


def _with_ids(ring: Ring, labels: dict[str, str]) -> Ring:
    ids = [the_one("unit", one, labels, "fleet unit list") for one in ring.units]
    return msgspec.structs.replace(ring, units=ids)


def _convert(kind: type[T], fields: dict[str, object]) -> T:
    try:
        return msgspec.convert(msgspec.to_builtins(fields), kind)
    except msgspec.ValidationError as error:
        raise _unusable(str(error)) from error


def _unusable(why: str) -> RequestRefused:
    return RequestRefused("plan-unusable", why, "see fleet rollout start --help")
