"""`fleet authority`: what was authorised elsewhere, as approvers record it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, When, moment_ahead
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.log_scope import REFERENCE_FORM
from fleet.cli.names import the_one
from fleet.cli.options import Each, Reason, ShortLine
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient, hash_document
from fleet.errors import RequestRefused
from protocols.access_record import Modality
from protocols.api.authorities import (
    AuthorityKind,
    AuthorityState,
    AuthorityView,
    DocumentHash,
    NewAuthority,
    ReviewDone,
)

app = App(name="authority", help="Authorities: list, show, record, review, statement, cancel.")

_PAGE = 200
AuthorityName = Annotated[str, Parameter(help="The authority's id, the beginning of it, or its reference.")]
Document = Annotated[
    Path | None,
    Parameter(name="--document", help="The document, but of an oral one: its salted hash is recorded, never itself."),
]


@app.command(name="list")
def list_(
    words: Annotated[str, Parameter(help="What the reference or id holds.")] = "",
    *,
    state: Annotated[AuthorityState | None, Parameter(help="Where they stand.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List authorities, newest first."""
    found = ask(client, lambda door: _every(door, words, state))
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
def record(
    reference: Annotated[str, Parameter(validator=REFERENCE_FORM, help="Its unique reference number.")],
    *,
    kind: Annotated[list[AuthorityKind], Parameter(negative="", help="What it authorises; give it for each.")],
    rank: Annotated[str, Parameter(validator=ShortLine(1, 60), help="The rank of who authorised it, without a name.")],
    ends: When,
    starts: When = "now",
    modality: Annotated[list[Modality] | None, Parameter(negative="", help="With what; give it for each.")] = None,
    review: Annotated[
        list[str] | None,
        Parameter(negative="", validator=Each(AHEAD_FORM), help="When it has to be reviewed; give it for each time."),
    ] = None,
    oral: Annotated[
        bool, Parameter(negative="", help="It was given by word of mouth, as it was urgent: 72 hours at most.")
    ] = False,
    document: Document = None,
    renews: Annotated[str | None, Parameter(help="The authority that this one follows.")] = None,
    note: Annotated[
        str, Parameter(validator=ShortLine(0, 500), help="What else to know; never whom it concerns.")
    ] = "",
    yes: Yes = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Record an authority that was given elsewhere. Mandates can then be drafted from it.

    `--starts` is when it takes effect: when the last approval it needed was given.
    """
    now = datetime.now(UTC)
    hashed = None if document is None else _hash(document)

    async def decide(door: FleetClient) -> AuthorityView:
        new = NewAuthority(
            reference=reference,
            kinds=kind,
            modalities=modality or [],
            authorised_by_rank=rank,
            starts_at=moment_ahead(starts, now),
            ends_at=moment_ahead(ends, now),
            review_at=sorted(moment_ahead(at, now) for at in review or []),
            urgent_oral=oral,
            document=hashed,
            renews=None if renews is None else (await authority_named(door, renews)).authority_id,
            note=note,
        )
        if not yes:
            over = ". It is over already, and nothing can rest on it; it" if new.ends_at <= now else ""
            confirm(reference, f"recording {sentence(new)}{over}", "goes into the log, and stays")
        return await door.record_authority(new)

    made = ask(client, decide)
    _tell_salt(hashed)
    if json:
        print_json(made)
        return
    print_line(f"authority {made.reference} is recorded: {made.authority_id}")
    if made.state == "ended":
        print_remark(f"it was over at {moment(made.ends_at)}: no mandate can rest on it")
    if made.statement_due_at is not None:
        print_remark(f"its written statement is due at {moment(made.statement_due_at)}: fleet authority statement")


def sentence(new: NewAuthority) -> str:
    """What is recorded, as one reads it before it is: one line."""
    given = "an urgent oral authority" if new.urgent_oral else "an authority"
    what = f"to {', '.join(new.kinds)} with {', '.join(new.modalities) or 'no modality'}"
    when = f"from {moment(new.starts_at)} to {moment(new.ends_at)}"
    reviews = f", reviewed by {', '.join(moment(at) for at in new.review_at)}" if new.review_at else ""
    return f"{new.reference}, {given} {what}, {when}{reviews}, given by {new.authorised_by_rank}"


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
def statement(
    authority: AuthorityName,
    *,
    document: Annotated[Path, Parameter(help="The statement: its salted hash is recorded, it is never sent.")],
    client: Config = None,
    json: Json = False,
) -> None:
    """Record the written statement of an urgent oral authority. It makes the authority no longer."""
    hashed = _hash(document)

    async def decide(door: FleetClient) -> AuthorityView:
        return await door.record_statement((await authority_named(door, authority)).authority_id, hashed)

    done = ask(client, decide)
    _tell_salt(hashed)
    if json:
        print_json(done)
    else:
        print_line(f"the statement of authority {done.reference} is recorded; it ends at {moment(done.ends_at)}")


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


def _hash(document: Path) -> DocumentHash:
    try:
        return hash_document(document)
    except OSError as error:
        raise RequestRefused(
            "document-unreadable", f"{document}: {error.strerror}", "name a file that is there"
        ) from error


def _tell_salt(hashed: DocumentHash | None) -> None:
    """Once, on standard error: nobody can ask for it later."""
    if hashed is not None:
        print_remark(f"keep with the document, to prove later which it was: salt {hashed.salt}, sha256 {hashed.sha256}")


async def _every(door: FleetClient, words: str, state: AuthorityState | None) -> list[AuthorityView]:
    rows: list[AuthorityView] = []
    while True:
        page = await door.authorities(words, state=state, offset=len(rows), limit=_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


async def authority_named(door: FleetClient, typed: str) -> AuthorityView:
    """The authority that `typed` stands for; one that is cancelled only by its id. Raises NotFound, Conflict,
    ClientError."""
    found = {one.authority_id: one for one in await _every(door, typed.strip(), None)}
    labels = {key: "" if one.state == "cancelled" else one.reference for key, one in found.items()}
    return found[the_one("authority", typed, labels, "fleet authority list")]


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
