"""`fleet authority record|statement`: what was authorised elsewhere, and the hashes of its documents."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import AHEAD_FORM, When, moment_ahead
from fleet.cli.confirming import Yes, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.log_scope import REFERENCE_FORM
from fleet.cli.names import authority_named
from fleet.cli.options import AuthorityName, Each, ShortLine
from fleet.cli.output import moment, print_json, print_line, print_remark
from fleet.client import FleetClient, hash_document
from fleet.errors import RequestRefused
from protocols.access_record import Modality
from protocols.api.authorities import AuthorityKind, AuthorityView, DocumentHash, NewAuthority

Document = Annotated[
    Path | None,
    Parameter(
        name="--document",
        help="The document: its salted hash is recorded, never itself. An urgent oral authority has none yet.",
    ),
]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet authority`."""
    for command in (record, statement):
        app.command(command)


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
