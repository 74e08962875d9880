"""`fleet wiring list`, `keep` and `show`: harnesses that the controller keeps."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.options import WholeNumber
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.cli.wiring_files import STANDARD, PlanFile, read_plan_file, write_bytes
from fleet.cli.wiring_painted import print_marks, terminal_width
from fleet.client import FleetClient
from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.diagram import LEAST_WIDTH, diagram
from fleet.wiring.rules.reading import read_plan
from protocols.api.wiring import HarnessRow, HarnessView
from protocols.people import MAX_VERSION
from protocols.wiring.policy import WiringPolicy

_PAGE = 200
HarnessName = Annotated[str, Parameter(help="Its id, the beginning of it, or the plan's name.")]
Revision = Annotated[
    int, Parameter(validator=WholeNumber(0, MAX_VERSION), help="Which revision; without it the newest.")
]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    app.command(list_, name="list")
    app.command(keep)
    app.command(show)


async def every_harness(door: FleetClient, words: str = "") -> list[HarnessRow]:
    """All harnesses in which each of `words` occurs; raises ClientError."""
    rows: list[HarnessRow] = []
    while True:
        page = await door.harnesses(words, offset=len(rows), limit=_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def harness_named(door: FleetClient, typed: str) -> str:
    """The id of the harness that `typed` stands for; raises NotFound, Conflict, ClientError."""
    labels = {row.harness: row.name for row in await every_harness(door)}
    return the_one("harness", typed, labels, "fleet wiring list")


def list_(
    words: Annotated[str, Parameter(help="Only those in which each of these words occurs.")] = "",
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """List the harnesses that the controller keeps, each as its newest revision is."""
    rows = ask(client, lambda door: every_harness(door, words))
    if json:
        print_json(rows)
        return
    table = [
        (
            row.harness,
            row.name,
            row.title,
            row.system_v,
            row.loads,
            verdict_words(row),
            row.revision,
            row.kept_at,
            row.deployments,
        )
        for row in rows
    ]
    columns = ("harness", "name", "title", "V", "loads", "checks", "revision", "kept", "deployments")
    print_table(columns, table, empty="the controller keeps no harness", free=["title", "checks"])


def keep(
    file: PlanFile,
    *,
    harness: Annotated[
        str | None, Parameter(help="Keep it as the next revision of this one; without it as a new harness.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Keep a plan's file at the controller, as it is, comments included.

    One that fails is kept too; it can not be given to a deployment where what fails is of safety.
    """
    read = read_plan_file(file)
    namesakes: list[str] = []

    async def kept(door: FleetClient) -> HarnessView:
        if harness is None:
            rows = await every_harness(door, read.plan.name)
            namesakes.extend(one.harness for one in rows if one.name == read.plan.name)
            return await door.keep_harness(read.text)
        seen = await door.harness(await harness_named(door, harness))
        return await door.revise_harness(seen.row.harness, seen.row.revision, read.text)

    found = ask(client, kept)
    if json:
        print_json(found)
        return
    row = found.row
    print_line(f"{row.harness} {row.name} is kept, revision {row.revision}; {verdict_words(row)}")
    if namesakes:
        print_remark(f"of the same name: {', '.join(namesakes)}; name each by its id; --harness keeps a next revision")


def show(
    harness: HarnessName,
    *,
    revision: Revision = 0,
    text: Annotated[bool, Parameter(negative="", help="Only the file's exact text.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a harness with its revisions and its diagram, judged by the thresholds of the house as they are now."""

    async def asked(door: FleetClient) -> tuple[HarnessView, WiringPolicy]:
        named = await harness_named(door, harness)
        return await door.harness(named, revision), await door.wiring_policy()

    found, policy = ask(client, asked)
    if json:
        print_json(found)
    elif text:
        _print_text(found.text)
    else:
        _print_harness(found, policy)


def verdict_words(row: HarnessRow) -> str:
    """What the rules said of a harness when it was kept."""
    counts = [f"{row.failed} fail"] * bool(row.failed) + [f"{row.unjudged} not judged"] * bool(row.unjudged)
    return ", ".join([*(counts or ["all pass"]), "may be fitted" if row.may_be_fitted else "not to be fitted"])


def _print_text(text: str) -> None:
    """To a file or a program the exact text, to a terminal nothing that steers it."""
    if sys.stdout.isatty():
        print_line(text.removesuffix("\n"))
    else:
        write_bytes(STANDARD, text.encode())


def _print_harness(found: HarnessView, policy: WiringPolicy) -> None:
    row, revision = found.row, found.revision
    print_facts(
        [
            ("harness", row.harness),
            ("revision", f"{revision.revision} of {row.revision}"),
            ("kept", f"{moment(revision.kept_at)} by {revision.kept_by}"),
            ("sha256", revision.sha256),
            ("when kept", verdict_words(row) if revision.revision == row.revision else None),
            ("deployments", row.deployments),
        ]
    )
    plan = read_plan(found.text).plan
    if plan is not None:
        print_line("")
        print_marks(diagram(plan, assess(plan, policy), max(LEAST_WIDTH, terminal_width())))
    if len(found.revisions) > 1:
        print_line("")
        rows = [(one.revision, one.kept_at, one.kept_by, one.sha256) for one in found.revisions]
        print_table(("revision", "kept", "by", "sha256"), rows, empty="there is one revision")
