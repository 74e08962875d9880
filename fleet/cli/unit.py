"""`fleet unit`: vouchers, joins, and units."""

import sys
from typing import Annotated

import segno
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.output import local_time, print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.joins import JoinView
from protocols.api.units import SettingsChange, UnitDetail, UnitPage, UnitSort
from protocols.health import QUANTITIES
from protocols.joining import display_fingerprint
from protocols.settings import UnitSettings

app = App(name="unit", help="Units: invite, accept, look, ask, set.")
_PAGE = 500


@app.command
def invite(label: str = "", *, qr: bool = False, client: Config = None, json: Json = False) -> None:
    """Make a voucher for one unit, good for 24 hours and shown this once.

    Parameters
    ----------
    label
        The unit's short name. It must not say whom or where the unit serves.
    qr
        Also draw the voucher as a QR code.
    """
    made = ask(client, lambda door: door.invite(label))
    if json:
        print_json({"voucher_id": made.voucher_id, "text": made.text, "expires_at": made.expires_at})
        return
    if qr:
        segno.make(made.text, error="l").terminal(out=sys.stdout, border=2, compact=True)
    print_line(made.text)
    print_line(f"voucher {made.voucher_id}, good until {local_time(made.expires_at)}; it is not shown again")


@app.command
def vouchers(*, client: Config = None, json: Json = False) -> None:
    """List vouchers, newest first."""
    found = ask(client, lambda door: door.vouchers())
    if json:
        print_json(found)
        return
    rows = [(v.voucher_id, v.label, v.state, v.created_by, v.created_at, v.expires_at) for v in found]
    print_table(("voucher", "label", "state", "by", "made", "expires"), rows, empty="no vouchers")


@app.command
def withdraw(voucher_id: str, *, client: Config = None) -> None:
    """Withdraw a voucher that has not been used."""
    ask(client, lambda door: door.withdraw_voucher(voucher_id))
    print_line(f"voucher {voucher_id} is withdrawn")


@app.command
def joins(*, client: Config = None, json: Json = False) -> None:
    """List units that wait to be accepted."""
    found = ask(client, lambda door: door.joins())
    if json:
        print_json(found)
        return
    rows = [
        (j.join_id, j.label, "\n".join(display_fingerprint(j.fingerprint)), j.key_protection, j.model, j.first_seen_at)
        for j in found
    ]
    print_table(("join", "label", "fingerprint", "key", "model", "waits since"), rows, empty="no unit waits")


