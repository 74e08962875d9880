"""`fleet ca backup` and `fleet ca restore`; the passphrase comes from a prompt or a file, never from the arguments."""

import asyncio
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.ca.backup import restore_backup, write_backup
from fleet.ca.errors import BackupUnusable
from fleet.cli.door import Json
from fleet.cli.options import ConfigFile, why_unreadable
from fleet.cli.output import print_json, print_line
from fleet.clock import utc_now
from fleet.settings import load_settings

_MOST_PASSPHRASE = 1024
_DEFAULT = Path("/etc/muster/fleet.toml")
PassphraseFile = Annotated[
    Path | None,
    Parameter(help="A file whose first line is the passphrase, /dev/fd/N for a descriptor. Left out: it is asked for."),
]


def backup(
    file: Path, *, passphrase_file: PassphraseFile = None, config: ConfigFile = _DEFAULT, json: Json = False
) -> None:
    """Write everything of the state directory that can not be made again to one encrypted file.

    Keep file and passphrase apart; without the passphrase the file is worth nothing. The deployment log tells of it,
    so the database has to be there.

    Parameters
    ----------
    file
        Not there yet.
    """
    from fleet.custody import copy_keys  # noqa: PLC0415 - it needs the database's driver

    settings = load_settings(config)
    state = settings.state_path
    passphrase = _passphrase(file, passphrase_file, twice=True)
    try:
        names = asyncio.run(copy_keys(settings, "back-up", lambda: write_backup(state, file, passphrase, utc_now())))
    except OSError as error:
        raise BackupUnusable(file, f"it can not be made: {why_unreadable(error)}") from error
    _tell(file, names, json=json)


def restore(file: Path, directory: Path, *, passphrase_file: PassphraseFile = None, json: Json = False) -> None:
    """Make a state directory from a backup. Needs no settings and no database.

    Parameters
    ----------
    file
        What `fleet ca backup` wrote.
    directory
        The state directory, empty or not there yet.
    """
    passphrase = _passphrase(file, passphrase_file, twice=False)
    try:
        names = restore_backup(file, directory, passphrase)
    except OSError as error:
        raise BackupUnusable(file, f"{directory} can not be made: {why_unreadable(error)}") from error
    _tell(directory, names, json=json)


def _tell(place: Path, names: list[str], *, json: bool) -> None:
    if json:
        print_json({"place": str(place), "files": names})
    else:
        print_line("\n".join([f"{place} holds:", *names]))


def _passphrase(file: Path, source: Path | None, *, twice: bool) -> str:
    if source is not None:
        try:
            with source.open(encoding="utf-8") as opened:
                return opened.readline(_MOST_PASSPHRASE).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BackupUnusable(file, f"its passphrase can not be read from {source}") from error
    if not sys.stdin.isatty():
        raise BackupUnusable(file, "nobody is there to ask for the passphrase: name a file with --passphrase-file")
    said = getpass("passphrase: ")
    if twice and getpass("the same again: ") != said:
        raise BackupUnusable(file, "the two passphrases differ; nothing was written")
    return said
