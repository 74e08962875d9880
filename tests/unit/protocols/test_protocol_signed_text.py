"""Signed texts: one spelling of each signature, and never one kind of text for another."""

from base64 import b64decode, b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidEnvelope
from protocols.signed_text import SignedText, key_id, sign_text, verified_bytes
from tests.support.tlog_making import fixed_key

KEY = fixed_key("controller")
KEYS = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key()}
PREFIX = b"muster test v1\n"
SIGNED = sign_text(PREFIX, "grüße".encode(), KEY)


def refused(signed: SignedText, prefix: bytes = PREFIX) -> str:
    """The reason for which it is not believed."""
    with pytest.raises(InvalidEnvelope) as error:
        verified_bytes(prefix, signed, KEYS)
    return error.value.reason


def test_what_was_signed_is_given_back_as_it_was() -> None:
    assert verified_bytes(PREFIX, SIGNED, KEYS) == "grüße".encode()
    assert SIGNED.key == key_id(KEY.public_key().public_bytes_raw())
    assert len(SIGNED.key) == 16


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_can_be_signed(text: str) -> None:
    assert verified_bytes(PREFIX, sign_text(PREFIX, text.encode(), KEY), KEYS) == text.encode()


def test_each_check_has_its_reason() -> None:
    other = sign_text(PREFIX, b"text", fixed_key("another controller"))
    assert refused(other) == "unknown-key"
    assert refused(msgspec.structs.replace(other, key=SIGNED.key)) == "bad-signature"
    assert refused(SIGNED, b"muster other v1\n") == "bad-signature"
    assert refused(msgspec.structs.replace(SIGNED, sig="*")) == "malformed"
    assert refused(msgspec.structs.replace(SIGNED, sig=SIGNED.sig + "\n")) == "malformed"
    assert refused(msgspec.structs.replace(SIGNED, signed="\ud800")) == "bad-signature"


def test_where_prefix_and_text_meet_can_not_be_moved() -> None:
    moved = sign_text(b"muster test v1", b"\ntext", KEY)
    shifted = msgspec.structs.replace(moved, signed="text")
    assert verified_bytes(PREFIX, shifted, KEYS) == b"text"  # so each prefix ends in a line end, and has no other
    assert PREFIX.count(b"\n") == 1


def test_a_signature_has_one_spelling() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(SIGNED.sig[-3])
    loose = SIGNED.sig[:-3] + alphabet[last ^ 1] + "=="
    assert b64decode(loose) == b64decode(SIGNED.sig)
    assert refused(msgspec.structs.replace(SIGNED, sig=loose)) == "malformed"


@given(st.binary(max_size=80))
def test_bytes_from_anywhere_are_no_signature(raw: bytes) -> None:
    assert refused(msgspec.structs.replace(SIGNED, sig=b64encode(raw).decode())) == "bad-signature"


def test_an_unknown_field_is_refused() -> None:
    text = msgspec.json.encode({**msgspec.to_builtins(SIGNED), "more": 1})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=SignedText)
