"""`fleet person drafts|sign|withdraw|check`: people lists, as this machine reads them from the pinned anchor on."""

import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.confirming import answer_to
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.client import FleetClient, ReadDraft, read_draft
from fleet.errors import CommandIncomplete, Conflict, NotFound, RequestRefused
from protocols.api.people import DraftView
from protocols.people_changes import PersonChange, policy_lines
from protocols.sshsig import read_key

DraftName = Annotated[
    str | None, Parameter(help="The draft's id, or the beginning of it; left out when only one waits.")
]


def drafts(*, client: Config = None, json: Json = False) -> None:
    """List drafts of the people list: those that wait for signatures, then the latest others."""
    found = ask(client, lambda door: door.people_drafts())
    if json:
        print_json(found)
        return
    rows = [
        (
            d.draft_id,
            d.version,
            d.state,
            [*(f"{line.what} {line.person_id}" for line in d.lines), *(["another log policy"] if d.new_policy else [])],
            d.made_by,
            d.made_at,
            d.signed_by,
        )
        for d in found
    ]
    columns = ("draft", "list", "state", "changes", "by", "made", "signed by")
    print_table(columns, rows, empty="no drafts", free=["changes", "signed by"])


def sign(
    draft: DraftName = None,
    *,
    sha256: Annotated[
        str | None, Parameter(help="The SHA-256 of the draft that you have read, where nobody is there to be asked.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Sign a draft with your SSH key, after reading what it changes. The second signature puts it in force.

    The differences are worked out here, from lists that the pinned anchor vouches for, not by the controller.
    """

    async def decide(door: FleetClient) -> DraftView:
        view = await _waiting(door, draft)
        if (await door.whoami()).person_id in view.signed_by:
            raise Conflict("draft-signed", "you have signed already", "another administrator must sign it too")
        read = read_draft(await door.people_chain(), view, datetime.now(UTC))
        _agreed(read, {line.person_id: line.name for line in view.lines}, sha256)
        return await door.sign_draft(read)

    signed = ask(client, decide)
    if json:
        print_json(signed)
    elif signed.state == "in-force":
        print_line(f"people list {signed.version} is in force, signed by {', '.join(signed.signed_by)}")
    else:
        print_line(f"signed; people list {signed.version} waits for {signed.needed - len(signed.signed_by)} more")


def withdraw(draft: DraftName = None, *, client: Config = None) -> None:
    """Withdraw a draft that waits."""

    async def decide(door: FleetClient) -> str:
        view = await _waiting(door, draft)
        await door.withdraw_draft(view.draft_id)
        return view.draft_id

    print_line(f"draft {ask(client, decide)} is withdrawn")


def check(*, client: Config = None, json: Json = False) -> None:
    """Check every people list from the pinned anchor on, and show who signed each and who is on the newest."""
    chain = ask(client, lambda door: door.people_chain())
    if json:
        print_json({"lists": [link._asdict() for link in chain.links], "people": chain.newest.people})
        return
    rows = [(k.version, k.made_at, ", ".join(k.signed_by) or "pinned anchor", k.sha256) for k in chain.links]
    print_table(("list", "made", "signed by", "sha256"), rows, empty="no list")
    print_line("")
    people = [(p.person_id, p.role, read_key(p.key).fingerprint, p.valid_until) for p in chain.newest.people]
    print_table(("person", "role", "key", "until"), people, empty="nobody")
    print_remark(f"{len(chain.links)} lists lead from the pinned anchor to version {chain.newest.version}")


def tell_drafted(made: DraftView, *, json: bool) -> None:
    """Say what to do with a draft that was just made."""
    if json:
        print_json(made)
        return
    print_line(f"people list {made.version} is drafted: {made.draft_id}")
    print_remark(
        f"it is in force when two administrators have signed it, you too: fleet person sign {made.draft_id[:6]}"
    )


async def _waiting(door: FleetClient, typed: str | None) -> DraftView:
    """The draft that `typed` stands for, or the only one that waits; raises NotFound or Conflict."""
    waiting = {draft.draft_id: draft for draft in await door.people_drafts() if draft.state == "open"}
    if typed is not None:
        return waiting[the_one("draft", typed, dict.fromkeys(waiting, ""), "fleet person drafts")]
    if not waiting:
        raise NotFound("draft-unknown", "no draft waits for signatures", "list them: fleet person drafts")
    if len(waiting) > 1:
        raise Conflict("draft-ambiguous", f"{len(waiting)} drafts wait", "name one: fleet person drafts")
    return next(iter(waiting.values()))


def _agreed(read: ReadDraft, names: dict[str, str], sha256: str | None) -> None:
    """Show the draft; raises RequestRefused unless the person wants to sign just this."""
    print_remark(f"people list {read.following.version}, sha256 {read.sha256}")
    for change in read.changes:
        person = change.person
        key = read_key(person.key)
        token = "FIDO token" if key.hardware else "key on disk"
        print_remark(
            f"  {change.what}: {person.person_id} {names.get(person.person_id, '')}, {person.role}{_was(change)}, "
            f"{key.fingerprint} ({token}), until {person.valid_until:%Y-%m-%d}"
        )
    for line in [] if read.policy is None else policy_lines(read.policy):
        print_remark(f"  {line}")
    if sha256 is not None:
        if sha256.strip().lower() != read.sha256:
            raise RequestRefused("draft-differs", "that is not the SHA-256 of this draft", "read the draft again")
        return
    if not sys.stdin.isatty():
        raise CommandIncomplete("draft-unread", "nobody is here to read the draft", "give its SHA-256 with --sha256")
    if answer_to("type yes to sign it: ").lower() != "yes":
        raise RequestRefused(
            "draft-unsigned",
            "the draft is not signed, as that was not the whole word yes",
            "sign it again, or withdraw it if it is wrong: fleet person withdraw",
        )


def _was(change: PersonChange) -> str:
    return f" (was {change.before.role})" if change.what == "new-role" and change.before is not None else ""