@app.command
def accept(
    join_id: str,
    *,
    fingerprint: Annotated[str | None, Parameter(help="The fingerprint you compared, whole.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Accept a waiting unit after comparing its fingerprint with what the unit itself shows.

    Without --fingerprint the waiting one is shown and its last group has to be typed.
    """

    async def decide(door: FleetClient) -> str:
        compared = fingerprint or _compared(await _waiting(door, join_id))
        return (await door.accept_join(join_id, compared)).unit_id

    unit_id = ask(client, decide)
    if json:
        print_json({"unit_id": unit_id})
    else:
        print_line(f"{unit_id} is accepted; it will connect by itself")


@app.command
def refuse(join_id: str, reason: str, *, client: Config = None) -> None:
    """Turn a waiting unit away; the reason is kept."""
    ask(client, lambda door: door.refuse_join(join_id, reason))
    print_line(f"join {join_id} is refused")


@app.command(name="list")
def list_(
    *words: str, sort: UnitSort = "label", descending: bool = False, client: Config = None, json: Json = False
) -> None:
    """List units in which each of the given words occurs (id, label, model, state)."""

    async def every(door: FleetClient) -> UnitPage:
        page = await door.list_units(" ".join(words), sort, descending=descending, offset=0, limit=_PAGE)
        rows = page.rows
        while len(rows) < page.total:
            more = await door.list_units(" ".join(words), sort, descending=descending, offset=len(rows), limit=_PAGE)
            if not more.rows:
                break
            rows += more.rows
        return UnitPage(total=page.total, offset=0, rows=rows)

    page = ask(client, every)
    if json:
        print_json(page.rows)
        return
    rows = [
        (
            row.unit_id,
            row.label,
            row.presence,
            {True: "up", False: "down", None: None}[row.facts.session_up],
            row.facts.last_report_at,
            {True: "in step", False: "behind", None: None}[row.facts.settings_in_step],
            row.alarms,
        )
        for row in page.rows
    ]
    print_table(("unit", "label", "state", "session", "last report", "settings", "alarms"), rows, empty="no such unit")


@app.command
def show(unit_id: str, *, client: Config = None, json: Json = False) -> None:
    """Show one unit."""
    detail = ask(client, lambda door: door.unit(unit_id))
    if json:
        print_json(detail)
    else:
        _print_unit(detail)


@app.command
def report(unit_id: str, *, client: Config = None, json: Json = False) -> None:
    """Ask a unit for a report now."""
    command = ask(client, lambda door: door.request_report(unit_id))
    if json:
        print_json(command)
    else:
        print_line(f"{unit_id} is asked (command {command.command_id}, {command.state})")


@app.command
def label(unit_id: str, text: str, *, client: Config = None) -> None:
    """Give a unit another short name."""
    ask(client, lambda door: door.change_label(unit_id, text))
    print_line(f"{unit_id} is now {text!r}")


@app.command
def settings(
    unit_id: str,
    *,
    report_every_s: int | None = None,
    spool_max_mb: int | None = None,
    spool_max_days: int | None = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a unit's settings, or change those given."""

    async def change(door: FleetClient) -> UnitSettings:
        wanted = (await door.unit(unit_id)).settings
        if report_every_s is None and spool_max_mb is None and spool_max_days is None:
            return wanted
        wish = SettingsChange(
            based_on=wanted.version,
            report_every_s=report_every_s,
            spool_max_mb=spool_max_mb,
            spool_max_days=spool_max_days,
        )
        return await door.change_settings(unit_id, wish)

    found = ask(client, change)
    if json:
        print_json(found)
        return
    for name in found.__struct_fields__:
        print_line(f"{name:16} {getattr(found, name)}")


async def _waiting(door: FleetClient, join_id: str) -> JoinView:
    found = next((join for join in await door.joins() if join.join_id == join_id), None)
    if found is None:
        raise RequestRefused("join-unknown", f"no unit waits under {join_id}", "list them: fleet unit joins")
    return found


def _compared(join: JoinView) -> str:
    lines = display_fingerprint(join.fingerprint)
    last = lines[-1].split()[-1]
    print_line("\n".join(lines))
    if not sys.stdin.isatty():
        raise RequestRefused(
            "fingerprint-needed", "nobody is here to compare the fingerprint", "give it whole with --fingerprint"
        )
    typed = input("compare it with what the unit shows, then type its last group of four: ")
    if typed.strip().lower() != last:
        raise RequestRefused("fingerprint-differs", "that is not the last group", "compare again")
    return join.fingerprint


def _print_unit(detail: UnitDetail) -> None:
    facts = detail.row.facts
    rows: list[tuple[str, object]] = [
        ("unit", detail.row.unit_id),
        ("label", detail.row.label),
        ("model", detail.row.model),
        ("state", detail.row.presence),
        ("session", {True: "up", False: "down", None: None}[facts.session_up]),
        ("last report", facts.last_report_at),
        ("settings", {True: "in step", False: "behind", None: None}[facts.settings_in_step]),
        ("key", f"{detail.key_protection}  {detail.fingerprint}"),
        ("certificate until", detail.certificate.not_after if detail.certificate else None),
        ("accepted by", detail.accepted_by),
        ("agent", detail.agent_version),
        ("reports stored", detail.reports_stored),
        ("messages rejected", detail.messages_rejected),
    ]
    ages = detail.health.get("ages_s", {})
    for name, quantity in QUANTITIES.items():
        value = detail.health.get(name)
        if value is not None:
            age = f"  {ages[name]} s old" if name in ages else ""
            rows.append((quantity.label, f"{value} {quantity.unit}".rstrip() + age))
    print_table(("", ""), rows, empty="")
