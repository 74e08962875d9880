"""Loading an authority's private keys, and making new ones, wherever they live (`fleet.ca.keys`)."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key

from fleet.ca import files
from fleet.ca.errors import AuthorityUnreadable
from fleet.ca.keys import Pkcs11Key, is_pem, read_token_file


def load_key(directory: Path, name: str) -> EllipticCurvePrivateKey:
    """The P-256 key of the key file `directory/name`.

    Raises KeyExposed when others may read the file, AuthorityUnreadable when it is missing or damaged, TokenUnusable
    when its token does not give it.
    """
    content = files.read_private(directory, name)
    if not content or is_pem(content):
        return files.parse_key(directory, name, content)
    named = read_token_file(directory, name, content)
    key = _from_token(named, make=False)
    if not isinstance(key.curve, SECP256R1):
        raise AuthorityUnreadable(directory, f"{name} names a key that is not EC P-256")
    return key


def make_key(path: Path, token: Pkcs11Key | None) -> EllipticCurvePrivateKey:
    """A new P-256 key with its key file at `path` (0600): in that file, or in a token under the name `token`.

    Raises TokenUnusable, also when the token holds a key of this name already.
    """
    if token is None:
        key = generate_private_key(SECP256R1())
        files.write_private(path, files.key_to_pem(key))
        return key
    key = _from_token(token, make=True)
    files.write_private(path, token.toml())
    return key


def _from_token(named: Pkcs11Key, *, make: bool) -> EllipticCurvePrivateKey:
    from fleet.ca import pkcs11  # noqa: PLC0415 - only fleets with a token have the library for it

    take = pkcs11.make_key if make else pkcs11.open_key
    return take(module=named.module, token=named.token, key=named.key, pin_file=Path(named.pin_file))
