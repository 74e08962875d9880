"""What a unit checks before it uses a new certificate. Pure: answers, keys and times in, an identity out."""

from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from edge_agent.certificate import check_chain
from edge_agent.errors import AcceptanceInvalid
from edge_agent.identity import Identity
from edge_agent.renewal.roots import follow_roots, read_root, root_pem
from protocols.joining import Renewed

_MAX_URL_SIGNS = 200


class Checked(NamedTuple):
    """The identity to go on with, and what to tell of its roots."""

    identity: Identity
    roots_changed: bool
    roots_refused: int


def check_renewed(
    renewed: Renewed, identity: Identity, key_name: str, own_key: PublicKeyTypes, wall_ms: int | None
) -> Checked:
    """The identity that `renewed` makes of `identity`, for the key `key_name` whose public half is `own_key`.

    New roots come first, only through a root trusted already; then the certificate must lead to one of what remains,
    be for a client, carry the key and name the unit. Controller's keys can go, and none comes that the unit does not
    obey already: whoever can stand in for the API could give orders else. Raises AcceptanceInvalid.
    """
    if renewed.unit_id != identity.unit_id:
        raise AcceptanceInvalid(f"it is for {renewed.unit_id[:40]!r}, not for {identity.unit_id}")
    before = [read_root(pem) for pem in identity.roots_pem]
    trust = follow_roots(before, renewed.roots, wall_ms)
    check_chain(renewed.certificate_chain_pem, trust.roots, own_key, identity.unit_id, wall_ms)
    used_no_more = [name for name in dict.fromkeys([*identity.retired_keys, identity.key_name]) if name != key_name]
    following = msgspec.structs.replace(
        identity,
        certificate_chain_pem=renewed.certificate_chain_pem,
        roots_pem=[root_pem(root) for root in trust.roots],
        controller_keys=[_known_key(text, identity) for text in renewed.controller_keys],
        broker=renewed.broker,
        controller_url=_address(renewed.url),
        key_name=key_name,
        retired_keys=used_no_more,
    )
    return Checked(following, set(before) != set(trust.roots), trust.refused)


def _known_key(text: str, identity: Identity) -> str:
    if text not in identity.controller_keys:
        raise AcceptanceInvalid("it brings a controller's key that this unit does not know; only a voucher can do that")
    return text


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because only reading it tells that it is none
    except ValueError as error:
        raise AcceptanceInvalid("the controller's new address can not be read") from error
    if parts.scheme != "https" or not parts.hostname or len(url) > _MAX_URL_SIGNS:
        raise AcceptanceInvalid(f"the controller's new address {url[:80]!r} is not an https address")
    return url
