"""`fleet event`: what happened."""

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.output import print_json, print_line, print_table

app = App(name="event", help="Events: list, acknowledge.")


@app.command(name="list")
def list_(
    *, unit: str | None = None, open_only: bool = False, limit: int = 50, client: Config = None, json: Json = False
) -> None:
    """List events, newest first."""
    page = ask(client, lambda door: door.events(unit_id=unit, open_only=open_only, limit=limit))
    if json:
        print_json(page.events)
        return
    rows = [
        (e.event_id, e.at, e.severity, e.unit_id, e.kind, e.summary, e.count, e.acknowledged_by) for e in page.events
    ]
    columns = ("event", "at", "severity", "unit", "kind", "what", "times", "taken by")
    print_table(columns, rows, empty="no such event")


@app.command(name="ack")
def acknowledge(event_id: int, *, client: Config = None) -> None:
    """Take an event: it is no longer open."""
    ask(client, lambda door: door.acknowledge(event_id))
    print_line(f"event {event_id} is yours")
