"""`fleet log error`: what was found outside a mandate, and how far people have come with it."""

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.options import why_unreadable
from fleet.cli.output import print_facts, print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.client.files import read_small
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.api.log import AccountText, ErrorReportView

app = App(name="error", help="Error reports: list, show, account, submit, return, close.")

_MAX_SIGNS = 2000
_MAX_BYTES = 16 * 1024
_WHOLE_ID = re.compile(r"[0-9a-f]{24}")

Step = Callable[[FleetClient, str, str], Awaitable[ErrorReportView]]
Report = Annotated[str, Parameter(help="The report's id, or the beginning of it.")]
Words = Annotated[str | None, Parameter(name="--text", help="What to say, at most 2000 signs.")]
WordsFile = Annotated[
    Path | None, Parameter(name="--file", help="A file with what to say. Without --text and --file it is read here.")
]


@app.command(name="list")
def list_(
    *,
    open_only: Annotated[bool, Parameter(name="--open", negative="", help="Only those not closed.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """List error reports: open ones first, the oldest of them first, then closed ones.

    That you looked becomes an entry of the log.
    """
    found = ask(client, lambda door: door.error_reports(open_only=open_only))
    if json:
        print_json(found)
        return
    rows = [(one.report_id, one.found_at, one.label or one.unit_id, one.cause, one.state, one.summary) for one in found]
    columns = ("report", "found", "unit", "cause", "state", "summary")
    print_table(columns, rows, empty="no error report", free=["summary"])


@app.command
def show(report: Report, *, client: Config = None, json: Json = False) -> None:
    """Show an error report with its evidence. That you looked becomes an entry of the log."""
    found = ask(client, lambda door: _shown(door, report))
    if json:
        print_json(found)
    else:
        print_facts(_facts(found))


def _facts(found: ErrorReportView) -> list[tuple[str, object]]:
    outcome = "outcome" if found.state == "closed" else "came back because"
    return [
        ("report", found.report_id),
        ("state", found.state),
        ("unit", found.unit_id),
        ("label", found.label),
        ("cause", found.cause),
        ("summary", found.summary),
        ("found", found.found_at),
        ("evidence", found.evidence),
        ("account", found.account.split("\n") if found.account else None),
        ("accounted by", found.accounted_by),
        ("accounted at", found.accounted_at),
        ("submitted by", found.submitted_by),
        ("submitted at", found.submitted_at),
        (outcome, found.outcome.split("\n") if found.outcome else None),
        ("closed by", found.closed_by),
        ("closed at", found.closed_at),
    ]


@app.command
def account(
    report: Report, *, text: Words = None, file: WordsFile = None, client: Config = None, json: Json = False
) -> None:
    """Say what happened and why (a supervisor); in place of an earlier account until it is submitted."""
    _step(FleetClient.account_for_error, report, _words(text, file), client, json=json)


@app.command
def submit(
    report: Report, *, text: Words = None, file: WordsFile = None, client: Config = None, json: Json = False
) -> None:
    """Lay an accounted report before an approver (a supervisor), with a remark."""
    _step(FleetClient.submit_error_report, report, _words(text, file), client, json=json)


@app.command(name="return")
def give_back(
    report: Report, *, text: Words = None, file: WordsFile = None, client: Config = None, json: Json = False
) -> None:
    """Return a submitted report to the supervisors (an approver), and say why."""
    _step(FleetClient.return_error_report, report, _words(text, file), client, json=json)


@app.command
def close(
    report: Report, *, text: Words = None, file: WordsFile = None, client: Config = None, json: Json = False
) -> None:
    """End a submitted report (an approver who took no step in it and no part in the opening or its mandate);
    say what follows."""
    _step(FleetClient.close_error_report, report, _words(text, file), client, json=json)


async def _shown(door: FleetClient, report: str) -> ErrorReportView:
    return await door.error_report(await _id_of(door, report))


async def _id_of(door: FleetClient, report: str) -> str:
    if _WHOLE_ID.fullmatch(report):
        return report
    known = {one.report_id: "" for one in await door.error_reports()}
    return the_one("error report", report, known, "fleet log error list")


def _step(step: Step, report: str, text: str, client: Config, *, json: bool) -> None:
    async def take(door: FleetClient) -> ErrorReportView:
        return await step(door, await _id_of(door, report), text)

    found = ask(client, take)
    if json:
        print_json(found)
    else:
        print_line(f"error report {found.report_id} is {found.state}")


def _words(text: str | None, file: Path | None) -> str:
    """What the person says: the option, the file, or standard input; raises RequestRefused."""
    if text is not None and file is not None:
        raise CommandIncomplete("text-twice", "--text and --file say the same thing twice", "give one of them")
    try:
        said = text if text is not None else _read(file)
        return msgspec.convert(said.strip(), AccountText)
    except (OSError, UnicodeDecodeError) as error:
        said = f"{file or 'standard input'}: {why_unreadable(error)}"
        raise RequestRefused("text-unreadable", said, "give plain text") from error
    except msgspec.ValidationError as error:
        raise RequestRefused(
            "text-unusable", f"a text has 1 to {_MAX_SIGNS} signs and no control signs", "say it in fewer words"
        ) from error


def _read(file: Path | None) -> str:
    if file is not None:
        return read_small(file, _MAX_BYTES).decode()
    return sys.stdin.buffer.read(_MAX_BYTES).decode()
