"""Which entries of the log a command is about."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.names import unit_named
from fleet.cli.options import PERSON_FORM, Form, span
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.log import LogQuery

_SPAN = r"[1-9][0-9]{0,5} ?(?:s|min|h|d)"
_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_WHEN = re.compile(rf"{_SPAN}|{_DAY}(?:[T ]{_CLOCK})?", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z0-9./_-]{1,60}", re.ASCII)
_KIND = re.compile(r"[a-z.-]{1,40}", re.ASCII)

WHEN_FORM = Form(_WHEN, "a day or time as 2026-11-22 or 2026-11-22T14:02, or a length of time back from now as 7d")
REFERENCE_FORM = Form(_REFERENCE, "1 to 60 letters, digits, dots, dashes, slashes")
KIND_FORM = Form(_KIND, "a kind of entry or its beginning, as lease. or unit.revoked")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the entries have in common; all that is given has to hold."""

    unit: Annotated[str | None, Parameter(help="The unit's id, the beginning of it, or its label.")] = None
    person: Annotated[
        str | None, Parameter(validator=PERSON_FORM, help="Who did it, or whom it is about, as TO-12.")
    ] = None
    authority: Annotated[str | None, Parameter(validator=REFERENCE_FORM, help="The authority's reference.")] = None
    deployment: Annotated[str | None, Parameter(validator=REFERENCE_FORM, help="The deployment's reference.")] = None
    kind: Annotated[str | None, Parameter(validator=KIND_FORM, help="How the kind begins, as lease.")] = None
    since: Annotated[
        str | None, Parameter(validator=WHEN_FORM, help="From when on, as 2026-11-22, 2026-11-22T14:02 or 7d.")
    ] = None
    until: Annotated[str | None, Parameter(validator=WHEN_FORM, help="Until before when, in the same forms.")] = None

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing."""
        return self == Scope()


async def query_for(door: FleetClient, scope: Scope, now: datetime | None = None) -> LogQuery:
    """The query that `scope` means at `now`; raises NotFound, Conflict, ClientError for the unit's name,
    RequestRefused for a day that is not in the calendar."""
    at = now or datetime.now(UTC)
    return LogQuery(
        unit=None if scope.unit is None else await unit_named(door, scope.unit),
        person=scope.person,
        authority=scope.authority,
        deployment=scope.deployment,
        kind=scope.kind,
        since=None if scope.since is None else moment_of(scope.since, at),
        until=None if scope.until is None else moment_of(scope.until, at),
    )


def moment_of(text: str, now: datetime) -> datetime:
    """The time that `text` says, once WHEN_FORM has let it pass: without a zone, in this machine's.

    Raises RequestRefused for a day that its month does not have.
    """
    if not re.match(_DAY, text):
        return now - span(text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise RequestRefused("time-unknown", f"{text}: {error}", "correct it") from error
