"""A release of the agent as one file: a tar, plain or with gzip, whose first member is `release.json`, its listing.

Whoever serves a bundle reads no more of it than the listing; whoever installs it holds every file against that. Both
go from header to header by themselves: tarfile follows links, sizes and extensions wherever they lead, for any time.
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
_KINDS = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE}
HEADER_BYTES = tarfile.BLOCKSIZE

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


def read_header(block: bytes) -> tarfile.TarInfo | None:
    """The file or directory, with its size, whose header is `block` of HEADER_BYTES; None at the end of the tar.

    Raises InvalidBundle, for extensions of the format too: PAX, GNU's long names, sparse files.
    """
    if len(block) == HEADER_BYTES and not any(block):
        return None
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise InvalidBundle(f"it can not be read ({str(error)[:100]})") from error
    if member.type not in _KINDS or member.size < 0 or (member.isdir() and member.size):
        raise InvalidBundle(f"{member.name[:80]!a} is neither a file nor a directory")
    return member


def listing_at(beginning: bytes) -> Listing:
    """The listing of the bundle whose first BEGINNING_BYTES, or all, are `beginning`; raises InvalidBundle.

    Takes no more time and memory than a small multiple of BEGINNING_BYTES wants, whatever the bundle claims.
    """
    try:
        plain = _unpacked(beginning) if is_packed(beginning) else beginning[:BEGINNING_BYTES]
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InvalidBundle(f"it can not be unpacked ({str(error)[:100]})") from error
    member = read_header(plain[:HEADER_BYTES])
    if member is None or member.name != LISTING or not member.isreg() or member.size > MAX_LISTING_BYTES:
        raise InvalidBundle(f"it does not begin with {LISTING}")
    content = plain[HEADER_BYTES : HEADER_BYTES + member.size]
    if len(content) < member.size:
        raise InvalidBundle(f"it ends within {LISTING}")
    return read_listing(content)


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
