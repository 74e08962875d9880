"""`fleet log openings`: who opened what, when, under which authority, and was it inside the mandate."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from msgspec.structs import replace

from fleet.cli.door import Config, Json, ask
from fleet.cli.files import check_new, write_new
from fleet.cli.log_scope import Scope, query_for
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.log import MAX_ENTRIES, EntryView, OpeningsPage, OpeningView, Verdict
from protocols.text import escaped

ReportForm = Literal["csv", "pdf"]
_NEVER = "lease.refused"
_OPENED_NOTHING: frozenset[Verdict] = frozenset({"refused", "unopened"})


class _NoLease(msgspec.Struct):
    """What the entry of a lease that was refused says."""

    rule: str
    modalities: list[str]
    mandate: str | None = None


def openings(
    *,
    scope: Scope | None = None,
    refused: Annotated[
        bool, Parameter(help="List leases that opened nothing, and refusals of leases, too.", negative="")
    ] = False,
    csv: Annotated[Path | None, Parameter(help="Write the report to this new CSV file.")] = None,
    pdf: Annotated[Path | None, Parameter(help="Write the report to this new PDF file.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Who opened what, when, under which authority, and was it inside the mandate; newest first.

    Leases that opened nothing are counted, and listed with --refused: as refused, by the unit's rule, or as unopened.
    Files and --json hold them always. What was refused before there was a lease, by the controller, or by the unit when
    it was asked, is no opening: --refused lists it as no lease, from the entries lease.refused.

    Making a report becomes an entry of the log, with the SHA-256 of its file.
    """
    if csv is not None or pdf is not None:
        files: list[tuple[ReportForm, Path]] = [("csv", csv)] if csv is not None else []
        files += [("pdf", pdf)] if pdf is not None else []
        ask(client, lambda door: _write(door, scope or Scope(), files))
        if not json:
            print_line(", ".join(escaped(str(path)) for _, path in files))
            return
    found, never = ask(client, lambda door: _found(door, scope or Scope(), refused=refused and not json))
    if json:
        print_json(found)
        return
    columns = ("at", "unit", "what", "who", "authority", "mandate", "open s", "verdict", "why", "for")
    nothing = Counter(one.verdict for one in found.openings if one.verdict in _OPENED_NOTHING and not refused)
    rows = [_row(one) for one in found.openings if one.verdict not in nothing]
    rows = sorted([*rows, *map(_refusal_row, never)], key=_when, reverse=True) if never else rows
    print_table(columns, rows, empty="nothing was opened that is so", free=["why", "for"])
    if nothing:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(nothing.items()))
        print_remark(f"leases that opened nothing are left out ({counts}): --refused lists them too")
    if len(never) == MAX_ENTRIES:
        print_remark(f"of leases that were refused these are the newest {MAX_ENTRIES}: fleet log list --kind {_NEVER}")
    if not found.is_all:
        print_remark("there were more: these are the newest; name a unit, a person or a period to have all of it")


def _row(one: OpeningView) -> tuple[object, ...]:
    at = one.opened_at or one.granted_at or one.unit_opened_at
    refused = [one.close_reason] if one.verdict == "refused" and one.close_reason else []
    why = "; ".join([*refused, *one.faults]) + (f" (error report {one.report})" if one.report else "")
    what = (one.label or one.unit, one.modality, one.person, one.authority, one.mandate)
    return (at, *what, one.open_s, one.verdict, escaped(why.strip()), escaped(one.purpose or ""))


def _refusal_row(entry: EntryView) -> tuple[object, ...]:
    said = msgspec.json.decode(entry.leaf, type=_NoLease)
    what = (entry.label or entry.unit, "+".join(said.modalities), entry.actor, entry.authority, said.mandate)
    return (entry.at, *what, None, "no lease", escaped(said.rule), "")


def _when(row: tuple[object, ...]) -> float:
    return row[0].timestamp() if isinstance(row[0], datetime) else 0.0


async def _found(door: FleetClient, scope: Scope, *, refused: bool) -> tuple[OpeningsPage, list[EntryView]]:
    """Openings, and with `refused` the newest entries of leases that were refused before there was one."""
    query = await query_for(door, scope)
    found = await door.openings(query)
    if not refused or not _NEVER.startswith(query.kind or ""):
        return found, []
    return found, (await door.log_entries(replace(query, kind=_NEVER), limit=MAX_ENTRIES)).entries


async def _write(door: FleetClient, scope: Scope, files: list[tuple[ReportForm, Path]]) -> None:
    """Write reports to new files; nothing is asked for when one of them can not be made."""
    query = await query_for(door, scope)
    check_new([path for _, path in files])
    for form, path in files:
        write_new(path, await door.openings_report(query, form))
