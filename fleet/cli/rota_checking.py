"""`fleet rota check`: what the rules say of a rota's period, asked of the controller or worked out here from a file."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import plan_named, rota_named
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_files import read_book_file
from fleet.cli.rota_times import Since, Until, instant_of, period_of, said
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from fleet.rota.rules.comparison import GRAVE
from protocols.rota.findings import ANSWER_ORDER, Answer, Assessment, Finding

_COUNTED: dict[Answer, tuple[str, str]] = {
    "breach": ("breach", "breaches"),
    "fault": ("fault", "faults"),
    "needs compensatory rest": ("that needs compensatory rest", "that need compensatory rest"),
    "warning": ("warning", "warnings"),
    "ok": ("ok", "ok"),
}


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(check)


def check(
    rota: Annotated[str | None, Parameter(help="The rota's id, the beginning of it, or its name.")] = None,
    *,
    file: Annotated[
        Path | None,
        Parameter(
            allow_leading_hyphen=True, help="A rota's book, judged here without a controller; - is standard input."
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    plan: Annotated[str | None, Parameter(help="As this plan would make it; the id, or the beginning of it.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Judge a rota by working-time law, cover, competence and the rules of the house; the worst first.

    A file is the book that fleet rota book wrote, with its own period. The answers are ok, needs compensatory rest, or
    breach, with the regulation, and never a claim of legal certainty.

    Exit code 1 when there is a breach or a fault.
    """
    if (rota is None) == (file is None):
        raise CommandIncomplete("rota-unnamed", "name a rota or a --file, one of them", "see fleet rota check --help")
    if file is not None:
        if (since, until, plan) != (None, None, None):
            detail = "a file has its own period, and no plans"
            raise CommandIncomplete("file-alone", detail, "leave out --since, --until and --plan")
        zone, found = _judged(file)
    else:
        zone, found = ask(client, lambda door: _asked(door, rota, since, until, plan))
    if json:
        print_json(found)
    else:
        print_findings(found.findings, zone)
        print_line(f"score {found.quality.score:g} of 100; {counts_words(counts_of(found.findings))}")
    if any(one.answer in GRAVE for one in found.findings):
        sys.exit(1)


def print_findings(findings: Sequence[Finding], zone: str, empty: str = "nothing is amiss") -> None:
    """Findings as a table, the worst first, in the zone's times."""
    columns = ("answer", "rule", "regulation", "who", f"from ({zone})", "until", "what")
    worst = sorted(findings, key=lambda one: (ANSWER_ORDER.index(one.answer), one.starts_at, one.rule))
    rows = [
        (
            one.answer,
            one.rule,
            one.regulation,
            ", ".join(one.persons),
            said(one.starts_at, zone),
            said(one.ends_at, zone),
            ": ".join(filter(None, (one.sentence, one.remedy))),
        )
        for one in worst
    ]
    print_table(columns, rows, empty=empty, free=["what"])


def counts_of(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are by answer."""
    return dict(Counter(one.answer for one in findings))


def counts_words(counts: dict[str, int]) -> str:
    """How many findings there are of each answer, the worst first."""
    return ", ".join(f"{counts[one]} {_COUNTED[one][counts[one] != 1]}" for one in ANSWER_ORDER if counts.get(one)) or (
        "no findings"
    )


async def _asked(
    door: FleetClient, rota: str | None, since: str | None, until: str | None, plan: str | None
) -> tuple[str, Assessment]:
    """The rota's zone, and what the controller says of the period; of a plan's, where no other is named."""
    named, now = await rota_named(door, rota), datetime.now(UTC)
    if plan is None:
        period = period_of(since, until, named.zone, now, named.published_until)
        return named.zone, await door.check_rota(named.rota, *period)
    drafted = await plan_named(door, plan)
    starts_at = drafted.starts_at if since is None else instant_of(since, named.zone, now)
    ends_at = drafted.ends_at if until is None else instant_of(until, named.zone, now)
    return named.zone, await door.check_rota(named.rota, starts_at, ends_at, drafted.plan)


def _judged(file: Path) -> tuple[str, Assessment]:
    from fleet.rota.rules.assessment import assess  # noqa: PLC0415 - every rule; mostly the controller applies them

    book = read_book_file(file)
    return book.rota.zone, assess(book)
