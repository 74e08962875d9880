"""`fleet release`: the repository that units trust; what it holds, what waits to be signed."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import files, release_drafting, release_signing
from fleet.cli.door import Config, Json, ask
from fleet.cli.options import why_unreadable
from fleet.cli.output import moment, print_facts, print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.api.releases import MAX_METADATA_CHARS, DraftView, ReleaseKey, ReleasesView, SignedRole
from protocols.people import ListedPerson

app = App(name="release", help="Releases: files, manifests, and who has signed them.")
release_drafting.add_commands(app)
release_signing.add_commands(app)


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List the roles, the files in force, and the drafts that wait."""
    view = ask(client, lambda door: door.releases())
    if json:
        print_json(view)
        return
    print_table(
        ("role", "version", "ends", "needs", "signers"),
        [(one.role, one.version, one.expires_at, one.threshold, ", ".join(one.signers)) for one in view.roles],
        empty="there is no root yet: draft one with fleet release root draft",
        free=["signers"],
    )
    if view.targets:
        print_line("")
        print_table(
            ("file", "bytes", "sha256"),
            [(one.path, one.length_bytes, one.sha256) for one in view.targets],
            empty="",
        )
    for draft in view.drafts:
        print_line("")
        print_line(_waits(draft))


@app.command
def show(
    role: SignedRole | None = None,
    *,
    draft: Annotated[
        Path | None,
        Parameter(allow_leading_hyphen=True, help="Tell what this file, a draft's exact text, says; asks nobody."),
    ] = None,
    key: Annotated[bool, Parameter(negative="", help="The controller's own key for snapshot and timestamp.")] = False,
    text: Annotated[bool, Parameter(negative="", help="Only the draft's exact text, to be kept and signed.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Tell what a draft of ROLE (root, targets) says and changes, by the people list that you have pinned."""
    if (role is not None) + (draft is not None) + key != 1:
        raise CommandIncomplete("what-to-show", "name a role, --draft FILE or --key", "fleet release show targets")
    if key:
        found: ReleaseKey = ask(client, lambda door: door.release_key())
        print_json(found) if json else print_facts([("ed25519", found.public_hex)])
        return
    if draft is not None:
        _show_file(draft, json=json)
        return
    wanted = role or "root"

    async def read(door: FleetClient) -> tuple[DraftView, list[ListedPerson], ReleasesView]:
        view = await door.release_draft(wanted)
        return view, (await door.people_chain()).newest.people, await door.releases()

    waiting, people, view = ask(client, read)
    if text:
        print_line(waiting.text)
    elif json:
        print_json(waiting)
    else:
        print_line("\n".join(release_signing.words(wanted, waiting.text, people, view)))
        print_line(_waits(waiting))


def _show_file(path: Path, *, json: bool) -> None:
    from fleet.client.release_drafts import read_release, role_of  # noqa: PLC0415 - TUF's library is large

    try:
        text = files.read_given(path, 4 * MAX_METADATA_CHARS).decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise RequestRefused("file-unreadable", f"{path}: {why_unreadable(error)}", "name a draft's file") from error
    role = role_of(text)
    read = read_release(role, text)
    if json:
        print_json({"role": role, "version": read.signed.version, "sha256": read.sha256, "expires_at": read.expires})
        return
    print_line("\n".join(release_signing.words(role, text, [], None)))


def _waits(draft: DraftView) -> str:
    missing = [one for one in draft.may_sign if one not in draft.signed_by]
    done = f"signed by {', '.join(draft.signed_by)}" if draft.signed_by else "signed by nobody yet"
    return (
        f"{draft.role} {draft.version} by {draft.made_by}, {moment(draft.made_at)}: {done}, {draft.needed} have to; "
        f"may still sign: {', '.join(missing) or 'nobody'}"
    )
