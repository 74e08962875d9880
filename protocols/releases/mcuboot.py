"""MCUboot's image: a header, the program, and records (TLVs) behind it. All numbers are little-endian.

    header      magic, load address, bytes of header, of protected records and of program, flags, version  ┐
    program                                                                                                │ hashed
    protected   0x6908, bytes in all; then type, length and content of each                                ┘
    records     0x6907, bytes in all; the hash, and for each signature its key's hash and itself

Source: https://docs.mcuboot.com/design.html. Nothing may stand behind the records: MCUboot's marks for the next boot
stand at a slot's end, and an image that brought them with it would be booted for good, without a trial.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Literal, NamedTuple

from protocols.errors import InvalidImage
from protocols.releases.version import Version

MAX_IMAGE_BYTES = 16 * 1024 * 1024
MAX_RECORDS = 64

MAGIC = 0x96F3B83D
RECORDS_MAGIC, PROTECTED_MAGIC = 0x6907, 0x6908
HEADER = Struct("<IIHHIIBBHI4x")
RECORDS_HEAD = Struct("<HH")
RECORD = Struct("<HH")

KEY_HASH, SHA256 = 0x01, 0x10
SECURITY_COUNTER = 0x50
BOARD = 0xA0
"""Muster's own record, of those left to vendors: the board that the image is made for, as BOARD_NAME."""

BOARD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]{0,63}", re.ASCII)

SignatureKind = Literal["rsa-2048", "ecdsa-p256", "rsa-3072", "ed25519"]
SIGNATURES: dict[int, SignatureKind] = {0x20: "rsa-2048", 0x22: "ecdsa-p256", 0x23: "rsa-3072", 0x24: "ed25519"}

_MAX_SIGNATURE_BYTES = 384
_MAX_UNCOVERED_BYTES = 512
_UNCOVERED = frozenset({KEY_HASH, 0x02, SHA256, BOARD, SECURITY_COUNTER, *SIGNATURES})
"""What may stand outside of the hash, 0x02 being a whole key. Board and counter are refused in words of their own."""
_ENCRYPTED, _NOT_BOOTABLE, _COMPRESSED = 0x0C, 0x10, 0xE00
_KNOWN_FLAGS = 0x01 | 0x20 | 0x100 | _ENCRYPTED | _NOT_BOOTABLE | _COMPRESSED
_OTHER_HASHES = {0x11: "SHA-384", 0x12: "SHA-512", 0x25: "a signature of the whole image"}
_BUILD_AGAIN = "build and sign it again"


class Signature(NamedTuple):
    """One signature over the image's hash; `key_hash` names its key, empty where the image does not say."""

    kind: SignatureKind
    key_hash: bytes
    content: bytes


