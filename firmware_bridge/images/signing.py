"""Images made and signed here, for benches, simulators and tests. Keys of the field are made and kept elsewhere."""

from hashlib import sha256
from struct import pack

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.keys import PrivateKey, sign_digest, signing_key
from firmware_bridge.images.mcuboot import read_image
from protocols.releases.mcuboot import (
    BOARD,
    BOARD_NAME,
    HEADER,
    KEY_HASH,
    MAGIC,
    MAX_IMAGE_BYTES,
    PROTECTED_MAGIC,
    RECORD,
    RECORDS_HEAD,
    RECORDS_MAGIC,
    SECURITY_COUNTER,
    SHA256,
    SIGNATURES,
)
from protocols.releases.version import Version

_RECORD_OF = {kind: number for number, kind in SIGNATURES.items()}


def make_image(
    program: bytes,
    *,
    version: Version,
    key: PrivateKey | None,
    board: str = "",
    security_counter: int | None = None,
    header_bytes: int = HEADER.size,
    flags: int = 0,
) -> bytes:
    """The image of `program`, signed by `key`; unsigned without one.

    `header_bytes` is the room before the program, at least 32: what its linker left for the header. Raises
    ImageRefused for what could not be read again: no program, one of more than 16 MiB, a `board` that is no name.
    """
    if board and BOARD_NAME.fullmatch(board) is None:
        raise ImageRefused("board-unfit", f"{board[:64]!r} is no name of a board", "give 64 letters, digits and ._/@+-")
    if not 1 <= len(program) <= MAX_IMAGE_BYTES:
        raise ImageRefused("program-unfit", f"{len(program)} bytes are no program", "name the program as .bin")
    protected = _region(PROTECTED_MAGIC, _protected_records(board, security_counter))
    header = HEADER.pack(MAGIC, 0, header_bytes, len(protected), len(program), flags, *version)
    signed = header.ljust(header_bytes, b"\0") + program + protected
    digest = sha256(signed).digest()
    content = signed + _region(RECORDS_MAGIC, _record(SHA256, digest) + _signature(key, digest))
    read_image(content)
    return content


def _protected_records(board: str, security_counter: int | None) -> bytes:
    counter = b"" if security_counter is None else _record(SECURITY_COUNTER, pack("<I", security_counter))
    return counter + (_record(BOARD, board.encode()) if board else b"")


def _signature(key: PrivateKey | None, digest: bytes) -> bytes:
    if key is None:
        return b""
    known = signing_key(key.public_key())
    return _record(KEY_HASH, known.key_hash) + _record(_RECORD_OF[known.kind], sign_digest(key, digest))


def _record(kind: int, content: bytes) -> bytes:
    return RECORD.pack(kind, len(content)) + content


def _region(magic: int, records: bytes) -> bytes:
    """The region with `records`; nothing without them, but for the last region, which always has a hash."""
    return RECORDS_HEAD.pack(magic, RECORDS_HEAD.size + len(records)) + records if records else b""
