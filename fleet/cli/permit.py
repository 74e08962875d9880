"""`fleet permit draft|sign|show`: leave of two people to put older firmware on a device, in a file.

The file is handed from person to person; no controller is asked, as none can grant it.
"""

import asyncio
import re
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.ahead import When, moment_ahead
from fleet.cli.confirming import answer_to
from fleet.cli.door import Config, Json
from fleet.cli.files import read_given, write_new
from fleet.cli.options import Each, Form, PersonId, Reason
from fleet.cli.output import moment, print_facts, print_json, print_line, print_remark
from fleet.client import load_client_settings
from fleet.client.signing import sign as sign_by_key
from fleet.errors import CommandIncomplete, RequestRefused
from protocols.releases.manifest import MAX_TARGET_BYTES, PartName
from protocols.releases.permit import (
    LONGEST,
    MAX_PERMIT_BYTES,
    NEEDED_SIGNERS,
    PERMIT_NAMESPACE,
    Permit,
    PermitSignature,
    SignedPermit,
    permit_in,
    read_permit,
)

_UNIT = Form(re.compile(r"[a-z0-9-]{8,40}", re.ASCII), "a whole unit id, as unit-abcd2345")
_VERSION = Form(re.compile(r"[0-9A-Za-z.+_-]{1,32}", re.ASCII), "a version, as 1.2.3+4")
_File = Annotated[Path, Parameter(help="The permit's file.")]

app = App(name="permit", help="Permits: two people's leave to put older firmware on a device.")


@app.command
def draft(
    file: Annotated[Path, Parameter(help="A new file for the permit.")],
    *,
    image: Annotated[Path, Parameter(help="The image that is to be put on the device.")],
    version: Annotated[str, Parameter(validator=_VERSION, help="The image's version: firmware-bridge image show.")],
    reason: Reason,
    until: When,
    since: Annotated[When, Parameter(name="--from")] = "now",
    unit: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            validator=Each(_UNIT),
            help="A unit's id; give it for each. Without any: for a device on a bench that belongs to no unit.",
        ),
    ] = None,
    part: Annotated[PartName, Parameter(help="What of a unit.")] = "mcu",
    json: Json = False,
) -> None:
    """Draft a permit for one image. It holds once two engineers or supervisors have signed it, for 7 days at most."""
    now = datetime.now(UTC)
    permit = _convert(
        {
            "part": part,
            "sha256": sha256(read_given(image, MAX_TARGET_BYTES)).hexdigest(),
            "version": version,
            "units": unit or [],
            "not_before": moment_ahead(since, now),
            "not_after": moment_ahead(until, now),
            "reason": reason,
        }
    )
    if not permit.not_before < permit.not_after <= permit.not_before + LONGEST:
        raise RequestRefused("window-unfit", "a permit ends after it begins, and within 7 days", "see --from, --until")
    signed = SignedPermit(text=permit.text(), signatures=[])
    write_new(file, msgspec.json.encode(signed) + b"\n")
    if json:
        print_json(signed)
        return
    print_line(f"{file}: a permit for {_named(permit)}; it waits for two people")
    print_remark(f"each signs it: fleet permit sign {file}")


@app.command
def sign(
    file: _File,
    *,
    person: Annotated[PersonId | None, Parameter(help="Who you are, where your settings do not say it.")] = None,
    key: Annotated[
        Path | None, Parameter(help="Your private key, or its .pub for ssh-agent, where your settings do not say it.")
    ] = None,
    digest: Annotated[
        str | None,
        Parameter(name="--sha256", help="The SHA-256 of the text that you have read, where nobody can be asked."),
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Sign a permit with your SSH key after reading it; the file then has your signature too."""
    signed = _read(file)
    permit = permit_in(signed.text)
    if person is None:
        settings = load_client_settings(client)
        person, key = settings.person, key or settings.key_file
    if person in {each.person_id for each in signed.signatures}:
        raise RequestRefused("permit-signed", f"{person} has signed it already", "a second person has to")
    _agreed(permit, signed.text, digest)
    armored = asyncio.run(sign_by_key(signed.text.encode(), PERMIT_NAMESPACE, key))
    added = PermitSignature(person_id=person, signature=armored)
    done = msgspec.structs.replace(signed, signatures=[*signed.signatures, added])
    _replace(file, msgspec.json.encode(done) + b"\n")
    if json:
        print_json(done)
    elif len(done.signatures) < NEEDED_SIGNERS:
        print_line(f"{file}: signed by {person}; it waits for a second person")
    else:
        print_line(f"{file}: signed by {', '.join(each.person_id for each in done.signatures)}")


@app.command
def show(file: _File, *, json: Json = False) -> None:
    """Show what a permit says. Its signatures are checked by who carries it out, against the people list there."""
    signed = _read(file)
    permit = permit_in(signed.text)
    signers = [each.person_id for each in signed.signatures]
    if json:
        print_json({"permit": permit, "sha256": _digest(signed.text), "signed_by": signers})
        return
    print_facts([*_facts(permit), ("SHA-256", _digest(signed.text)), ("signed by", signers or None)])


def _facts(permit: Permit) -> list[tuple[str, object]]:
    return [
        ("part", permit.part),
        ("version", permit.version),
        ("image", permit.sha256),
        ("units", permit.units or "a device on a bench"),
        ("from", permit.not_before),
        ("until", permit.not_after),
        ("reason", permit.reason),
    ]


def _named(permit: Permit) -> str:
    return f"{permit.part} {permit.version}, image {permit.sha256[:16]}…"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _convert(fields: dict[str, object]) -> Permit:
    try:
        return msgspec.convert(fields, Permit)
    except msgspec.ValidationError as error:
        raise RequestRefused(
            "permit-unfit", f"that makes no permit: {error}", "see fleet permit draft --help"
        ) from error


def _read(file: Path) -> SignedPermit:
    return read_permit(read_given(file, MAX_PERMIT_BYTES))


def _replace(file: Path, content: bytes) -> None:
    """The file anew, whole or not at all; raises RequestRefused."""
    beside = file.with_name(f"{file.name}.new")
    write_new(beside, content)
    try:
        beside.replace(file)
    except OSError as error:
        beside.unlink()
        raise RequestRefused(
            "file-unwritable", f"{file}: {error.strerror}", "copy it to where you may write"
        ) from error


def _agreed(permit: Permit, text: str, digest: str | None) -> None:
    """Show the permit; raises RequestRefused unless the person wants to sign just this."""
    print_remark(f"permit for {_named(permit)}, sha256 {_digest(text)}")
    print_remark(f"  on {', '.join(permit.units) or 'a device on a bench'}")
    print_remark(f"  from {moment(permit.not_before)} to {moment(permit.not_after)}: {permit.reason}")
    if digest is not None:
        if digest.strip().lower() != _digest(text):
            raise RequestRefused("permit-differs", "that is not the SHA-256 of this permit", "read the permit again")
        return
    if not sys.stdin.isatty():
        raise CommandIncomplete("permit-unread", "nobody is here to read the permit", "give its SHA-256 with --sha256")
    if answer_to("type yes to sign it: ").lower() != "yes":
        said = "the permit is not signed, as that was not the whole word yes"
        raise RequestRefused("permit-unsigned", said, "sign it again, or throw the file away if it is wrong")
