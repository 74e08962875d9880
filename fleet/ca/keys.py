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
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey

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
    return "file" if files.read_private(directory, name).startswith(_PEM_BEGIN) else "pkcs11"


def load_key(directory: Path, name: str) -> EllipticCurvePrivateKey:
    """The P-256 key of the key file `directory/name`.

    Raises KeyExposed when others may read the file, AuthorityUnreadable when it is missing or damaged, or its token
    does not answer.
    """
    content = files.read_private(directory, name)
    if not content or content.startswith(_PEM_BEGIN):
        return files.parse_key(directory, name, content)
    return open_token_key(directory, name, read_token_file(directory, name, content))


def read_token_file(directory: Path, name: str, content: bytes) -> Pkcs11Key:
    """The key that the TOML `content` of `directory/name` names; raises AuthorityUnreadable."""
    try:
        return msgspec.convert(tomllib.loads(content.decode()), _KeyFile).pkcs11
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError):
        # Not chained: the parsers' messages could quote a damaged key.
        raise AuthorityUnreadable(
            directory, f"{name} is neither a private key in PEM nor names a token's key"
        ) from None


def open_token_key(directory: Path, name: str, named: Pkcs11Key) -> EllipticCurvePrivateKey:
    """The key `named` in its token, for the key file `directory/name`; raises TokenUnusable or AuthorityUnreadable.

    The seam: `fleet.ca.pkcs11.open_key(module, token, key, pin_file)`, all four by keyword, gives the key as an
    `EllipticCurvePrivateKey` whose `sign` and `public_key` work for as long as the process runs, or raises
    `fleet.ca.errors.TokenUnusable`.
    """
    from fleet.ca.pkcs11 import open_key  # noqa: PLC0415 - only fleets with a token have its library

    key = open_key(module=named.module, token=named.token, key=named.key, pin_file=Path(named.pin_file))
    if not isinstance(key.curve, SECP256R1):
        raise AuthorityUnreadable(directory, f"{name} names a key that is not EC P-256")
    return key


def _toml_text(text: str) -> str:
    # A JSON text is a basic string of TOML too.
    return msgspec.json.encode(text).decode()
