"""Where an authority's private key lives: in a file, or in a PKCS#11 token that a small file names.

A key file holds either one PKCS #8 key in PEM, or TOML that says where the key is:

    [pkcs11]
    module = "/usr/lib/softhsm/libsofthsm2.so"   # the token's library
    token = "muster"                             # the token's label
    key = "issuing-2"                            # the key's label in the token
    pin_file = "/etc/muster/issuing.pin"         # holds the PIN and nothing else; 0600

Either way the key is an `EllipticCurvePrivateKey`, so that X.509 builders sign with it and nobody else needs to know.
"""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from fleet.ca import files
from fleet.ca.errors import AuthorityUnreadable

KeyPlace = Literal["file", "pkcs11", "absent"]
_PEM_BEGIN = b"-----BEGIN"


class Pkcs11Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names a key in a token; never the PIN itself. `module` and `pin_file` are absolute paths."""

    module: str
    token: str
    key: str
    pin_file: str

    def toml(self) -> bytes:
        """The key file that names this key."""
        fields = msgspec.to_builtins(self).items()
        return "\n".join(["[pkcs11]", *(f"{name} = {_toml_text(value)}" for name, value in fields), ""]).encode()


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pkcs11: Pkcs11Key


def key_place(directory: Path, name: str) -> KeyPlace:
    """Where the key of the key file `directory/name` lives; raises KeyExposed or AuthorityUnreadable."""
    if not (directory / name).exists():
        return "absent"
    return "file" if is_pem(files.read_private(directory, name)) else "pkcs11"


def is_pem(content: bytes) -> bool:
    """Whether a key file's content is the key itself."""
    return content.startswith(_PEM_BEGIN)


def read_token_file(directory: Path, name: str, content: bytes) -> Pkcs11Key:
    """The key that the TOML `content` of `directory/name` names; raises AuthorityUnreadable."""
    try:
        return msgspec.convert(tomllib.loads(content.decode()), _KeyFile).pkcs11
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        # Not chained: the parsers' messages could quote a damaged key.
        raise AuthorityUnreadable(
            directory, f"{name} is neither a private key in PEM nor names a token's key"
        ) from None


def _toml_text(text: str) -> str:
    # A JSON text is a basic string of TOML too.
    return msgspec.json.encode(text).decode()
