"""`fleet rota hours`: a month's hours and allowances of a rota for payroll."""

import csv as comma_separated
import io
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.cli.rota_files import read_salaries
from fleet.cli.rota_options import RotaName
from fleet.cli.rota_times import MONTH_FORM, month_of, said
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from fleet.rota.rules.allowance import monthly_allowance_gbp
from protocols.api.call_outs import HoursReport, HoursRow

COLUMNS = (
    "person",
    "month",
    "primary_h",
    "secondary_h",
    "call_outs",
    "call_out_h",
    "call_out_night_h",
    "call_out_bank_holiday_h",
    "bank_holidays",
    "festive_days",
    "rest_owed_at_end_h",
    "allowance_percent",
    "allowance_gbp",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_CENT = Decimal("0.01")
_GBP = COLUMNS.index("allowance_gbp")


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(hours)


def hours(
    rota: RotaName,
    *,
    month: Annotated[
        str | None, Parameter(validator=MONTH_FORM, help="As 2026-10, in the rota's zone; the last that is over.")
    ] = None,
    csv: Annotated[bool, Parameter(negative="", help="Print comma-separated values, for payroll.")] = False,
    salaries: Annotated[
        Path | None,
        Parameter(help="A CSV file person,salary_gbp, pounds a year, for the allowance in pounds; it is never sent."),
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Tell a month's hours on call, call-outs and allowances: of all for who may see working time, else your own.

    Hours are real ones: a week in which clocks change has 167 or 169. Rest is what is owed at the end of the month,
    from earlier months too: it is not to be summed. Seeing others' hours is an entry of the log.
    """
    if csv and json:
        raise CommandIncomplete("two-forms", "--csv and --json are two forms", "take one of them")
    paid = None if salaries is None else read_salaries(salaries)
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> tuple[str, HoursReport]:
        named = await rota_named(door, rota)
        name, period = month_of(month, named.zone, now)
        return name, await door.rota_hours(named.rota, *period)

    name, found = ask(client, look)
    _tell_unfinished(found, now)
    if json:
        print_json(found if paid is None else _with_pounds(found, paid))
        return
    lines = [cells(row, name, paid) for row in found.rows]
    if csv:
        sys.stdout.write(as_csv(lines, pounds=paid is not None))
    else:
        shown = COLUMNS if paid is not None else COLUMNS[:_GBP]
        print_table(shown, [line[: len(shown)] for line in lines], empty=f"no hours in {name} that are yours to see")
        print_line(f"rota {found.rota}, {name}, in {found.zone}")
    if paid is not None:
        _tell_unpaid(found.rows, paid)


def cells(row: HoursRow, month: str, salaries: Mapping[str, Decimal] | None) -> list[str]:
    """A person's line: decimal hours, percent of salary, and pounds a month where their salary is known."""
    salary = None if salaries is None else salaries.get(row.person)
    return [
        row.person,
        month,
        decimal_h(row.primary_min),
        decimal_h(row.secondary_min),
        str(row.call_outs),
        decimal_h(row.call_out_min),
        decimal_h(row.call_out_night_min),
        decimal_h(row.call_out_bank_holiday_min),
        str(row.bank_holidays),
        str(row.festive_days),
        decimal_h(row.rest_owed_min),
        f"{Decimal(row.allowance_permille) / 10:f}",
        "" if salary is None else f"{monthly_allowance_gbp(salary, row.allowance_permille):f}",
    ]


def as_csv(lines: Sequence[Sequence[str]], *, pounds: bool) -> str:
    """RFC 4180 with a head; no cell begins like a formula of a spreadsheet."""
    shown = len(COLUMNS) if pounds else _GBP
    text = io.StringIO(newline="")
    writer = comma_separated.writer(text)
    for line in (COLUMNS, *lines):
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in line[:shown]])
    return text.getvalue()


def decimal_h(minutes: int) -> str:
    """Minutes as hours with two decimals, half of one rounded up."""
    return f"{(Decimal(minutes) / 60).quantize(_CENT, ROUND_HALF_UP):f}"


def _with_pounds(found: HoursReport, salaries: Mapping[str, Decimal]) -> dict[str, object]:
    pounds = {
        row.person: f"{monthly_allowance_gbp(salaries[row.person], row.allowance_permille):f}"
        for row in found.rows
        if row.person in salaries
    }
    return {"report": found, "allowance_gbp": pounds}


def _tell_unfinished(found: HoursReport, now: datetime) -> None:
    if now < found.ends_at:
        planned_from = said(max(now, found.starts_at), found.zone)
        print_remark(f"the month is not over: hours after {planned_from} are as planned")


def _tell_unpaid(rows: Sequence[HoursRow], salaries: Mapping[str, Decimal]) -> None:
    missing = [row.person for row in rows if row.allowance_permille and row.person not in salaries]
    if missing:
        print_remark(f"no salary is known of {', '.join(missing)}: their allowance in pounds is left out")
