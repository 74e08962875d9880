from base64 import b64decode, b64encode
from itertools import pairwise

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from protocols.commands import ApplySettings, ReportNow
from protocols.downlink import MAX_RANGES, Ack, Body, Command, Signed, Welcome, seal, seq_ranges, unseal
from protocols.errors import InvalidEnvelope
from protocols.settings import UnitSettings
from protocols.signed_text import key_id
from protocols.topics import MAX_PAYLOAD_BYTES
from tests.unit.protocols.protocol_strategies import command_ids, nonces, seqs, unit_ids, unix_ms

KEY = Ed25519PrivateKey.from_private_bytes(b"muster test key, not for use----")
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"another test key, not for use---")
KEYS: dict[str, Ed25519PublicKey] = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key()}
PREFIX = b"muster down v1\n"

ranges = st.lists(st.tuples(seqs, seqs), min_size=1, max_size=5)
bodies: SearchStrategy[Body] = st.one_of(
    st.builds(Welcome, nonces, st.integers(1, 1 << 31)),
    st.builds(Ack, seqs, ranges),
    st.builds(
        Command,
        command_ids,
        st.builds(ReportNow) | st.builds(ApplySettings, st.builds(UnitSettings, version=st.integers(0, 99))),
    ),
)
signed_messages = st.builds(
    Signed,
    unit=unit_ids,
    session=nonces,
    sender=st.text("0123456789abcdef", min_size=16, max_size=16),
    counter=seqs,
    issued_at_ms=unix_ms,
    expires_at_ms=unix_ms,
    body=bodies,
)
ACK = Signed(
    unit="unit-23456789",
    session="0123456789abcdef" * 2,
    sender="5e4de75e4de75e4d",
    counter=1,
    issued_at_ms=1_000,
    expires_at_ms=61_000,
    body=Ack(7, [(1, 20), (22, 22)]),
)
SEALED = seal(ACK, KEY)


def sealed_text(text: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    """An envelope with a true signature around any text at all."""
    name = key_id(key.public_key().public_bytes_raw())
    return msgspec.json.encode(
        {"signed": text.decode(), "key": name, "sig": b64encode(key.sign(PREFIX + text)).decode()}
    )


def reason_for(payload: bytes) -> str:
    with pytest.raises(InvalidEnvelope) as caught:
        unseal(payload, KEYS)
    return caught.value.reason


@given(signed_messages)
def test_what_is_sealed_unseals_to_the_same(signed: Signed) -> None:
    assert unseal(seal(signed, KEY), KEYS) == signed


def test_the_text_stays_readable_in_the_envelope() -> None:
    assert b"unit-23456789" in SEALED
    assert msgspec.json.decode(msgspec.json.decode(SEALED)["signed"])["body"]["ranges"] == [[1, 20], [22, 22]]


def test_a_flipped_bit_anywhere_is_refused() -> None:
    for at in range(len(SEALED)):
        for bit in range(8):
            damaged = bytearray(SEALED)
            damaged[at] ^= 1 << bit
            assert reason_for(bytes(damaged)) in {"malformed", "unknown-key", "bad-signature"}, (at, bit)


def test_a_truncated_envelope_is_refused() -> None:
    assert {reason_for(SEALED[:length]) for length in range(len(SEALED))} == {"malformed"}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(payload: bytes) -> None:
    assert reason_for(payload) == "malformed"


@given(st.text(max_size=100), st.sampled_from(sorted(KEYS)), st.text(max_size=100) | st.just("A" * 86 + "=="))
def test_an_arbitrary_text_and_signature_are_refused(text: str, key: str, signature: str) -> None:
    payload = msgspec.json.encode({"signed": text, "key": key, "sig": signature})
    assert reason_for(payload) in {"malformed", "bad-signature"}


def test_a_key_that_is_not_known_here_is_refused_by_name() -> None:
    assert reason_for(seal(ACK, OTHER_KEY)) == "unknown-key"
    with pytest.raises(InvalidEnvelope, match="no controller key"):
        unseal(SEALED, {})


def test_another_keys_signature_under_a_known_name_is_refused() -> None:
    forged = msgspec.json.decode(seal(ACK, OTHER_KEY))
    forged["key"] = next(iter(KEYS))
    assert reason_for(msgspec.json.encode(forged)) == "bad-signature"


def test_a_signature_made_for_another_purpose_is_refused() -> None:
    envelope = msgspec.json.decode(SEALED)
    envelope["sig"] = b64encode(KEY.sign(envelope["signed"].encode())).decode()
    assert reason_for(msgspec.json.encode(envelope)) == "bad-signature"


@pytest.mark.parametrize("length", [0, 1, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    envelope = msgspec.json.decode(SEALED)
    envelope["sig"] = b64encode((b64decode(envelope["sig"]) + b"\0")[:length]).decode()
    assert reason_for(msgspec.json.encode(envelope)) == "bad-signature"


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"not json",
        b"[" * 10_000,
        msgspec.json.encode(ACK).replace(b'"counter":1', b'"counter":0'),
        msgspec.json.encode(ACK).replace(b'"counter":1', b'"counter":1,"note":"x"'),
        msgspec.json.encode(ACK).replace(b'"counter":1', b'"counter":' + b"9" * 5000),
        msgspec.json.encode(ACK).replace(b'"type":"ack"', b'"type":"unlock"'),
        msgspec.json.encode(ACK).replace(b'"spool_id":7', b'"spool_id":7,"more":1'),
        msgspec.json.encode(ACK).replace(b"[22,22]", b"[0,22]"),
        msgspec.json.encode(ACK).replace(b"[[1,20],[22,22]]", b"[]"),
        msgspec.json.encode(ACK).replace(b"[[1,20],[22,22]]", msgspec.json.encode([[1, 1]] * (MAX_RANGES + 1))),
    ],
)
def test_a_signed_text_that_is_not_understood_whole_is_refused(text: bytes) -> None:
    assert reason_for(sealed_text(text)) == "malformed"


def test_a_field_outside_the_signature_is_refused() -> None:
    envelope = msgspec.json.decode(SEALED) | {"urgent": True}
    assert reason_for(msgspec.json.encode(envelope)) == "malformed"


def test_an_oversized_envelope_is_refused_before_it_is_read() -> None:
    assert reason_for(b" " * (MAX_PAYLOAD_BYTES + 1)) == "oversized"
    assert reason_for(b" " * MAX_PAYLOAD_BYTES) == "malformed"


def test_the_fullest_acknowledgement_fits_one_message() -> None:
    high = (1 << 53) - 1
    ack = Ack(high, [(high - 1, high)] * MAX_RANGES)
    fullest = msgspec.structs.replace(
        ACK, unit="a" * 40, counter=high, issued_at_ms=10**14, expires_at_ms=10**14, body=ack
    )
    assert len(seal(fullest, KEY)) <= MAX_PAYLOAD_BYTES


@given(st.lists(st.integers(1, 60), max_size=60))
def test_ranges_cover_exactly_what_was_given_in_the_fewest_pairs(given_seqs: list[int]) -> None:
    pairs = seq_ranges(given_seqs)
    covered = [seq for first, last in pairs for seq in range(first, last + 1)]
    assert covered == sorted(set(given_seqs))
    assert all(first <= last for first, last in pairs)
    assert all(last + 1 < following for (_, last), (following, _) in pairwise(pairs))


def test_a_key_is_named_by_the_head_of_its_hash() -> None:
    assert key_id(bytes(32)) == "66687aadf862bd77"
