"""`fleet log retention` and `fleet log hold`: how long free texts are kept, and what must not be erased."""

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.log_scope import Scope, query_for
from fleet.cli.names import the_one
from fleet.cli.options import Reason
from fleet.cli.output import moment, print_facts, print_json, print_line, print_table
from fleet.client import FleetClient
from protocols.api.log import HoldView, LogQuery, NewHold

hold = App(name="hold", help="Legal holds: place, release, list.")


def retention(*, client: Config = None, json: Json = False) -> None:
    """For how long free texts of entries are kept; the entries themselves stay for good."""
    found = ask(client, lambda door: door.log_retention())
    if json:
        print_json(found)
        return
    rows: list[tuple[str, object]] = [("free texts", f"{found.text_years} years")]
    rows += [(f"of {kind}…", f"{years} years") for kind, years in found.text_years_of.items()]
    print_facts([*rows, ("legal holds", found.holds)])


@hold.command
def place(*, reason: Reason, scope: Scope | None = None, client: Config = None, json: Json = False) -> None:
    """Let no free text be erased of the entries that the options name; at least one has to be named."""

    async def ask_for(door: FleetClient) -> HoldView:
        return await door.place_hold(NewHold(scope=await query_for(door, scope or Scope()), reason=reason))

    placed = ask(client, ask_for)
    if json:
        print_json(placed)
    else:
        print_line(f"hold {placed.hold_id} stands: {_words(placed.scope)}")


@hold.command
def release(hold_id: str, *, reason: Reason, client: Config = None, json: Json = False) -> None:
    """End a hold. What is past its keeping is erased within the hour.

    Parameters
    ----------
    hold_id
        The hold's id, or the beginning of it.
    """

    async def end(door: FleetClient) -> HoldView:
        holds = {one.hold_id: "" for one in await door.holds()}
        return await door.release_hold(the_one("hold", hold_id, holds, "fleet log hold list"), reason)

    released = ask(client, end)
    if json:
        print_json(released)
    else:
        print_line(f"hold {released.hold_id} is released: {_words(released.scope)}")


@hold.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List holds: those that stand, then released ones."""
    found = ask(client, lambda door: door.holds())
    if json:
        print_json(found)
        return
    rows = [(h.hold_id, _words(h.scope), h.reason, h.placed_by, h.placed_at, h.released_at) for h in found]
    columns = ("hold", "scope", "why", "by", "placed", "released")
    print_table(columns, rows, empty="no hold", free=["scope", "why"])


def _words(scope: LogQuery) -> str:
    """The scope for people."""
    named = [
        ("unit", scope.unit),
        ("person", scope.person),
        ("authority", scope.authority),
        ("deployment", scope.deployment),
        ("kind", scope.kind),
        ("since", None if scope.since is None else moment(scope.since)),
        ("until", None if scope.until is None else moment(scope.until)),
    ]
    return ", ".join(f"{name} {value}" for name, value in named if value is not None)
