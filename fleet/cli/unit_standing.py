"""`fleet unit revoke|quarantine|release|certificates`: a unit's standing in the fleet."""

from collections.abc import Awaitable, Callable

from cyclopts import App

from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import Reason, UnitName
from fleet.cli.output import moment, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.units import CertificateView, Standing

Change = Callable[[FleetClient, str, str], Awaitable[Standing]]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet unit`."""
    for command in (revoke, quarantine, release, certificates):
        app.command(command)


def revoke(unit: UnitName, reason: Reason, *, yes: Yes = False, client: Config = None, json: Json = False) -> None:
    """End a unit's life in the fleet, for good: its session is closed within seconds and no other is let in."""

    async def change(door: FleetClient, unit_id: str, why: str) -> Standing:
        if not yes:
            label = (await door.unit(unit_id)).row.label
            confirm(unit_id, f"revoking {unit_id} ({label})" if label else f"revoking {unit_id}", "is final")
        return await door.revoke_unit(unit_id, why)

    unit_id = _change(change, unit, reason, client, json=json)
    if not json:
        print_line(f"{unit_id} is revoked")
        print_remark(f"its session is closed within seconds: fleet unit show {unit_id}")


def quarantine(unit: UnitName, reason: Reason, *, client: Config = None, json: Json = False) -> None:
    """Let a unit report, and open nothing, until a supervisor releases it."""
    unit_id = _change(FleetClient.quarantine_unit, unit, reason, client, json=json)
    if not json:
        print_line(f"{unit_id} is quarantined")


def release(unit: UnitName, reason: Reason, *, client: Config = None, json: Json = False) -> None:
    """End a unit's quarantine."""
    unit_id = _change(FleetClient.release_unit, unit, reason, client, json=json)
    if not json:
        print_line(f"{unit_id} is active again")


def certificates(unit: UnitName, *, client: Config = None, json: Json = False) -> None:
    """List a unit's certificates, newest first."""

    async def look(door: FleetClient) -> list[CertificateView]:
        return await door.certificates(await unit_named(door, unit))

    found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [(c.serial, c.not_before, c.not_after, c.connected_at, c.revoked_at, c.predecessor) for c in found]
    columns = ("serial", "from", "until", "first connected", "revoked", "renewed from")
    print_table(columns, rows, empty="no certificate")


def _change(change: Change, unit: str, reason: str, client: Config, *, json: bool) -> str:
    async def decide(door: FleetClient) -> tuple[str, Standing]:
        unit_id = await unit_named(door, unit)
        return unit_id, await change(door, unit_id, reason)

    unit_id, standing = ask(client, decide)
    if json:
        print_json(standing)
    elif standing.changed_at is not None:
        print_remark(f"{moment(standing.changed_at)}, by {standing.changed_by}")
    return unit_id
