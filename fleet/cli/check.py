"""`fleet check`: see once that picture and sound of a unit are as they should be; list and close checks."""

import asyncio
import re
import sys
import time
from shutil import get_terminal_size
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.check_still import half_blocks
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import Form, ShortLine, UnitName, WholeNumber
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from protocols.access_record import Modality
from protocols.api.checks import CheckResult, CheckView, Measure, NewCheck, PreviewNews, UnitAccess, Verdict
from protocols.measure_words import limit_words, value_words
from protocols.text import escaped

app = App(name="check", help="Checks of a unit's picture and sound: one now, the list, closing one.")

ENDED = {"closed", "refused"}
_MEASURED_S = 5.0
"""So long a picture has to come for the certificate to tell a frozen one."""
_LIMIT_S = 45.0
_STILL_COLUMNS = 100
_STILL_ROWS = 40

Mandate = Annotated[
    str | None,
    Parameter(
        validator=Form(re.compile(r"M-[0-9a-f]{12}"), "a mandate's id, as M-0123456789ab"),
        help="The mandate to open it under; without one, the only one that is live.",
    ),
]
OpeningName = Annotated[
    str,
    Parameter(
        validator=Form(re.compile(r"open-[0-9a-f]{24}"), "a check's id, as fleet check list shows it"),
        help="The check's id.",
    ),
]
Wanted = Annotated[bool, Parameter(negative="")]


@app.default
def check(
    unit: UnitName,
    *,
    once: Wanted = False,
    video: Wanted = False,
    audio: Wanted = False,
    mandate: Mandate = None,
    kbit: Annotated[int, Parameter(validator=WholeNumber(8, 2000), help="At most so many kbit a second.")] = 24,
    client: Config = None,
    json: Json = False,
) -> None:
    """Open the unit's camera and microphone, take one still and the numbers, and close. To watch: the console.

    Exit code 0 when every measure that could be taken passed, 1 when one failed or none could be taken.

    Parameters
    ----------
    once
        Has to be given: nothing else can be done from a command.
    video
        The picture; with neither this nor --audio, what the mandate covers.
    audio
        The sound.
    """
    if not once:
        raise CommandIncomplete("not-once", "a command can only check once", "add --once, or watch: fleet-console")
    named: list[tuple[Modality, bool]] = [("video", video), ("audio", audio)]
    wanted = [modality for modality, is_wanted in named if is_wanted]
    still, view = ask(client, lambda door: _once(door, unit, wanted, mandate, kbit))
    if json:
        print_json(view)
    else:
        _show(view, still)
    if view.readiness is None or not view.readiness.passed:
        sys.exit(1)


@app.command(name="list")
def list_checks(
    unit: UnitName,
    *,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, 100))] = 20,
    client: Config = None,
    json: Json = False,
) -> None:
    """List a unit's checks, newest first, with what they found."""

    async def of_unit(door: FleetClient) -> list[CheckView]:
        return await door.checks(await unit_named(door, unit), limit)

    found = ask(client, of_unit)
    if json:
        print_json(found)
        return
    columns = ("check", "begun", "what", "who", "mandate", "state", "open s", "measures", "result", "why")
    print_table(columns, [_row(one) for one in found], empty="no checks", free=["why"])


