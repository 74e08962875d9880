"""The client's settings: one TOML file, environment variables over it, a command's options over both."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from fleet.client.errors import InvalidClientSettings
from fleet.client.files import read_small
from protocols.errors import InvalidId
from protocols.ids import check_person_id

ENVIRONMENT_PREFIX = "MUSTER_CLIENT_"
CONFIG_VARIABLE = "MUSTER_CLIENT_CONFIG"
"""Names the settings file, when no option does."""

_URL = re.compile(r"https://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._/\-]*)?", re.ASCII)


class ClientSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the controller is and who the person is.

    url: the controller's https address, without a slash at its end.
    ca_file: PEM file with the one root certificate to trust.
    person: the person's id, as TO-12.
    key_file: the person's SSH private key, or its `.pub` when the private half is in ssh-agent; None looks in
    ssh-agent for the person's one Ed25519 key.
    people_anchor: SHA-256 of the people list's anchor, 64 hexadecimal digits, as `fleet init` prints it; None leaves
    people lists and vouchers unusable, for there is nothing to check them by.
    """

    url: str
    ca_file: Path
    person: str
    key_file: Path | None = None
    people_anchor: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")] | None = None


_OPTIONAL = {"key_file", "people_anchor"}
_KEYS = ClientSettings.__struct_fields__
_PATHS = ("ca_file", "key_file")


def default_settings_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CONFIG_HOME/muster/client.toml`, or under `~/.config`."""
    base = environment.get("XDG_CONFIG_HOME", "")
    return (Path(base) if base else Path.home() / ".config") / "muster" / "client.toml"


def load_client_settings(
    path: Path | None = None,
    overrides: Mapping[str, str | None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> ClientSettings:
    """Read the settings; raises InvalidClientSettings.

    `path`, or what MUSTER_CLIENT_CONFIG names, must exist; the default file may be absent when the rest provides every
    key. Relative paths in the file are relative to its folder. `overrides` that are None count as absent.
    """
    if path is None and environment.get(CONFIG_VARIABLE):
        path = Path(environment[CONFIG_VARIABLE])
    source = path or default_settings_path(environment)
    values = _from_file(source, required=path is not None)
    values |= _from_environment(environment)
    values |= {key: value for key, value in (overrides or {}).items() if value is not None}
    missing = [key for key in _KEYS if key not in values and key not in _OPTIONAL]
    if missing:
        raise InvalidClientSettings(str(source), _how_to_set(missing))
    try:
        settings = msgspec.convert(values, ClientSettings, dec_hook=_to_path)
        check_person_id(settings.person)
    except (msgspec.ValidationError, InvalidId) as error:
        raise InvalidClientSettings(str(source), str(error)) from error
    if _URL.fullmatch(settings.url) is None:
        raise InvalidClientSettings(str(source), f"url {settings.url!r} is not an https address")
    return msgspec.structs.replace(settings, url=settings.url.rstrip("/"))


def _how_to_set(missing: list[str]) -> str:
    keys = ", ".join(missing)
    return (
        f"{keys} not set: give --client FILE, as .muster/demo/keys/TO-12.toml for the demo; or write that file, "
        f"or set {ENVIRONMENT_PREFIX}{missing[0].upper()}"
    )


def _from_file(path: Path, *, required: bool) -> dict[str, object]:
    try:
        values: dict[str, object] = tomllib.loads(read_small(path).decode("utf-8"))
    except FileNotFoundError:
        if required:
            raise InvalidClientSettings(str(path), "there is no such file") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidClientSettings(str(path), f"can not be read: {error}") from error
    _refuse_unknown(str(path), values)
    for key in _PATHS:
        value = values.get(key)
        if isinstance(value, str):
            values[key] = str(path.parent / Path(value).expanduser())
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_VARIABLE
    }
    _refuse_unknown(f"environment {ENVIRONMENT_PREFIX}…", found)
    return found


def _refuse_unknown(source: str, values: Mapping[str, object]) -> None:
    unknown = sorted(set(values) - set(_KEYS))
    if unknown:
        raise InvalidClientSettings(source, f"unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")


def _to_path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"{value!r} is not a path")
