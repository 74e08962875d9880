"""`fleet release sign|withdraw`: reading what a draft says, signing it, handing a signature in."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.confirming import answer_to
from fleet.cli.door import Config, Json, ask
from fleet.cli.mandate_signing import armored_in
from fleet.cli.options import why_unreadable
from fleet.cli.output import moment, print_json, print_line, print_remark
from fleet.client import FleetClient
from fleet.client.files import read_small
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.api.releases import DraftView, ReleasesView, SignedRole
from protocols.people import ListedPerson

_MAX_FILE = 64 * 1024


def add_commands(app: App) -> None:
    """Make these commands part of `fleet release`."""
    for command in (sign, withdraw):
        app.command(command)


def words(role: SignedRole, text: str, people: Sequence[ListedPerson], view: ReleasesView | None) -> list[str]:
    """What a draft's exact text says and changes, a line each; raises DraftNotTrusted."""
    from fleet.client.release_drafts import read_release, told  # noqa: PLC0415 - TUF's library is large

    return told(read_release(role, text), people, view)


def sign(
    role: SignedRole,
    *,
    signature: Annotated[
        Path | None, Parameter(allow_leading_hyphen=True, help="A file with your signature, made elsewhere.")
    ] = None,
    sha256: Annotated[
        str | None, Parameter(help="The SHA-256 of the draft that you have read, where nobody is there to be asked.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Sign the draft of ROLE (root, targets) with your SSH key after reading what it changes.

    It is published with the last signature it needs. To sign elsewhere: fleet release show ROLE --text > d;
    printf %s "$(cat d)" | ssh-keygen -Y sign -n release@muster -f KEY > s; fleet release sign ROLE --signature s
    """
    armored = None if signature is None else _armored(signature)

    async def decide(door: FleetClient) -> ReleasesView:
        from fleet.client.release_drafts import read_release  # noqa: PLC0415 - TUF's library is large

        draft = await door.release_draft(role)
        read = read_release(role, draft.text)
        _check_may_sign((await door.whoami()).person_id, draft)
        if armored is not None:
            return await door.hand_in_release_signature(role, read.sha256, armored)
        for line in words(role, draft.text, (await door.people_chain()).newest.people, await door.releases()):
            print_remark(line)
        _agreed(read.sha256, sha256)
        return await door.sign_release(read)

    view = ask(client, decide)
    if json:
        print_json(view)
        return
    waiting = next((one for one in view.drafts if one.role == role), None)
    if waiting is not None:
        print_line(f"signed; {len(waiting.signed_by)} of {waiting.needed} have signed {role} {waiting.version}")
        return
    done = next(one for one in view.roles if one.role == role)
    print_line(f"signed and published: {role} {done.version} is in force until {moment(done.expires_at)}")


def withdraw(role: SignedRole, *, client: Config = None, json: Json = False) -> None:
    """Let the draft of ROLE (root, targets) wait no more."""
    view = ask(client, lambda door: door.withdraw_release(role))
    print_json(view) if json else print_line(f"the draft of {role} is withdrawn")


def _armored(path: Path) -> str:
    remedy = "give the .sig file that ssh-keygen wrote"
    try:
        found = armored_in(read_small(path, _MAX_FILE).decode())
    except (OSError, UnicodeDecodeError) as error:
        raise RequestRefused("signature-unreadable", f"{path}: {why_unreadable(error)}", remedy) from error
    if found is None:
        raise RequestRefused("signature-unreadable", f"{path}: there is no whole SSH signature in it", remedy)
    return found


def _check_may_sign(person: str, draft: DraftView) -> None:
    if person not in draft.may_sign:
        said = f"{person} does not sign {draft.role}"
        raise RequestRefused("signer-unfit", said, f"ask {' or '.join(draft.may_sign)}: the root names them")


def _agreed(digest: str, sha256: str | None) -> None:
    if sha256 is not None:
        if sha256.strip().lower() != digest:
            raise RequestRefused("draft-differs", "that is not the SHA-256 of this draft", "read the draft again")
        return
    if not sys.stdin.isatty():
        said = "nobody is here to read the draft"
        raise CommandIncomplete("draft-unread", said, "give its SHA-256 with --sha256")
    if answer_to("type yes to sign it: ").lower() != "yes":
        raise RequestRefused(
            "draft-unsigned",
            "the draft is not signed, as that was not the whole word yes",
            "sign it again, or let a supervisor withdraw it: fleet release withdraw",
        )
