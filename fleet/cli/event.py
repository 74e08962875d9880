"""`fleet event`: what happened."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import unit_named
from fleet.cli.options import Since, UnitName, WholeNumber, span
from fleet.cli.output import print_json, print_line, print_table
from fleet.client import FleetClient
from protocols.api.events import EventView
from protocols.uplink import Severity

app = App(name="event", help="Events: list, acknowledge.")
_PAGE = 500


@app.command(name="list")
def list_(
    *,
    unit: UnitName | None = None,
    severity: Severity | None = None,
    since: Since = None,
    open_only: bool = False,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, 100_000), help="How many at the most.")] = 50,
    client: Config = None,
    json: Json = False,
) -> None:
    """List events, newest first."""

    async def look(door: FleetClient) -> list[EventView]:
        unit_id = None if unit is None else await unit_named(door, unit)
        oldest = None if since is None else datetime.now(UTC) - span(since)
        return await _events(door, unit_id, severity, oldest, open_only=open_only, limit=limit)

    found = ask(client, look)
    if json:
        print_json(found)
        return
    rows = [(e.event_id, e.at, e.severity, e.unit_id, e.kind, _what(e)) for e in found]
    columns = ("event", "at", "severity", "unit", "kind", "what")
    print_table(columns, rows, empty="no such event", free=["what"])


@app.command(name="ack")
def acknowledge(
    event_id: Annotated[int, Parameter(validator=WholeNumber(1, (1 << 63) - 1))], *, client: Config = None
) -> None:
    """Take an event: it is no longer open."""
    ask(client, lambda door: door.acknowledge(event_id))
    print_line(f"event {event_id} is yours")


async def _events(
    door: FleetClient,
    unit_id: str | None,
    severity: Severity | None,
    oldest: datetime | None,
    *,
    open_only: bool,
    limit: int,
) -> list[EventView]:
    """At most `limit` events that happened at `oldest` or later, newest first; raises ClientError.

    Events come in the order they were received, which may be long after they happened: so pages are read until one
    ends with an event that was received before `oldest`.
    """
    found: list[EventView] = []
    before: int | None = None
    while len(found) < limit:
        size = _PAGE if oldest is not None else min(_PAGE, limit - len(found))
        page = await door.events(unit_id=unit_id, severity=severity, open_only=open_only, before=before, limit=size)
        found += [event for event in page.events if oldest is None or event.at >= oldest]
        before = page.next_before
        if before is None or (oldest is not None and page.events[-1].received_at < oldest):
            break
    return found[:limit]


def _what(event: EventView) -> str:
    again = f" ({event.count} times)" if event.count > 1 else ""
    taken = f"; taken by {event.acknowledged_by}" if event.acknowledged_by else ""
    return event.summary + again + taken
