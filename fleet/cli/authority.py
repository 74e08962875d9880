"""`fleet authority`: what was authorised elsewhere, as approvers record it."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, moment_ahead
from fleet.cli.authority_recording import add_commands
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import authority_named, every_authority
from fleet.cli.options import AuthorityName, Reason, ShortLine
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.authorities import AuthorityState, AuthorityView, ReviewDone

app = App(name="authority", help="Authorities: list, show, record, review, statement, cancel.")
add_commands(app)


@app.command(name="list")
def list_(
    words: Annotated[str, Parameter(help="What the reference or id holds.")] = "",
    *,
    state: Annotated[AuthorityState | None, Parameter(help="Where they stand.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List authorities, newest first."""
    found = ask(client, lambda door: every_authority(door, words, state))
    if json:
        print_json(found)
        return
    columns = ("authority", "reference", "for", "modalities", "state", "ends", "review", "mandates")
    rows = [
        (
            one.authority_id,
            one.reference,
            ", ".join(one.kinds),
            ", ".join(one.modalities),
            one.state,
            one.ends_at,
            one.next_review_at,
            one.mandates,
        )
        for one in found
    ]
    print_table(columns, rows, empty="no authority")


@app.command
def show(authority: AuthorityName, *, client: Config = None, json: Json = False) -> None:
    """Show an authority."""
    found = ask(client, lambda door: authority_named(door, authority))
    if json:
        print_json(found)
    else:
        print_facts(_facts(found))


@app.command
def review(
    authority: AuthorityName,
    outcome: Annotated[str, Parameter(validator=ShortLine(1, 200), help="What came of it, in one line.")],
    *,
    next_by: Annotated[
        str | None, Parameter(name="--next", validator=AHEAD_FORM, help="When the next one is due, if that changes.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Record that the review that was due has been held. While one is overdue, nothing opens."""
    following = None if next_by is None else moment_ahead(next_by, datetime.now(UTC))

    async def decide(door: FleetClient) -> AuthorityView:
        found = await authority_named(door, authority)
        return await door.review_authority(found.authority_id, ReviewDone(outcome=outcome, next_review_at=following))

    done = ask(client, decide)
    if json:
        print_json(done)
        return
    due = "no other is due" if done.next_review_at is None else f"the next is due at {moment(done.next_review_at)}"
    print_line(f"authority {done.reference} was reviewed; {due}")


@app.command
def cancel(
    authority: AuthorityName, reason: Reason, *, yes: Yes = False, client: Config = None, json: Json = False
) -> None:
    """End an authority before its time, and with it every mandate that rests on it: their units close."""

    async def decide(door: FleetClient) -> tuple[AuthorityView, int]:
        found = await authority_named(door, authority)
        if not yes:
            means = f"ends its live mandates with it ({found.mandates}), and closes what is open under them"
            confirm(found.reference, f"cancelling authority {found.reference}", means)
        return await door.cancel_authority(found.authority_id, reason), found.mandates

    done, mandates = ask(client, decide)
    if json:
        print_json(done)
        return
    print_line(f"authority {done.reference} is cancelled")
    if mandates:
        print_remark("units that were under it are to be brought back: fleet mandate list --state cancelled")


def _facts(one: AuthorityView) -> list[tuple[str, object]]:
    return [
        ("authority", one.authority_id),
        ("reference", one.reference),
        ("state", one.state),
        ("for", ", ".join(one.kinds)),
        ("modalities", ", ".join(one.modalities)),
        ("given by", one.authorised_by_rank),
        ("given", "by word of mouth, as it was urgent" if one.urgent_oral else "in writing"),
        ("takes effect", one.starts_at),
        ("ends", one.ends_at),
        ("next review", one.next_review_at),
        ("statement due", one.statement_due_at),
        ("statement", one.statement_at),
        ("document sha256", one.document_sha256),
        ("renews", one.renews),
        ("renewed by", one.renewed_by),
        ("live mandates", one.mandates),
        ("note", one.note),
        ("recorded by", one.recorded_by),
        ("recorded", one.recorded_at),
        ("cancelled by", one.cancelled_by),
        ("cancelled", one.cancelled_at),
    ]
