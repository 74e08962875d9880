"""Leases: one form, signed by a controller behind a prefix of their own, and short."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.downlink import Signed, Welcome, seal
from protocols.errors import InvalidLease
from protocols.lease import (
    LEASE_PREFIX,
    MAX_CARRIED_LEASE_S,
    MAX_LEASE_CHARS,
    MAX_LEASE_S,
    Lease,
    lease_hash,
    read_lease,
)
from protocols.signed_text import SignedText, sign_text
from tests.support.mandates import NONCE, UNIT, House, lease
from tests.support.tlog_making import fixed_key

HOUSE = House()
SIGNED = HOUSE.signed_lease(lease())
TEXT = SIGNED.signed
OTHERS_KEY = fixed_key("another controller")


def refused(signed: SignedText) -> str:
    """The reason for which it is no lease."""
    with pytest.raises(InvalidLease) as error:
        read_lease(signed, HOUSE.keys)
    assert str(error.value) == error.value.detail
    return error.value.reason


def with_fields(**changes: Any) -> str:
    """The lease's text with raw JSON values in some fields' places."""
    return msgspec.json.encode({**msgspec.json.decode(TEXT), **changes}).decode()


@pytest.mark.parametrize("lasts_s", [1, MAX_LEASE_S])
def test_a_lease_that_the_controller_signed_is_taken(lasts_s: int) -> None:
    granted = lease(lasts_s=lasts_s)
    assert read_lease(HOUSE.signed_lease(granted), HOUSE.keys) == granted


def test_a_carried_lease_lasts_longer_and_no_other() -> None:
    carried = lease(carried=True, lasts_s=MAX_CARRIED_LEASE_S)
    assert read_lease(HOUSE.signed_lease(carried), HOUSE.keys) == carried
    assert refused(HOUSE.signed_lease(lease(lasts_s=MAX_LEASE_S + 1))) == "lease-too-long"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[" * 1000,
        " " + TEXT,
        TEXT + "\n",
        TEXT.replace('"v":1,', '"v":1,"v":1,'),
        TEXT.replace('"carried":false', '"carried":0'),
        TEXT.replace('"carried":false', '"carried":null'),
        TEXT.replace("video", "\\u0076ideo"),
        TEXT.replace(f'"nonce":"{NONCE}",', ""),
        with_fields(v=2),
        with_fields(subject="nobody"),
        with_fields(nonce=NONCE.upper()),
        with_fields(modalities=[]),
        with_fields(modalities=["video", "video"]),
        with_fields(modalities=["track"]),
        with_fields(lasts_s=0),
        with_fields(lasts_s=-1),
        with_fields(lasts_s=60.0),
        with_fields(lasts_s=MAX_CARRIED_LEASE_S + 1, carried=True),
        with_fields(opening="open-1"),
        with_fields(mandate="m-1"),
        with_fields(person="TO-12\n"),
        with_fields(granted_at_ms=-1),
        with_fields(boot_id="x" * MAX_LEASE_CHARS),
        TEXT + " " * MAX_LEASE_CHARS,
    ],
)
def test_what_is_not_in_the_one_form_is_no_lease_whoever_signed_it(text: str) -> None:
    assert refused(HOUSE.signed_lease(lease(), text=text)) == "lease-unreadable"


def test_a_lease_has_at_most_a_thousand_signs() -> None:
    widest = lease(
        unit="u" * 40,
        boot_id="b" * 80,
        modalities=["video", "audio", "position"],
        person="TO-123456",
        granted_at_ms=253_402_300_799_999,
    )
    assert len(widest.text()) < MAX_LEASE_CHARS
    assert read_lease(HOUSE.signed_lease(widest), HOUSE.keys) == widest


def test_only_a_known_controller_grants() -> None:
    theirs = sign_text(LEASE_PREFIX, TEXT.encode(), OTHERS_KEY)
    assert refused(theirs) == "lease-signature"
    assert refused(msgspec.structs.replace(theirs, key=SIGNED.key)) == "lease-signature"
    with pytest.raises(InvalidLease):
        read_lease(SIGNED, {})


@pytest.mark.parametrize("prefix", [b"", b"muster down v1\n", b"muster lease v2\n", LEASE_PREFIX[:-1]])
def test_a_text_that_was_signed_as_something_else_is_no_lease(prefix: bytes) -> None:
    assert refused(HOUSE.signed_lease(lease(), prefix=prefix)) == "lease-signature"


def test_an_envelope_is_no_lease() -> None:
    envelope = Signed(
        unit=UNIT, session=NONCE, sender="5e" * 8, counter=1, issued_at_ms=0, expires_at_ms=1, body=Welcome(NONCE, 1)
    )
    signed = msgspec.json.decode(seal(envelope, HOUSE.controller), type=SignedText)
    assert refused(signed) == "lease-signature"


@pytest.mark.parametrize("sig", ["", "!", "é", "AAAA", "A" * 88])
def test_what_is_no_signature_is_refused(sig: str) -> None:
    assert refused(msgspec.structs.replace(SIGNED, sig=sig)) == "lease-signature"


def test_the_log_holds_the_hash_of_the_exact_text() -> None:
    granted = HOUSE.granted()
    entry = msgspec.json.decode(granted.logged.leaf)
    assert entry["lease_sha256"] == lease_hash(granted.logged.lease.signed)
    assert lease_hash(TEXT) != lease_hash(TEXT + " ")


@given(st.data(), st.sampled_from(["signed", "key", "sig"]))
def test_a_lease_with_any_one_sign_changed_is_refused(data: st.DataObject, name: str) -> None:
    whole: str = getattr(SIGNED, name)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.characters(exclude_characters=whole[place]))
    changed = whole[:place] + data.draw(st.sampled_from([other, ""])) + whole[place + 1 :]
    assert refused(msgspec.structs.replace(SIGNED, **{name: changed})) == "lease-signature"


@given(
    st.builds(
        Lease,
        v=st.just(1),
        opening=st.from_regex(r"\Aopen-[0-9a-f]{24}\Z"),
        unit=st.from_regex(r"\A[a-z0-9-]{8,40}\Z"),
        boot_id=st.text("0123456789abcdef-", max_size=80),
        nonce=st.from_regex(r"\A[0-9a-f]{32}\Z"),
        mandate=st.from_regex(r"\AM-[0-9a-f]{12}\Z"),
        modalities=st.lists(st.sampled_from(["video", "audio", "position"]), min_size=1, max_size=3, unique=True),
        person=st.just("TO-12"),
        granted_at_ms=st.integers(0, 253_402_300_799_999),
        lasts_s=st.integers(1, MAX_CARRIED_LEASE_S),
        carried=st.booleans(),
    )
)
def test_any_lease_is_read_as_it_was_written_or_too_long(granted: Lease) -> None:
    signed = HOUSE.signed_lease(granted)
    if granted.lasts_s > MAX_LEASE_S and not granted.carried:
        assert refused(signed) == "lease-too-long"
    else:
        assert read_lease(signed, HOUSE.keys) == granted
