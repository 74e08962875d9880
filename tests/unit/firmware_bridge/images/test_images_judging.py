"""Judging images: what may be sent to which device, and why not."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.judging import as_installed, judge, judge_step
from firmware_bridge.images.keys import read_key
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.images.signing import make_image
from protocols.releases.mcuboot import Image
from protocols.releases.version import Version
from tests.support.firmware_images import BOARD, image_of, private_key, public_pem

KEYS = [public_pem()]
RUNNING = Installed("1.2.3.4", "ab" * 32, confirmed=True)


def reason(
    image: Image,
    *,
    keys: list[bytes] | None = None,
    board: str = BOARD,
    installed: Installed | None = RUNNING,
    permit: bool = False,
) -> str | None:
    refused = judge(image, keys=KEYS if keys is None else keys, board=board, installed=installed, permit=permit)
    return None if refused is None else refused.reason


def test_a_newer_image_for_the_board_by_the_key_may_be_sent() -> None:
    assert reason(read_image(image_of("1.2.3+5"))) is None
    assert reason(read_image(image_of("1.2.3+4"))) is None
    assert reason(read_image(image_of("1.2.3+4")), installed=None) is None


def test_who_signed_it() -> None:
    unsigned = read_image(make_image(b"p", version=Version(9, 0, 0, 0), key=None, board=BOARD))
    assert reason(unsigned) == "unsigned"
    signed = read_image(image_of("9.0.0+0"))
    assert reason(signed, keys=[]) == "unknown-key"
    assert reason(signed, keys=[public_pem(name="other")]) == "unknown-key"
    assert reason(signed, keys=[public_pem(name="other"), *KEYS]) is None


def test_a_signature_of_another_image_does_not_fit() -> None:
    one, other = image_of("9.0.0+0"), image_of("9.0.0+1")
    forged = other[:-64] + one[-64:]
    assert reason(read_image(forged)) == "bad-signature"
    assert reason(read_image(other)) is None


def test_a_key_of_another_kind_is_another_key() -> None:
    image = read_image(make_image(b"p", version=Version(9, 0, 0, 0), key=private_key("ecdsa-p256"), board=BOARD))
    assert reason(image) == "unknown-key"
    assert reason(image, keys=[public_pem("ecdsa-p256")]) is None


@pytest.mark.parametrize(
    ("made_for", "is_board", "refused"), [("a", "a", False), ("a", "b", True), ("", "b", True), ("a", "", False)]
)
def test_what_it_is_made_for(made_for: str, is_board: str, *, refused: bool) -> None:
    image = read_image(image_of("9.0.0+0", board=made_for))
    assert reason(image, board=is_board) == ("wrong-board" if refused else None)
    says_so = RUNNING._replace(board=is_board)
    assert reason(image, board="", installed=says_so) == ("wrong-board" if refused else None)


def test_an_older_image_needs_a_permit() -> None:
    older = read_image(image_of("1.2.3+3"))
    assert reason(older) == "downgrade"
    assert reason(older, permit=True) is None
    assert reason(older, installed=RUNNING._replace(digest=older.digest_hex)) is None


def test_a_version_that_nobody_understands_needs_a_permit() -> None:
    image = read_image(image_of("9.0.0+0"))
    assert reason(image, installed=RUNNING._replace(version="unknown")) == "downgrade"


@pytest.mark.parametrize(
    ("counter", "least", "refused"), [(6, 7, True), (7, 7, False), (8, 7, False), (None, 0, True), (None, None, False)]
)
def test_no_permit_helps_against_a_lower_security_counter(
    counter: int | None, least: int | None, *, refused: bool
) -> None:
    image = read_image(image_of("9.0.0+0", counter=counter))
    counted = RUNNING._replace(security_counter=least)
    for permit in (False, True):
        assert reason(image, installed=counted, permit=permit) == ("security-counter" if refused else None)


def pem(key: object) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_keys_that_sign_no_images_are_refused() -> None:
    unusable = [
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(x25519.X25519PrivateKey.generate()),
        pem(rsa.generate_private_key(65537, 1024)),
    ]
    for content in unusable:
        with pytest.raises(ImageRefused) as caught:
            read_key(content)
        assert caught.value.reason == "key-unusable"
    assert reason(read_image(image_of()), keys=[b""]) == "key-unusable"


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ImageRefused, match="private key") as caught:
        read_key(content)
    assert content.split(b"\n")[1].decode() not in str(caught.value)


@given(st.booleans(), st.booleans(), st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 2]))
def test_nothing_is_sent_below_the_counter_whoever_permits_it(
    newer: bool, permit: bool, has: int | None, least: int | None
) -> None:
    wanted = as_installed(read_image(image_of("2.0.0+0" if newer else "1.0.0+0", counter=has)))
    refused = judge_step(wanted, RUNNING._replace(security_counter=least), permit=permit)
    if least is not None and (has is None or has < least):
        assert refused is not None
        assert refused.reason == "security-counter"
    else:
        assert (refused is None) == (newer or permit)
