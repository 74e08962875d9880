"""`fleet unit`: vouchers, joins, and units."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.confirming import answer_to
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import every_unit, join_named, unit_named, voucher_named
from fleet.cli.options import Label, Reason, UnitName, WholeNumber
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.cli.unit_facts import IN_STEP, SESSION, facts_of
from fleet.cli.unit_standing import add_commands
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.api.events import EventView
from protocols.api.joins import AcceptedUnit, JoinView
from protocols.api.units import CommandView, SettingsChange, UnitDetail, UnitSort
from protocols.joining import display_fingerprint
from protocols.settings import UnitSettings

app = App(name="unit", help="Units: invite, accept, look, ask, set, quarantine, revoke.")
add_commands(app)
JoinName = Annotated[str, Parameter(help="The join's id, the beginning of it, or the label of the unit.")]


@app.command
def invite(label: Label = "", *, qr: bool = False, client: Config = None, json: Json = False) -> None:
    """Make a voucher for one unit, good for 24 hours and shown this once.

    Standard output is the voucher alone, so that it can go to a file; everything else is on standard error.

    Parameters
    ----------
    qr
        Also draw the voucher as a QR code, on standard error.
    """
    made = ask(client, lambda door: door.invite(label))
    if json:
        print_json({"voucher_id": made.voucher_id, "text": made.text, "expires_at": made.expires_at})
        return
    if qr:
        import segno  # noqa: PLC0415 - few commands draw codes

        segno.make(made.text, error="l").terminal(out=sys.stderr, border=2, compact=True)
    print_line(made.text)
    print_remark(f"voucher {made.voucher_id}, good until {moment(made.expires_at)}; it is not shown again")


@app.command
def vouchers(*, client: Config = None, json: Json = False) -> None:
    """List vouchers, newest first."""
    found = ask(client, lambda door: door.vouchers())
    if json:
        print_json(found)
        return
    rows = [(v.voucher_id, v.label, v.state, v.created_by, v.created_at, v.expires_at) for v in found]
    columns = ("voucher", "label", "state", "by", "made", "expires")
    print_table(columns, rows, empty="no vouchers", free=["label"])


@app.command
def withdraw(
    voucher_id: Annotated[str, Parameter(help="The voucher's id, or the beginning of it.")], *, client: Config = None
) -> None:
    """Withdraw a voucher that has not been used."""

    async def decide(door: FleetClient) -> str:
        whole_id = await voucher_named(door, voucher_id)
        await door.withdraw_voucher(whole_id)
        return whole_id

    print_line(f"voucher {ask(client, decide)} is withdrawn")


@app.command
def joins(*, client: Config = None, json: Json = False) -> None:
    """List units that wait to be accepted: new ones, and those that come back as the unit named."""
    found = ask(client, lambda door: door.joins())
    if json:
        print_json(found)
        return
    rows = [
        (
            j.join_id,
            j.rejoins or "new",
            j.label,
            display_fingerprint(j.fingerprint),
            j.key_protection,
            j.model,
            j.first_seen_at,
        )
        for j in found
    ]
    columns = ("join", "comes", "label", "fingerprint", "key", "model", "waits since")
    print_table(columns, rows, empty="no unit waits", free=["label", "model"])


@app.command
def accept(
    join_id: JoinName,
    *,
    fingerprint: Annotated[
        str | None, Parameter(help="The fingerprint you compared, whole, with or without blanks and colons.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Accept a waiting unit after comparing its fingerprint with what the unit itself shows.

    Without --fingerprint the waiting one is shown and its last group has to be typed.
    """

    async def decide(door: FleetClient) -> AcceptedUnit:
        join = await join_named(door, join_id)
        compared = _compared(join) if fingerprint is None else _in_pairs(fingerprint)
        return await door.accept_join(join.join_id, compared)

    accepted = ask(client, decide)
    if json:
        print_json(accepted)
    else:
        print_line(f"{accepted.unit_id} is accepted; it will connect by itself")


