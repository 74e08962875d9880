"""`fleet deployment advise`: what could be fielded for a kind, and with whom."""

import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, moment_ahead
from fleet.cli.deployment_options import SITE_FORM
from fleet.cli.deployment_shown import wanted_words
from fleet.cli.door import Config, Json, ask
from fleet.cli.output import moment, print_json, print_line, print_table
from protocols.api.advice import Advice
from protocols.deployments import DeploymentKind

_NAMED = 8


def add_commands(app: App) -> None:
    """Make this command part of `fleet deployment`."""
    app.command(advise)


def advise(
    kind: DeploymentKind,
    *,
    at: Annotated[
        str, Parameter(validator=AHEAD_FORM, help="From when: now, 2026-11-22T20:00, or 8h from now.")
    ] = "now",
    until: Annotated[
        str | None, Parameter(validator=AHEAD_FORM, help="Until when, in the same forms; without it, 12 h later.")
    ] = None,
    site: Annotated[str | None, Parameter(validator=SITE_FORM, help="For this site: its survey counts too.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Say what could be fielded for a kind, how often, with whom, and what is missing. Nothing is kept.

    Exit code 1 when it is not possible.

    Parameters
    ----------
    kind
        What for.
    """
    now = datetime.now(UTC)
    starts_at = None if at == "now" else moment_ahead(at, now)
    ends_at = None if until is None else moment_ahead(until, now)
    found = ask(client, lambda door: door.advice(kind, at=starts_at, until=ends_at, site=site))
    if json:
        print_json(found)
    else:
        _print(found)
    if not found.possible:
        sys.exit(1)


def _print(found: Advice) -> None:
    how = f"possible, {found.at_most} at most" if found.possible else "NOT POSSIBLE"
    print_line(f"{found.kind} from {moment(found.starts_at)} until {moment(found.until)}: {how}")
    for one in found.missing:
        print_line(f"missing: {one}")
    print_line("\nkit")
    kit = [
        (wanted_words(one.wanted), len(one.items), one.missing or None, _some(one.items), _some(one.held_back))
        for one in found.kit
    ]
    columns = ("wanted", "found", "missing", "which", "held back")
    print_table(columns, kit, empty="it wants no kit", free=["held back"])
    print_line(f"\npeople; a team that covers the work: {', '.join(found.team) or 'none'}")
    people = [
        (
            one.person,
            "yes" if one.free else "no",
            one.on_call,
            ", ".join(one.works),
            [f"{each.answer}: {each.sentence}" for each in one.findings],
        )
        for one in found.people
    ]
    print_table(("person", "free", "on call", "may do", "remarks"), people, empty="there is nobody", free=["remarks"])


def _some(every: list[str]) -> list[str]:
    more = len(every) - _NAMED
    return every[:_NAMED] + ([f"and {more} more"] if more > 0 else [])
