"""Reading MCUboot's images: what is whole is read, all else is refused."""

from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.judging import judge
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.images.signing import make_image
from protocols.releases.mcuboot import (
    HEADER,
    MAGIC,
    MAX_IMAGE_BYTES,
    MAX_RECORDS,
    SIGNATURES,
    SignatureKind,
)
from protocols.releases.version import Version
from tests.support.firmware_images import BOARD, image_of, private_key, public_pem

IMAGE = image_of(counter=7)
KEYS = [public_pem()]


def reason_of(content: bytes) -> str:
    with pytest.raises(ImageRefused) as caught:
        read_image(content)
    assert caught.value.remedy
    return caught.value.reason


def test_an_image_says_what_it_is() -> None:
    image = read_image(IMAGE)
    assert (image.version, image.board, image.security_counter) == (Version(1, 2, 3, 4), BOARD, 7)
    assert (image.header_bytes, image.image_bytes, image.flags) == (64, 7, 0)
    assert [signature.kind for signature in image.signatures] == ["ed25519"]


def test_an_image_may_say_nothing_of_board_and_counter() -> None:
    image = read_image(image_of(board=""))
    assert (image.board, image.security_counter) == ("", None)


@pytest.mark.parametrize("kind", sorted(SIGNATURES.values()))
def test_images_signed_here_are_read_and_found_good(kind: SignatureKind) -> None:
    content = make_image(b"p", version=Version(0, 1, 0, 0), key=private_key(kind), header_bytes=512)
    assert judge(read_image(content), keys=[public_pem(kind)], board="", installed=None, permit=False) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-an-image"),
        (IMAGE[:31], "not-an-image"),
        (b"\x7fELF" + IMAGE[4:], "not-an-image"),
        (IMAGE[:32], "truncated"),
        (IMAGE[:64], "truncated"),
        (IMAGE[:-1], "truncated"),
        (IMAGE + b"\xff", "padded"),
        (IMAGE.replace(b"program", b"Program"), "hash-differs"),
        (bytes(MAX_IMAGE_BYTES + 1), "too-large"),
        (HEADER.pack(MAGIC, 0, 31, 0, 7, 0, 1, 0, 0, 0) + IMAGE[32:], "damaged"),
        (HEADER.pack(MAGIC, 0, 64, 0, 0, 0, 1, 0, 0, 0) + IMAGE[32:], "damaged"),
        (HEADER.pack(MAGIC, 0, 64, 9, 7, 0, 1, 0, 0, 0) + IMAGE[32:], "damaged"),
        (HEADER.pack(MAGIC, 0, 0xFFFF, 0, 0xFFFFFFFF, 0, 1, 0, 0, 0) + IMAGE[32:], "truncated"),
    ],
)
def test_what_is_no_whole_image_is_refused(content: bytes, reason: str) -> None:
    assert reason_of(content) == reason


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (0x04, "not-supported"),
        (0x08, "not-supported"),
        (0x10, "not-bootable"),
        (0x400, "not-supported"),
        (1 << 20, "not-supported"),
    ],
)
def test_what_can_not_be_judged_is_refused(flags: int, reason: str) -> None:
    assert reason_of(IMAGE[:16] + pack("<I", flags) + IMAGE[20:]) == reason


def test_an_encrypted_image_is_refused_clearly() -> None:
    with pytest.raises(ImageRefused, match="encrypted"):
        read_image(IMAGE[:16] + pack("<I", 0x04) + IMAGE[20:])


def with_records(*records: tuple[int, bytes], magic: int = 0x6907) -> bytes:
    """An unsigned image with further records behind its hash."""
    plain = make_image(b"p", version=Version(1, 0, 0, 0), key=None)
    hashed = plain[37:]
    added = b"".join(pack("<HH", kind, len(content)) + content for kind, content in records)
    return plain[:33] + pack("<HH", magic, 4 + len(hashed) + len(added)) + hashed + added


def test_records_that_anybody_could_add_are_refused() -> None:
    assert reason_of(with_records((0xA1, b"anything"))) == "damaged"
    assert reason_of(with_records((0xFFFF, bytes(60_000)))) == "damaged", "its end would be the end of a slot"
    assert reason_of(with_records((0x01, bytes(513)))) == "damaged"
    assert reason_of(with_records((0xA0, b"board"))) == "damaged"
    assert reason_of(with_records((0x50, bytes(4)))) == "damaged"
    assert reason_of(with_records((0x10, bytes(32)))) == "damaged"


def test_records_are_bounded() -> None:
    assert read_image(with_records(*[(0x01, b"")] * (MAX_RECORDS - 1))).signatures == ()
    assert reason_of(with_records(*[(0x01, b"")] * MAX_RECORDS)) == "damaged"
    assert reason_of(with_records((0x24, bytes(385)))) == "damaged"
    assert reason_of(with_records((0x01, bytes(31)), (0x24, bytes(64)))) == "damaged"


@pytest.mark.parametrize("board", ["two words", "ö", "-", "b" * 65, "a\nb"])
def test_a_board_has_a_name(board: str) -> None:
    with pytest.raises(ImageRefused, match="no name of a board"):
        image_of(board=board)


def test_another_hash_is_named() -> None:
    plain = make_image(b"p", version=Version(1, 0, 0, 0), key=None)
    with pytest.raises(ImageRefused, match="SHA-512"):
        read_image(plain[:37] + pack("<HH", 0x12, 32) + plain[41:])


@pytest.mark.parametrize("at", range(len(IMAGE)))
def test_no_byte_of_an_image_can_be_changed(at: int) -> None:
    for flip in (0x01, 0x80, 0xFF):
        changed = IMAGE[:at] + bytes([IMAGE[at] ^ flip]) + IMAGE[at + 1 :]
        try:
            image = read_image(changed)
        except ImageRefused:
            continue
        assert judge(image, keys=KEYS, board=BOARD, installed=None, permit=False) is not None


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=len(IMAGE)), st.integers(min_value=0, max_value=400))
@settings(max_examples=300, deadline=None)
def test_whatever_is_read_nothing_but_a_refusal_comes_of_it(noise: bytes, at: int, cut: int) -> None:
    for content in (noise, IMAGE[:at] + noise + IMAGE[at + cut :]):
        try:
            image = read_image(content)
        except ImageRefused:
            continue
        assert len(content) > image.header_bytes + image.image_bytes


def test_an_image_of_ours_never_changes() -> None:
    assert IMAGE.hex() == GOLDEN


GOLDEN = (
    "3db8f39600000000400019000700000000000000010203000400000000000000000000000000000000000000000000000000000000000000"
    "000000000000000070726f6772616d086919005000040007000000a000090066726f6e74646f6f7207699000100020002413e96588433fc5"
    "0e5494623f289d102dd20ffb398a02cf8a89958be292c7db0100200058649726d648a11a9248d893a59f439bfd20905f6c54bc2511642489"
    "e1ef80e5240040000e68e1dc1a542f9b4d26435302f95e263691407eb212ca7035cf4211f6fa21c4152ba5380751fe304cbe182e7a9df995"
    "58b8772edf27591d1f6494ff659aa10c"
)