@app.command
def refuse(join_id: JoinName, reason: Reason, *, client: Config = None) -> None:
    """Turn a waiting unit away; the reason is kept."""

    async def decide(door: FleetClient) -> str:
        join = await join_named(door, join_id)
        await door.refuse_join(join.join_id, reason)
        return join.join_id

    print_line(f"join {ask(client, decide)} is refused")


@app.command(name="list")
def list_(
    *words: str, sort: UnitSort = "label", descending: bool = False, client: Config = None, json: Json = False
) -> None:
    """List units in which each of the given words occurs (id, label, model, state)."""
    found = ask(client, lambda door: every_unit(door, " ".join(words), sort, descending=descending))
    if json:
        print_json(found)
        return
    rows = [
        (
            row.unit_id,
            row.label,
            row.presence,
            row.key_protection,
            SESSION[row.facts.session_up],
            row.facts.last_report_at,
            IN_STEP[row.facts.settings_in_step],
            row.alarms,
        )
        for row in found
    ]
    columns = ("unit", "label", "state", "key", "session", "last report", "settings", "alarms")
    print_table(columns, rows, empty="no such unit" if words else "no unit yet: fleet unit invite", free=["label"])


@app.command
def show(unit: UnitName, *, client: Config = None, json: Json = False) -> None:
    """Show one unit and its open alarms."""

    async def look(door: FleetClient) -> tuple[UnitDetail, list[EventView]]:
        detail = await door.unit(await unit_named(door, unit))
        page = await door.events(unit_id=detail.row.unit_id, severity="alarm", open_only=True)
        return detail, page.events

    detail, alarms = ask(client, look)
    if json:
        print_json(detail)
    else:
        print_facts(facts_of(detail, alarms))


@app.command
def report(unit: UnitName, *, client: Config = None, json: Json = False) -> None:
    """Ask a unit for a report now."""

    async def order(door: FleetClient) -> CommandView:
        return await door.request_report(await unit_named(door, unit))

    command = ask(client, order)
    if json:
        print_json(command)
    else:
        print_line(f"{command.unit_id} is asked (command {command.command_id}, {command.state})")


@app.command
def label(unit: UnitName, text: Label, *, client: Config = None) -> None:
    """Give a unit another short name."""

    async def change(door: FleetClient) -> str:
        unit_id = await unit_named(door, unit)
        await door.change_label(unit_id, text)
        return unit_id

    print_line(f"{ask(client, change)} is now {text!r}")


@app.command
def settings(
    unit: UnitName,
    *,
    report_every_s: Annotated[int | None, Parameter(validator=WholeNumber(1, 86_400))] = None,
    spool_max_mb: Annotated[int | None, Parameter(validator=WholeNumber(1, 10_000))] = None,
    spool_max_days: Annotated[int | None, Parameter(validator=WholeNumber(1, 365))] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show a unit's settings, or change those given.

    Parameters
    ----------
    report_every_s
        Seconds between health reports, 1 to 86400.
    spool_max_mb
        MiB that the unit's spool may fill before the oldest reports are dropped, 1 to 10000.
    spool_max_days
        Days after which the unit drops a report that still waits, 1 to 365.
    """

    async def change(door: FleetClient) -> UnitSettings:
        unit_id = await unit_named(door, unit)
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
    else:
        print_facts([(name, getattr(found, name)) for name in found.__struct_fields__])


def _in_pairs(typed: str) -> str:
    """A typed fingerprint as the wire has it: pairs of hexadecimal digits between colons, in small letters."""
    digits = "".join(typed.replace(":", " ").split()).lower()
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _compared(join: JoinView) -> str:
    lines = display_fingerprint(join.fingerprint)
    last = lines[-1].split()[-1]
    for line in lines:
        print_line(line)
    if not sys.stdin.isatty():
        raise CommandIncomplete(
            "fingerprint-needed", "nobody is here to compare the fingerprint", "give it whole with --fingerprint"
        )
    if answer_to("compare it with what the unit shows, then type its last group of four: ").lower() != last:
        raise RequestRefused("fingerprint-differs", "that is not the last group", "compare again")
    return join.fingerprint
