"""`fleet mandate line|sign`: reading a mandate's one line, signing it, and handing signatures in."""

import re
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.confirming import answer_to
from fleet.cli.door import Config, Json, ask
from fleet.cli.names import mandate_named
from fleet.cli.options import MandateName, why_unreadable
from fleet.cli.output import moment, print_json, print_line, print_remark
from fleet.client import FleetClient, read_view
from fleet.client.files import read_small
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.api.mandates import MandateView
from protocols.mandate import Allowance, Mandate, mandate_hash
from protocols.sshsig import MAX_ARMORED

_ARMORED = re.compile(r"-----BEGIN SSH SIGNATURE-----.*?-----END SSH SIGNATURE-----", re.DOTALL)
_MAX_MAIL = 64 * 1024
"""Bytes that are read of a file in which a signature is sought."""


def add_commands(app: App) -> None:
    """Make these commands part of `fleet mandate`."""
    for command in (line, sign):
        app.command(command)


def line(mandate: MandateName, *, client: Config = None) -> None:
    """Print the one line to be signed, and nothing else.

    fleet mandate line M-… > m; ssh-keygen -Y sign -n mandate@muster -f KEY m; fleet mandate sign M-… --signature m.sig
    """
    sys.stdout.write(f"{_read(ask(client, lambda door: mandate_named(door, mandate))).text()}\n")


def sign(
    mandate: MandateName,
    *,
    signature: Annotated[
        Path | None,
        Parameter(
            allow_leading_hyphen=True,
            help="A file with a signature made elsewhere, yours or another's, a mail may be around it; - reads it from "
            "standard input.",
        ),
    ] = None,
    sha256: Annotated[
        str | None, Parameter(help="The SHA-256 of the line that you have read, where nobody is there to be asked.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Sign a mandate with your SSH key after reading it, or hand in a signature that was made elsewhere."""
    armored = None if signature is None else _armored(signature)

    async def decide(door: FleetClient) -> MandateView:
        found = await mandate_named(door, mandate)
        if armored is not None:
            return await door.hand_in_signature(found.mandate_id, armored)
        read = _read(found)
        _agreed(read, found.unit_label, sha256)
        return await door.sign_mandate(read)

    done = ask(client, decide)
    if json:
        print_json(done)
    elif done.waits_for:
        print_line(f"signed; mandate {done.mandate_id} waits for {' and '.join(done.waits_for)}")
    else:
        print_line(f"mandate {done.mandate_id} is in force until {moment(done.not_after)}")


def allowed(one: Allowance) -> str:
    """What is allowed of a modality, in words."""
    return f"{one.modality} {one.minutes_per_day} min and {one.openings_per_day} times a day"


def armored_in(text: str) -> str | None:
    """The armored signature in `text`, None while there is no whole one of at most MAX_ARMORED characters; what a mail
    put around it, and blanks and marks of a quotation at the ends of its lines, are left out."""
    found = _ARMORED.search(text)
    if found is None or len(found[0]) > MAX_ARMORED:
        return None
    lines = (line.strip(" \t\r>") for line in found[0].split("\n"))
    return "\n".join([*filter(None, lines), ""])


def _armored(path: Path) -> str:
    remedy = "give the .sig file that ssh-keygen wrote"
    is_typed = str(path) == "-"
    if is_typed and sys.stdin.isatty():
        print_remark("paste the signature, then end with Ctrl-D on a line of its own")
    try:
        raw = sys.stdin.buffer.read(_MAX_MAIL) if is_typed else read_small(path, _MAX_MAIL)
        found = armored_in(raw.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise RequestRefused("signature-unreadable", f"{path}: {why_unreadable(error)}", remedy) from error
    if found is None:
        raise RequestRefused("signature-unreadable", f"{path}: there is no whole SSH signature in it", remedy)
    return found


def _read(view: MandateView) -> Mandate:
    if not view.text:
        raise RequestRefused("line-erased", f"the line of mandate {view.mandate_id} was erased", "draft another")
    return read_view(view)


def _agreed(read: Mandate, label: str, sha256: str | None) -> None:
    """Show the mandate as its line has it; raises RequestRefused unless the person wants to sign just this."""
    digest = mandate_hash(read.text())
    print_remark(f"mandate {read.mandate}, {read.kind}, sha256 {digest}")
    print_remark(f"  unit: {read.unit} {label}")
    print_remark(f"  authority: {read.authority or 'none, on the bench'}")
    print_remark(f"  allows: {', '.join(allowed(one) for one in read.allows)}")
    print_remark(f"  from {moment(read.not_before)} to {moment(read.not_after)}, to {read.purpose}")
    print_remark(f"  {read.requester} asks for it, {read.approver} approves it")
    if sha256 is not None:
        if sha256.strip().lower() != digest:
            raise RequestRefused("mandate-differs", "that is not the SHA-256 of this line", "read the mandate again")
        return
    if not sys.stdin.isatty():
        said = "nobody is here to read the mandate"
        raise CommandIncomplete("mandate-unread", said, "give its SHA-256 with --sha256")
    if answer_to("type yes to sign it: ").lower() != "yes":
        raise RequestRefused(
            "mandate-unsigned",
            "the mandate is not signed, as that was not the whole word yes",
            "sign it again, or discard it if it is wrong: fleet mandate discard",
        )
