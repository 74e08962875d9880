"""What a simulated bootloader makes of the bytes in a slot: an image, whether it is whole, and who signed it. Pure.

It reads and judges by itself, so that what the sending side judges is put to the test and not repeated.
"""

import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from firmware_bridge.errors import SimulationFailed

BootKey = Ed25519PublicKey | EllipticCurvePublicKey

_HEADER = Struct("<IIHHIIBBHII")
_RECORD = Struct("<HH")
_MAGIC = 0x96F3B83D
_RECORDS, _PROTECTED_RECORDS = 0x6907, 0x6908
_KEY_HASH, _SHA256, _ECDSA, _ED25519, _SECURITY_COUNTER = 0x01, 0x10, 0x22, 0x24, 0x50
_NOT_BOOTABLE = 0x10


class SlotImage(NamedTuple):
    """An image's facts, as its header and records say them; `signatures` are (key's hash, kind, signature)."""

    version: tuple[int, int, int, int]
    digest: bytes
    bootable: bool
    security_counter: int
    hashed_bytes: int
    total_bytes: int
    signatures: tuple[tuple[bytes, int, bytes], ...]

    @property
    def version_text(self) -> str:
        """As Zephyr writes it: `1.2.3`, or `1.2.3.4` with a build number."""
        major, minor, revision, build = self.version
        return f"{major}.{minor}.{revision}" + (f".{build}" if build else "")


def load_boot_key(pem: bytes) -> BootKey:
    """A key for the bootloader: Ed25519 or ECDSA on P-256; raises SimulationFailed for any other."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise SimulationFailed("a key for the bootloader is no public key in PEM") from error
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise SimulationFailed("the bootloader takes Ed25519 keys and ECDSA keys on P-256")


def image_in(slot: bytes) -> SlotImage | None:
    """The image that begins a slot's bytes, by its header and its records; None when there is none. Its hash is not
    compared."""
    try:
        header = _HEADER.unpack_from(slot)
        magic, _, header_bytes, protected_bytes, program_bytes, flags = header[:6]
        hashed_bytes = header_bytes + program_bytes + protected_bytes
        if magic != _MAGIC or header_bytes < _HEADER.size or hashed_bytes > len(slot):
            return None
        begin = hashed_bytes - protected_bytes
        protected = _records(slot[:hashed_bytes], begin, _PROTECTED_RECORDS) if protected_bytes else []
        plain = _records(slot, hashed_bytes, _RECORDS)
        total_bytes = hashed_bytes + _RECORD.unpack_from(slot, hashed_bytes)[1]
    except (struct.error, ValueError):
        return None
    if protected_bytes and _RECORD.unpack_from(slot, begin)[1] != protected_bytes:
        return None
    digests = [content for kind, content in plain if kind == _SHA256]
    if len(digests) != 1 or len(digests[0]) != 32:
        return None
    counters = [content for kind, content in protected if kind == _SECURITY_COUNTER and len(content) == 4]
    return SlotImage(
        version=header[6:10],
        digest=digests[0],
        bootable=not flags & _NOT_BOOTABLE,
        security_counter=int.from_bytes(counters[0], "little") if counters else 0,
        hashed_bytes=hashed_bytes,
        total_bytes=total_bytes,
        signatures=tuple(_signatures(plain)),
    )


def is_whole(slot: bytes, image: SlotImage) -> bool:
    """Whether the slot's bytes have the hash that the image names."""
    return sha256(slot[: image.hashed_bytes]).digest() == image.digest


def is_signed(image: SlotImage, keys: Sequence[BootKey]) -> bool:
    """Whether one of `keys` has signed the image's hash."""
    by_hash = {sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest(): key for key in keys}
    return any(
        key_hash in by_hash and _fits(by_hash[key_hash], kind, signature, image.digest)
        for key_hash, kind, signature in image.signatures
    )


def _fits(key: BootKey, kind: int, signature: bytes, digest: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey) and kind == _ED25519:
            key.verify(signature, digest)
            return True
        if isinstance(key, EllipticCurvePublicKey) and kind == _ECDSA:
            key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
            return True
    except InvalidSignature:
        return False
    return False


def _signatures(records: list[tuple[int, bytes]]) -> Iterator[tuple[bytes, int, bytes]]:
    """A signature belongs to the key hash before it."""
    key_hash = b""
    for kind, content in records:
        if kind == _KEY_HASH:
            key_hash = content
        elif kind in {_ECDSA, _ED25519}:
            yield key_hash, kind, content


def _records(slot: bytes, start: int, magic: int) -> list[tuple[int, bytes]]:
    """The records of an area; raises ValueError or struct.error when they do not fill it exactly."""
    found_magic, area_bytes = _RECORD.unpack_from(slot, start)
    if found_magic != magic or not _RECORD.size <= area_bytes <= len(slot) - start:
        raise ValueError
    records, at, end = [], start + _RECORD.size, start + area_bytes
    while at < end:
        kind, length = _RECORD.unpack_from(slot, at)
        at += _RECORD.size
        if at + length > end:
            raise ValueError
        records.append((kind, slot[at : at + length]))
        at += length
    return records