@app.command
def close(
    opening: OpeningName,
    *,
    passed: Wanted = False,
    failed: Wanted = False,
    note: Annotated[str, Parameter(validator=ShortLine(0, 200), help="Why, in one line; it goes into the log.")] = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Close a check, and say what you make of it; or judge one that has closed.

    Parameters
    ----------
    passed
        The unit works as it should.
    failed
        It does not.
    """
    if passed and failed:
        raise CommandIncomplete("both", "it can not both pass and fail", "give one of --passed and --failed")
    result: CheckResult = "passed" if passed else "failed" if failed else "unjudged"
    view = ask(client, lambda door: door.close_check(opening, Verdict(result=result, note=note)))
    if json:
        print_json(view)
    else:
        print_line(f"{opening} is closed ({view.reason}); open for {view.open_s if view.open_s is not None else '—'} s")


async def _once(
    door: FleetClient, typed: str, wanted: list[Modality], mandate: str | None, kbit: int
) -> tuple[bytes | None, CheckView]:
    """The still, if there is one, and how the check ended. What is begun here is closed, whatever happens; a check that
    went on already is left to whoever began it."""
    unit_id = await unit_named(door, typed)
    if not wanted:
        wanted = _covered(await door.access(unit_id), mandate)
    view = await door.begin_check(unit_id, NewCheck(modalities=wanted, mandate=mandate))
    if view.state != "asking":
        print_remark(f"{view.person} has it open already: this only watches, and leaves no certificate")
        return await _watch(door, view.opening, set(wanted), kbit), await door.check(view.opening)
    try:
        still = await _watch(door, view.opening, set(wanted), kbit)
    finally:
        view = await asyncio.shield(door.close_check(view.opening, Verdict()))
    return still, view


def _covered(access: UnitAccess, mandate: str | None) -> list[Modality]:
    """Picture and sound, as far as a mandate covers them; both where that is left to the controller to refuse."""
    live = [one for one in access.mandates if mandate in {None, one.mandate}]
    both: list[Modality] = ["video", "audio"]
    covered = [each for each in both if any(b.allowance.modality == each for one in live for b in one.budgets)]
    return covered or both


async def _watch(door: FleetClient, opening: str, wanted: set[Modality], kbit: int) -> bytes | None:
    """Watch until there is a good still and every figure, a while after it went live; or until the check ends."""
    still: bytes | None = None
    live_s: float | None = None
    began_s = time.monotonic()
    async with door.preview(
        opening, columns=_STILL_COLUMNS, rows=_STILL_ROWS, frames_per_s=0.5, kbit_s=kbit, way="still"
    ) as preview:
        async for item in preview:
            now_s = time.monotonic()
            if isinstance(item, bytes):
                still = item
                continue
            if item.state in ENDED:
                break
            live_s = live_s or (now_s if item.state == "live" else None)
            measured = live_s is not None and now_s - live_s >= _MEASURED_S and _is_complete(item, wanted)
            if (measured and (still is not None or "video" not in wanted)) or now_s - began_s > _LIMIT_S:
                break
    return still


def _is_complete(news: PreviewNews, wanted: set[Modality]) -> bool:
    figures = news.figures
    seen = "video" not in wanted or (figures.fps is not None and figures.is_black is not None)
    heard = "audio" not in wanted or figures.level_dbfs is not None
    return seen and heard


def _show(view: CheckView, still: bytes | None) -> None:
    if still is not None and sys.stdout.isatty():
        size = get_terminal_size()
        sys.stdout.write(half_blocks(still, min(size.columns, _STILL_COLUMNS), min(size.lines - 12, _STILL_ROWS)))
    print_facts(
        [
            ("unit", view.unit),
            ("check", view.opening),
            ("logged", escaped(view.sentence)),
            ("ended", ": ".join(part for part in (view.reason, escaped(view.detail)) if part)),
            ("open s", view.open_s),
        ]
    )
    if view.readiness is None:
        print_remark("nothing could be measured")
        return
    rows = [_measure_row(one) for one in view.readiness.measures]
    print_table(("measure", "result", "value", "limit", "why"), rows, empty="", free=["why"])


def _measure_row(one: Measure) -> tuple[object, ...]:
    return (one.name, one.result, value_words(one), limit_words(one), escaped(one.reason))


def _row(one: CheckView) -> tuple[object, ...]:
    passed = None if one.readiness is None else one.readiness.passed
    measures = {True: "pass", False: "fail", None: None}[passed]
    result = one.readiness.result if one.readiness is not None else None
    why = ": ".join(part for part in (one.reason, escaped(one.detail)) if part)
    what = "+".join(one.modalities)
    return (one.opening, one.begun_at, what, one.person, one.mandate, one.state, one.open_s, measures, result, why)
