"""`fleet kit scan`: custody out, in and from hand to hand, by codes that are typed or that a scanner types."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, moment_ahead
from fleet.cli.deployment_options import DEPLOYMENT_FORM, number_of
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import PLACE_FORM, Note
from fleet.cli.output import print_json, print_line, print_remark
from fleet.cli.typed_lines import typed_lines
from fleet.client import FleetClient, Refused
from fleet.errors import RequestRefused
from fleet.kit.rules.codes import typed_code
from protocols.api.kit import Scan, ScanResult
from protocols.api.problems import Problem
from protocols.kit import Condition

Way = Literal["out", "in", "hand-over"]
_MAX_CODES = 500


class ScanTold(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one code: a result, or why not. Printed as one line of JSON each."""

    code: str
    result: ScanResult | None = None
    problem: Problem | None = None


def add_commands(app: App) -> None:
    """Make the command part of `fleet kit`."""
    app.command(scan)


def scan(
    way: Annotated[Way, Parameter(help="out: you take it; in: it is put back; hand-over: you take it from another.")],
    codes: Annotated[list[str] | None, Parameter(negative="", help="Codes; without any, a line each is read.")] = None,
    *,
    deployment: Annotated[
        str | None, Parameter(name=("--deployment", "--for"), validator=DEPLOYMENT_FORM, help="What it goes out for.")
    ] = None,
    place: Annotated[
        str | None,
        Parameter(name=("--place", "--to"), validator=PLACE_FORM, help="The store that it is put in; the one before."),
    ] = None,
    back: Annotated[
        str | None, Parameter(validator=AHEAD_FORM, help="When it is expected back, for the bench: a time, or +7d.")
    ] = None,
    condition: Annotated[Condition | None, Parameter(help="What it looks like.")] = None,
    note: Note = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Take kit out, put it back, or take it over, by the codes on its labels. Without CODES they are read line by line
    from standard input, as a USB scanner types them; each is told at once.

    Exit code 3 where any was refused.
    """
    by = None if back is None else moment_ahead(back, datetime.now(UTC))
    which = None if deployment is None else number_of(deployment)

    async def each(door: FleetClient) -> tuple[int, int]:
        asked = refused = 0
        async for typed in _given(codes or []):
            asked += 1
            told = await _one(door, typed, not codes)
            refused += told.problem is not None
            _tell(told, json=json)
        return asked, refused

    async def _one(door: FleetClient, typed: str, scanned: bool) -> ScanTold:
        code = typed_code(typed)
        if code is None:
            said = Problem(code="code-unreadable", message=f"{typed!r} is no code", remedy="read the label, as K-0042")
            return ScanTold(code=typed, problem=said)
        new = Scan(
            item=code,
            way=way,
            how="scan" if scanned else "typed",
            deployment=which,
            place=place,
            expected_back_at=by,
            condition=condition,
            note=note,
        )
        try:
            return ScanTold(code=code, result=await door.scan_kit(new))
        except Refused as error:
            return ScanTold(code=code, problem=error.problem)

    asked, refused = ask(client, each)
    if refused:
        raise RequestRefused("scans-refused", f"{refused} of {asked} were refused", "see above")
    if not asked:
        raise RequestRefused("nothing-scanned", "no code was given", "type codes, or scan labels")


async def _given(codes: list[str]) -> AsyncIterator[str]:
    """The codes that were typed, else those that are read."""
    if codes:
        for code in codes[:_MAX_CODES]:
            yield code
        return
    if sys.stdin.isatty():
        print_remark("scan labels, or type codes; Ctrl-D ends")
    async for line in typed_lines():
        yield line


def _tell(told: ScanTold, *, json: bool) -> None:
    if json:
        print_json(told)
    elif told.result is not None:
        print_line(told.result.sentence)
    elif told.problem is not None:
        print_remark(f"REFUSED {told.code}: {told.problem.message}: {told.problem.remedy}")
    sys.stdout.flush()
