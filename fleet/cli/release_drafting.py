"""`fleet release root draft|add|manifest|draft`: what the next root and the next targets are to say."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.options import why_unreadable
from fleet.cli.output import print_json, print_line, print_remark
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, NotFound, RequestRefused
from protocols.api.releases import DraftView, ReleasesView
from protocols.errors import InvalidManifest
from protocols.releases.manifest import Manifest, Part, TargetPath, read_manifest

if TYPE_CHECKING:
    from tuf.api.metadata import Targets

_AS = "as: --part mcu=2.0.0,mcu/n-2.0.0.bin,mcuboot,nucleo"
_root = App(name="root", help="The root: who signs the next root, and who signs files.")

Path_ = Annotated[str, Parameter(name="--as", help="The path that units know it by: mcu/nucleo-2.0.0.bin.")]
Days = Annotated[int, Parameter(help="Days from now until it ends.")]


def add_commands(app: App) -> None:
    """Make these commands part of `fleet release`."""
    app.command(_root)
    for command in (add, manifest, draft):
        app.command(command)


@_root.command(name="draft")
def root_draft(
    *,
    root: Annotated[
        list[str] | None, Parameter(help="Who signs the next roots, administrators; without it all of them.")
    ] = None,
    targets: Annotated[
        list[str] | None, Parameter(help="Who signs files, supervisors and engineers; without it all of them.")
    ] = None,
    days: Days = 365,
    client: Config = None,
    json: Json = False,
) -> None:
    """Draft the next root, of people of the list that you have pinned; two of each have to sign, then and later."""

    async def make(door: FleetClient) -> DraftView:
        from fleet.releases.root_drafting import draft_root  # noqa: PLC0415 - TUF's library is large

        return await draft_root(door, root, targets, datetime.now(UTC), days)

    _tell(ask(client, make), json=json)


def add(file: Path, *, path: Path_, client: Config = None, json: Json = False) -> None:
    """Send a file, and draft targets with it under a path. An attempt that was broken off goes on where it stopped.

    A draft of targets that waits is taken on; what was signed of it is to be signed again.
    """
    try:
        msgspec.convert(path, TargetPath)
    except msgspec.ValidationError as error:
        raise CommandIncomplete(
            "path-unfit", f"{path!a} is no path of a file for units", "small letters, digits, . _ - in up to 4 parts"
        ) from error

    async def send(door: FleetClient) -> DraftView:
        try:
            kept = await door.send_release_file(file, _Told(file.name))
        except OSError as error:
            raise RequestRefused("file-unreadable", f"{file}: {why_unreadable(error)}", "name another file") from error
        return await _next_targets(door, {path: (kept.sha256, kept.length_bytes)}, [], 90)

    _tell(ask(client, send), json=json)


def manifest(
    name: str,
    *,
    part: Annotated[
        list[str], Parameter(help="PART=VERSION,TARGET,UPDATER[,BOARD], as mcu=2.0.0,mcu/n-2.0.0.bin,mcuboot,nucleo.")
    ],
    model: Annotated[list[str] | None, Parameter(help="The beginning of a model it is for; without it: any.")] = None,
    out: Annotated[Path | None, Parameter(help="Write it to this new file; the controller is not asked.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Make a manifest, the parts of a unit that belong together in the order they are brought in, and draft targets
    with it as manifests/NAME.json."""
    made = _manifest(name, part, model or [])
    content = msgspec.json.format(msgspec.json.encode(made)) + b"\n"
    if out is not None:
        from fleet.cli.files import write_new  # noqa: PLC0415 - of use here alone

        write_new(out, content)
        print_json(made) if json else print_line(f"{out} is the manifest {name}")
        return

    async def send(door: FleetClient) -> DraftView:
        with tempfile.TemporaryDirectory(prefix="muster-manifest-") as home:
            file = Path(home) / f"{name}.json"
            file.write_bytes(content)
            kept = await door.send_release_file(file, _Told(file.name))
        return await _next_targets(door, {f"manifests/{name}.json": (kept.sha256, kept.length_bytes)}, [], 90)

    _tell(ask(client, send), json=json)


def draft(
    *,
    remove: Annotated[list[str] | None, Parameter(help="Leave this path out from now on.")] = None,
    days: Days = 90,
    client: Config = None,
    json: Json = False,
) -> None:
    """Draft the next targets from what is in force, or from the draft that waits: to leave files out, or to put off
    the day it ends."""
    _tell(ask(client, lambda door: _next_targets(door, {}, remove or [], days)), json=json)


async def _next_targets(
    door: FleetClient, added: dict[str, tuple[str, int]], removed: Sequence[str], days: int
) -> DraftView:
    from fleet.client.release_drafts import read_release  # noqa: PLC0415 - TUF's library is large
    from fleet.releases.drafting import next_targets  # noqa: PLC0415 - as above
    from fleet.releases.metadata import canonical_text  # noqa: PLC0415 - as above

    view = await door.releases()
    in_force = _in_force(view)
    base = in_force
    if any(one.role == "targets" for one in view.drafts):
        base = read_release("targets", (await door.release_draft("targets")).text).signed  # type: ignore[assignment]  # it is of targets
    missing = [path for path in removed if base is None or path not in base.targets]
    if missing:
        raise NotFound("target-unknown", f"{missing[0]} is not there", "see what is: fleet release list")
    made = next_targets(in_force, base, added, removed, datetime.now(UTC), days)
    return await door.draft_release("targets", canonical_text(made))


def _in_force(view: ReleasesView) -> "Targets | None":
    from tuf.api.metadata import TargetFile, Targets  # noqa: PLC0415 - TUF's library is large

    role = next((one for one in view.roles if one.role == "targets"), None)
    files = {one.path: TargetFile(one.length_bytes, {"sha256": one.sha256}, one.path) for one in view.targets}
    return None if role is None else Targets(version=role.version, targets=files)


def _manifest(name: str, parts: Sequence[str], models: list[str]) -> Manifest:
    try:
        listed = [_part(one) for one in parts]
        made = Manifest(format=1, name=name, models=models, parts=listed)
        return read_manifest(msgspec.json.encode(made))
    except (InvalidManifest, msgspec.ValidationError) as error:
        said = f"that is no manifest: {error}"
        raise CommandIncomplete(
            "manifest-unfit", said, "as: --part mcu=2.0.0,mcu/n-2.0.0.bin,mcuboot,nucleo"
        ) from error


def _part(text: str) -> Part:
    kind, _, rest = text.partition("=")
    fields = rest.split(",")
    if len(fields) not in {3, 4}:
        raise CommandIncomplete("part-unfit", f"{text!a} is no part", _AS)
    named = dict(zip(("version", "target", "updater", "board"), fields, strict=False))
    return msgspec.convert({"part": kind, **named}, Part)


class _Told:
    """Tells on standard error how much of a file is there, in tenths."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tenth = -1

    def __call__(self, done: int, total: int) -> None:
        """Tell it where a person looks, or where a tenth more is there."""
        tenth = 10 * done // total
        if tenth == self._tenth or (not sys.stderr.isatty() and done < total):
            return
        self._tenth = tenth
        print_remark(f"{self._name}: {done} of {total} bytes are there")


def _tell(made: DraftView, *, json: bool) -> None:
    if json:
        print_json(made)
        return
    print_line(f"{made.role} {made.version} waits to be signed by {made.needed} of {', '.join(made.may_sign)}")
    print_line(f"sha256 {made.sha256}; sign it with: fleet release sign {made.role}")
