"""`fleet ca`: the certificate authority, on the controller's host and on the machine that keeps the root key."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.ca import roots, rotation
from fleet.ca.errors import NotAccepted
from fleet.ca.files import write_private
from fleet.ca.inventory import inventory
from fleet.ca.keys import Pkcs11Key, read_token_file
from fleet.ca.rotation import Changed, ChangingStep
from fleet.cli.ca_revoke import revoke
from fleet.cli.ca_safe import backup, restore
from fleet.cli.door import Json
from fleet.cli.options import ConfigFile
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.clock import utc_now
from fleet.settings import Settings, load_settings

app = App(name="ca", help="The certificate authority: look, rotate, keep the root key offline, back up.")
app.command(backup)
app.command(restore)
app.command(revoke)

DEFAULT_CONFIG = Path("/etc/muster/fleet.toml")
RootDirectory = Annotated[
    Path, Parameter(help="The directory that holds the root key, as on the medium where it is kept.")
]
TokenFile = Annotated[
    Path | None,
    Parameter(help="A TOML file that names the PKCS#11 token in which the new key is made; docs/keys.md has one."),
]


@app.command
def status(*, config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """Show every certificate and revocation list, how long each lasts, and where its key is."""
    held = inventory(load_settings(config).state_path, utc_now())
    if json:
        print_json(held)
        return
    rows = [
        (h.kind, h.file, h.sha256[:16] if h.sha256 else None, h.not_before, h.not_after, h.days_left, h.end, h.key)
        for h in held
    ]
    print_table(("kind", "file", "sha256", "from", "until", "days left", "end", "key"), rows, empty="nothing")


@app.command
def rotate_issuing(
    *,
    root: RootDirectory | None = None,
    token: TokenFile = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Make a new issuing key and certificate with the root key. A running controller takes it within a minute.

    Parameters
    ----------
    root
        Left out: the root key is in the state directory.
    """
    settings, named = load_settings(config), _token(token)
    directory = settings.state_path / "ca"
    _change(
        settings,
        "rotate-issuing",
        lambda: [rotation.rotate_issuing(directory, root or directory, utc_now(), named)],
        json=json,
    )


@app.command
def request(file: Path, *, token: TokenFile = None, config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """Make a new issuing key here and write a request for its certificate, to be signed where the root key is.

    Parameters
    ----------
    file
        Where the request goes.
    """
    directory = load_settings(config).state_path / "ca"
    with _files(file):
        pem = rotation.request_issuing(directory, _token(token))
        write_private(file, pem)
    _wrote([file], json=json)
    if not json:
        print_remark("carry it to the root key: fleet ca sign REQUEST --root DIR --out FILE")


@app.command
def sign(request: Path, *, root: RootDirectory, out: Path, json: Json = False) -> None:
    """Sign a request with the root key. Needs no settings and no database: for the machine that keeps the root.

    Parameters
    ----------
    request
        What `fleet ca request` wrote.
    out
        Where the certificate goes.
    """
    with _files(out):
        write_private(out, rotation.sign_request(request, root, utc_now()))
    _wrote([out], json=json)
    if not json:
        print_remark("carry it to the controller: fleet ca install FILE")


@app.command
def install(file: Path, *, config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """Take a signed issuing certificate into use. A running controller takes it within a minute.

    Parameters
    ----------
    file
        What `fleet ca sign` wrote.
    """
    settings = load_settings(config)
    directory = settings.state_path / "ca"
    _change(settings, "install", lambda: [rotation.install_issuing(directory, file, utc_now())], json=json)


@app.command
def rotate_root(*, root: RootDirectory, out: Path, json: Json = False) -> None:
    """Make a new root, signed by the old one so that units come to trust it. Needs no settings and no database.

    Parameters
    ----------
    root
        The directory that holds the old root and its key.
    out
        The new root's directory, not there yet; its root.key never has to leave this machine.
    """
    with _files(out):
        made = roots.rotate_root(root, out, utc_now())
    public = out / roots.PUBLIC_NAME
    if json:
        print_json({"root": str(out), "public": str(public), "sha256": made.sha256})
        return
    print_line(f"the new root {made.sha256} is in {out}")
    print_remark(f"carry {public} to the controllers: fleet ca install-root FILE")


@app.command
def install_root(file: Path, *, config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """Take a new root into use. Units learn of it as they renew; then rotate the issuing certificate.

    Parameters
    ----------
    file
        The public parts of the root, that `fleet ca rotate-root` wrote.
    """
    settings = load_settings(config)
    directory = settings.state_path / "ca"
    _change(settings, "install-root", lambda: [roots.install_root(directory, file, utc_now())], json=json)
    if not json:
        print_remark("next: an issuing certificate under it, with rotate-issuing or request")


@app.command
def retire_root(
    sha256: str,
    *,
    at_once: Annotated[bool, Parameter(negative="")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Take a root and what it signed out of use. Controllers and brokers trust it until they are restarted.

    Parameters
    ----------
    sha256
        The root's SHA-256 as in `fleet ca status`, or its beginning.
    at_once
        Do not wait until every unit must have renewed: for a root key that was stolen.
    """
    settings = load_settings(config)
    directory = settings.state_path / "ca"
    _change(
        settings,
        "retire-root",
        lambda: roots.retire_root(directory, sha256, utc_now(), at_once=at_once),
        json=json,
    )
    if not json:
        print_remark("restart every controller and broker now: until then they go on trusting it")


@app.command
def move_root(directory: Path, *, config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """Take the root key off this host: copied, read back, checked, and only then removed here.

    Parameters
    ----------
    directory
        Where it goes, on a medium that is kept offline.
    """
    from fleet.custody import copy_keys  # noqa: PLC0415 - as in _change

    settings = load_settings(config)
    authority = settings.state_path / "ca"
    with _files(directory):
        moved = asyncio.run(copy_keys(settings, "move-root-key", lambda: roots.move_root(authority, directory)))
        same = directory.stat().st_dev == authority.stat().st_dev
    _wrote(moved, json=json)
    if same:
        print_remark(
            f"{directory} is on the same file system as the controller: copy it to a medium and remove it here"
        )


def _change(settings: Settings, step: ChangingStep, act: Callable[[], list[Changed]], *, json: bool) -> None:
    from fleet.custody import change  # noqa: PLC0415 - only these commands need the database's driver

    with _files():
        done = asyncio.run(change(settings, step, act))
    if json:
        print_json([each._asdict() for each in done])
        return
    for each in done:
        print_line(f"{each.change}: {each.sha256}")


def _wrote(paths: list[Path], *, json: bool) -> None:
    if json:
        print_json({"files": [str(path) for path in paths]})
    else:
        print_line("\n".join(str(path) for path in paths))


def _token(path: Path | None) -> Pkcs11Key | None:
    if path is None:
        return None
    with _files():
        return read_token_file(path.parent, path.name, path.read_bytes())


@contextmanager
def _files(written: Path | None = None) -> Iterator[None]:
    """A file that can not be read or written is one clear line; `written` is the one that is being made, whose name
    the error would not have."""
    try:
        yield
    except OSError as error:
        path = written or Path(os.fsdecode(error.filename or ""))
        raise NotAccepted(path, error.strerror or str(error)) from error
