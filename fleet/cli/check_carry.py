"""`fleet carry`: a lease for a unit without coverage, carried by an engineer's laptop."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from fleet.cli.door import Config, ask
from fleet.cli.output import print_json
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.checks import CarriedLease, CarriedRequest

_MAX_CHARS = 64 * 1024
_STANDARD_INPUT = Path("-")


def carry(
    request: Annotated[
        Path, Parameter(allow_leading_hyphen=True, help="File with what the unit asks for, - for standard input.")
    ],
    *,
    client: Config = None,
) -> None:
    """Get a lease to be carried to a unit without coverage, for what `edge-agent carried ask` printed there.

    Standard output is the lease alone, for `edge-agent carried open`. It can be used once, within 15 minutes of the
    moment the unit was asked. Only for picture and sound, and for no bench mandate.
    """
    asked = read_request(request)
    print_json(ask(client, lambda door: _lease(door, asked)))


async def _lease(door: FleetClient, asked: CarriedRequest) -> CarriedLease:
    """The lease; raises RequestRefused, before one is granted and counted, for what it would be of no use for."""
    if "position" in asked.modalities:
        raise RequestRefused(
            "not-carried",
            "a position is not carried: it is for finding a unit, and whoever carries a lease stands beside it",
            "ask the unit for --video or --audio; where it has coverage: fleet position",
        )
    if (await door.mandate(asked.mandate)).kind == "bench":
        raise RequestRefused(
            "not-carried",
            f"{asked.mandate} is a bench mandate, and its unit would refuse a carried lease",
            "check the unit on the workshop's network: fleet check UNIT --once",
        )
    return await door.carried_lease(asked)


def read_request(path: Path) -> CarriedRequest:
    """What is in the file at `path`; raises RequestRefused."""
    try:
        if path == _STANDARD_INPUT:
            text = sys.stdin.read(_MAX_CHARS)
        else:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_MAX_CHARS)
        return msgspec.json.decode(text, type=CarriedRequest)
    except OSError as error:
        raise RequestRefused("file-unreadable", f"{path}: {error.strerror}", "name the file") from error
    except (msgspec.DecodeError, RecursionError) as error:
        said = f"{path} does not hold what a unit asks for ({error})"
        raise RequestRefused("request-unreadable", said, "copy the whole line of edge-agent carried ask") from error
