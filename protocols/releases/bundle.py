"""A release of the agent as one file: a tar, plain or with gzip, whose first member is `release.json`, its listing.

Whoever serves a bundle reads no more of it than the listing; whoever installs it holds every file against that.
"""

import gzip
import tarfile
import zlib
from io import BytesIO
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.errors import InvalidBundle
from protocols.health import Digest, PartVersion

LISTING = "release.json"
MAX_FILES = 20_000
MAX_LISTING_BYTES = 4 * 1024 * 1024
BEGINNING_BYTES = MAX_LISTING_BYTES + 256 * 1024
"""In so many bytes of a bundle, packed or not, its listing ends."""

_GZIP = b"\x1f\x8b"
_PIECE_BYTES = 64 * 1024
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError, RecursionError)
"""What the standard library raises at a file that is no tar, or none that is packed."""

FilePath = Annotated[str, Meta(min_length=1, max_length=1024)]


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`release.json`: the version that the program says of itself, and the SHA-256 of every other file in the tree."""

    format: Literal[1] = 1
    name: Literal["edge-agent"] = "edge-agent"
    version: PartVersion
    files: Annotated[dict[FilePath, Digest], Meta(min_length=1, max_length=MAX_FILES)]


_decoder = msgspec.json.Decoder(Listing)


def is_packed(beginning: bytes) -> bool:
    """Whether a bundle that begins with these bytes, two at the least, is packed with gzip."""
    return beginning[:2] == _GZIP


def read_listing(content: bytes) -> Listing:
    """The listing in `release.json`; raises InvalidBundle."""
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidBundle(f"its {LISTING} can not be read ({str(error)[:150]})") from error


def listing_at(beginning: bytes) -> Listing:
    """The listing of the bundle whose first BEGINNING_BYTES, or all, are `beginning`; raises InvalidBundle.

    Takes no more memory than a small multiple of BEGINNING_BYTES, whatever the bundle claims.
    """
    try:
        plain = _unpacked(beginning) if is_packed(beginning) else beginning[:BEGINNING_BYTES]
        with tarfile.open(fileobj=BytesIO(plain), mode="r:") as archive:
            member = archive.next()
            content = None if member is None or member.issparse() else archive.extractfile(member)
            if member is None or member.name != LISTING or content is None or member.size > MAX_LISTING_BYTES:
                raise InvalidBundle(f"it does not begin with {LISTING}")
            return read_listing(content.read())
    except _BROKEN as error:
        raise InvalidBundle(f"it can not be read ({str(error)[:100]})") from error


def _unpacked(beginning: bytes) -> bytes:
    """As much as can be had of what begins so, BEGINNING_BYTES at most."""
    plain = bytearray()
    with gzip.open(BytesIO(beginning)) as packed:
        while len(plain) < BEGINNING_BYTES:
            try:
                piece = packed.read1(_PIECE_BYTES)
            except EOFError:  # the rest of the bundle is not here
                break
            if not piece:
                break
            plain += piece
    return bytes(plain[:BEGINNING_BYTES])
