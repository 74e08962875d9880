"""`fleet check`: see once that picture and sound of a unit are as they should be; list and close checks."""

import re
import sys
from shutil import get_terminal_size
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.check_once import STILL_COLUMNS, STILL_ROWS, check_once
from fleet.cli.check_still import PicturesUnavailable, half_blocks
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import check_named, unit_named
from fleet.cli.options import Form, ShortLine, UnitName, WholeNumber
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.access_record import Modality
from protocols.api.checks import CheckResult, CheckView, Measure, Verdict
from protocols.measure_words import limit_words, value_words
from protocols.text import escaped

app = App(name="check", help="Checks of a unit's picture and sound: one now, the list, closing one.")

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
        validator=Form(re.compile(r"open-[0-9a-f]{1,24}"), "a check's id, as fleet check list shows it"),
        help="The check's id; of one that is open, the beginning of it.",
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
    still, view = ask(client, lambda door: check_once(door, unit, wanted, mandate, kbit))
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
    limit: Annotated[int, Parameter(validator=WholeNumber(1, 100), help="How many at the most.")] = 20,
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
    if note and result == "unjudged":
        raise CommandIncomplete("not-judged", "a note says why a check passed or failed", "add --passed or --failed")

    async def closed(door: FleetClient) -> CheckView:
        return await door.close_check(await check_named(door, opening), Verdict(result=result, note=note))

    view = ask(client, closed)
    if view.state == "refused" and result != "unjudged":
        said = f"{view.opening} was refused ({view.reason}): it opened nothing that could have {result}"
        raise RequestRefused("not-opened", said, "begin another: fleet check UNIT --once")
    if json:
        print_json(view)
        return
    done = "was refused" if view.state == "refused" else "is closed"
    open_for = "—" if view.open_s is None else view.open_s
    judged = "" if result == "unjudged" else f"; judged {result}"
    print_line(f"{view.opening} {done} ({view.reason}); open for {open_for} s{judged}")


def _show(view: CheckView, still: bytes | None) -> None:
    if still is not None and sys.stdout.isatty():
        size = get_terminal_size()
        try:
            sys.stdout.write(half_blocks(still, min(size.columns, STILL_COLUMNS), min(size.lines - 12, STILL_ROWS)))
        except PicturesUnavailable as error:
            print_remark(str(error))
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
    why = ": ".join(part for part in (one.reason, escaped(one.detail), escaped(one.note)) if part)
    what = "+".join(one.modalities)
    return (one.opening, one.begun_at, what, one.person, one.mandate, one.state, one.open_s, measures, result, why)
