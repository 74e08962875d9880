"""Credentials for coturn that are good for minutes (TURN REST API, draft-uberti-behave-turn-rest-00). Pure."""

import hmac
from base64 import b64encode
from collections.abc import Sequence

from protocols.opening import IceServer

DEFAULT_LIFETIME_S = 900
_MIN_SECRET_CHARS = 32


def turn_server(
    urls: Sequence[str], secret: str, name: str, now_s: int, lifetime_s: int = DEFAULT_LIFETIME_S
) -> IceServer:
    """A TURN server at `urls` with credentials for `name`, good for `lifetime_s` from `now_s` (Unix time).

    `secret` is coturn's `static-auth-secret`. The user name is when the credentials end, a colon, and `name`; the
    password is its HMAC-SHA1 under the secret, in base64. Raises ValueError for a secret of less than 32 characters, a
    lifetime that is not positive, and a name with a colon.
    """
    if len(secret) < _MIN_SECRET_CHARS:
        raise ValueError(f"the secret of the TURN server has less than {_MIN_SECRET_CHARS} characters")
    if lifetime_s <= 0 or ":" in name or not name:
        raise ValueError("credentials need a lifetime and a name without a colon")
    username = f"{now_s + lifetime_s}:{name}"
    password = b64encode(hmac.digest(secret.encode(), username.encode(), "sha1")).decode()
    return IceServer(urls=list(urls), username=username, credential=password)