@dataclass(frozen=True)
class Image:
    """An image that is whole: what it says of itself, and its hash fits. Nobody has looked at its signatures.

    `board` is empty and `security_counter` None where it does not say. `image_bytes` are those of the program.
    """

    version: Version
    digest_hex: str
    header_bytes: int
    image_bytes: int
    flags: int
    board: str
    security_counter: int | None
    signatures: tuple[Signature, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 over header, program and protected records: what is signed, and by which a device names it."""
        return bytes.fromhex(self.digest_hex)


class _Header(NamedTuple):
    header_bytes: int
    protected_bytes: int
    image_bytes: int
    flags: int
    version: Version


def read_image(content: bytes) -> Image:
    """The image in `content`; raises InvalidImage.

    Reasons: `too-large` (more than 16 MiB), `not-an-image`, `truncated`, `not-supported` (encrypted, compressed, or
    hashed otherwise than by SHA-256), `not-bootable`, `padded` (something stands behind its end), `damaged` (a record
    is none, is there twice, or is not under the hash though it must be), `hash-differs`.
    """
    if len(content) > MAX_IMAGE_BYTES:
        raise InvalidImage("too-large", f"the file has {len(content)} bytes, an image 16 MiB at most", "name the image")
    header = _read_header(content)
    program_end = header.header_bytes + header.image_bytes
    protected = list(_region(content, program_end, PROTECTED_MAGIC, header.protected_bytes))
    signed_end = program_end + header.protected_bytes
    records = list(_region(content, signed_end, RECORDS_MAGIC, None))
    digest = _only(records, SHA256)
    if digest is None:
        raise InvalidImage("not-supported", f"the image has {_hash_in(records)} and no SHA-256", _BUILD_AGAIN)
    _check_uncovered(records)
    if sha256(memoryview(content)[:signed_end]).digest() != digest:
        raise InvalidImage("hash-differs", "the image is damaged: its hash is another", "copy or build it again")
    return Image(
        version=header.version,
        digest_hex=digest.hex(),
        header_bytes=header.header_bytes,
        image_bytes=header.image_bytes,
        flags=header.flags,
        board=_board(protected, records),
        security_counter=_counter(protected, records),
        signatures=tuple(_signatures(records)),
    )


def _read_header(content: bytes) -> _Header:
    if len(content) < HEADER.size:
        raise InvalidImage("not-an-image", f"{len(content)} bytes are no MCUboot image", "name a signed image")
    magic, _, header_bytes, protected_bytes, image_bytes, flags, *version = HEADER.unpack_from(content)
    if magic != MAGIC:
        raise InvalidImage("not-an-image", "this is no MCUboot image", "name the signed .bin, no .hex and no .elf")
    if header_bytes < HEADER.size or image_bytes == 0:
        raise InvalidImage("damaged", f"{header_bytes} bytes of header, {image_bytes} of program", _BUILD_AGAIN)
    if flags & _ENCRYPTED:
        raise InvalidImage("not-supported", "the image is encrypted, and can not be judged here", "sign it unencrypted")
    if flags & _COMPRESSED:
        raise InvalidImage("not-supported", "the image is compressed", "sign it uncompressed")
    if flags & _NOT_BOOTABLE:
        raise InvalidImage("not-bootable", "the image says that it can not be booted", "name one that can")
    if flags & ~_KNOWN_FLAGS:
        raise InvalidImage("not-supported", f"the image has unknown flags, {flags:#x}", _BUILD_AGAIN)
    return _Header(header_bytes, protected_bytes, image_bytes, flags, Version(*version))


def _region(content: bytes, start: int, magic: int, said_bytes: int | None) -> Iterator[tuple[int, bytes]]:
    """The records of the region at `start`: type and content. `said_bytes` is its length by the header; None, for the
    last region: it ends where the file does."""
    if said_bytes == 0:
        return
    end = _region_end(content, start, magic, said_bytes)
    at = start + RECORDS_HEAD.size
    count = 0
    while at < end:
        kind, length = RECORD.unpack_from(content, at) if at + RECORD.size <= end else (0, end)
        at += RECORD.size
        count += 1
        if at + length > end or count > MAX_RECORDS:
            raise InvalidImage("damaged", "the image's records do not fit into one another", _BUILD_AGAIN)
        yield kind, content[at : at + length]
        at += length


def _region_end(content: bytes, start: int, magic: int, said_bytes: int | None) -> int:
    if start + RECORDS_HEAD.size > len(content):
        raise InvalidImage("truncated", f"the file ends after {len(content)} bytes, within the image", "copy it again")
    found, total_bytes = RECORDS_HEAD.unpack_from(content, start)
    if found != magic or total_bytes < RECORDS_HEAD.size or said_bytes not in {None, total_bytes}:
        raise InvalidImage("damaged", "the image's records do not begin where its header says", _BUILD_AGAIN)
    end = start + int(total_bytes)
    if end > len(content):
        raise InvalidImage("truncated", f"the file ends after {len(content)} bytes, within the image", "copy it again")
    if said_bytes is None and end < len(content):
        said = f"{len(content) - end} bytes stand behind the image's end, and could steer the next boot"
        raise InvalidImage("padded", said, "sign it without padding (imgtool: without --pad, --test and --confirm)")
    return end


def _check_uncovered(records: list[tuple[int, bytes]]) -> None:
    """Anybody can add records that the hash does not cover, and so bytes of his own at the end of a slot."""
    for kind, content in records:
        if kind not in _UNCOVERED or len(content) > _MAX_UNCOVERED_BYTES:
            said = f"record {kind:#x} of the image, {len(content)} bytes, is not under its hash"
            raise InvalidImage("damaged", said, _BUILD_AGAIN)


def _only(records: list[tuple[int, bytes]], wanted: int) -> bytes | None:
    """The one record of that type, None without one."""
    found = [content for kind, content in records if kind == wanted]
    if len(found) > 1:
        raise InvalidImage("damaged", f"the image has record {wanted:#x} more than once", _BUILD_AGAIN)
    return found[0] if found else None


def _covered(protected: list[tuple[int, bytes]], records: list[tuple[int, bytes]], wanted: int) -> bytes | None:
    """The one record of that type under the hash; one elsewhere could be anybody's."""
    if _only(records, wanted) is not None:
        raise InvalidImage("damaged", f"record {wanted:#x} of the image is not under its hash", _BUILD_AGAIN)
    return _only(protected, wanted)


def _board(protected: list[tuple[int, bytes]], records: list[tuple[int, bytes]]) -> str:
    content = _covered(protected, records, BOARD)
    if content is None:
        return ""
    name = content.decode("ascii", errors="replace")
    if BOARD_NAME.fullmatch(name) is None:
        raise InvalidImage("damaged", "the name of the image's board is none", _BUILD_AGAIN)
    return name


def _counter(protected: list[tuple[int, bytes]], records: list[tuple[int, bytes]]) -> int | None:
    content = _covered(protected, records, SECURITY_COUNTER)
    if content is None:
        return None
    if len(content) != 4:
        raise InvalidImage("damaged", "the image's security counter is none", _BUILD_AGAIN)
    return int.from_bytes(content, "little")


def _signatures(records: list[tuple[int, bytes]]) -> Iterator[Signature]:
    """Each signature with the key's hash that stands before it."""
    key_hash = b""
    for kind, content in records:
        if kind == KEY_HASH:
            key_hash = content
        elif kind in SIGNATURES:
            if len(content) > _MAX_SIGNATURE_BYTES or len(key_hash) not in {0, 32}:
                raise InvalidImage("damaged", "a signature of the image, or its key's hash, is none", _BUILD_AGAIN)
            yield Signature(SIGNATURES[kind], key_hash, content)


def _hash_in(records: list[tuple[int, bytes]]) -> str:
    return next((_OTHER_HASHES[kind] for kind, _ in records if kind in _OTHER_HASHES), "no known hash")
