import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidMessage, MessageTooLarge, UnknownVersion, WrongUnit
from protocols.topics import MAX_PAYLOAD_BYTES, UP_CHANNELS, UpChannel, UpTopic
from protocols.uplink import (
    MAX_BATCH,
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    SessionProof,
    SessionState,
    UnitEvent,
    decode_up,
    encode_up,
    proof_text,
)
from tests.unit.protocols.protocol_strategies import session_proofs, up_messages

UNIT = "unit-23456789"
NONCE = "0123456789abcdef" * 2
CHANNELS: dict[type[AnyUpMessage], UpChannel] = {
    HealthBatch: "health",
    EventBatch: "event",
    CommandResult: "result",
    SessionState: "lwt",
    SessionProof: "lwt",
}
HEALTH = UpTopic(UNIT, "health")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def payload(report: str = "", message: str = "") -> bytes:
    """A live health message with further members written into its report and behind its own."""
    return (
        f'{{"type":"health","unit":"{UNIT}","session":"{NONCE}","spool_id":7,'
        f'"reports":[{{"seq":1,"sampled_at_ms":1{report}}}]{message}}}'
    ).encode()


@given(up_messages)
def test_what_a_unit_sends_arrives_as_it_was(message: AnyUpMessage) -> None:
    topic = UpTopic(message.unit, CHANNELS[type(message)])
    encoded = encode_up(message)
    assert decode_up(topic, encoded) == message
    assert encode_up(decode_up(topic, encoded)) == encoded


@given(up_messages, st.sampled_from(UP_CHANNELS))
def test_a_message_belongs_on_its_own_channel_only(message: AnyUpMessage, channel: UpChannel) -> None:
    topic = UpTopic(message.unit, channel)
    if CHANNELS[type(message)] == channel:
        assert decode_up(topic, encode_up(message)) == message
    else:
        with pytest.raises(InvalidMessage, match="does not belong on channel"):
            decode_up(topic, encode_up(message))


def read_or_refuse(data: bytes) -> AnyUpMessage | None:
    """Any other error than InvalidMessage escapes and fails the test."""
    try:
        return decode_up(HEALTH, data)
    except InvalidMessage as error:
        assert len(str(error)) < 400  # noqa: PT017  # whichever error it was, its text is bounded
        return None


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    assert read_or_refuse(data) is None


@given(json_values, st.sampled_from(["health", "event", "result", "session"]))
def test_arbitrary_json_raises_nothing_else(value: object, kind: str) -> None:
    read_or_refuse(json.dumps(value).encode())
    body = value if isinstance(value, dict) else {"reports": value}
    read_or_refuse(json.dumps({"type": kind, "unit": UNIT, "session": NONCE, "spool_id": 1} | body).encode())
    read_or_refuse(payload(f',"soc_temp_c":{json.dumps(value)}'))


@given(st.integers(0, len(payload()) - 1), st.integers(0, 255))
def test_a_damaged_byte_raises_nothing_else(at: int, byte: int) -> None:
    damaged = bytearray(payload())
    damaged[at] = byte
    read_or_refuse(bytes(damaged))


@given(st.integers(0, len(payload()) - 1))
def test_a_truncated_message_is_refused(length: int) -> None:
    assert read_or_refuse(payload()[:length]) is None


@pytest.mark.parametrize(
    "data",
    [
        payload(',"load_1m":NaN'),
        payload(',"load_1m":Infinity'),
        payload(',"load_1m":1e999'),
        payload(',"load_1m":1e300'),
        payload(',"soc_temp_c":"48"'),
        payload(',"soc_temp_c":1000'),
        payload(',"rsrq_db":1e308'),
        payload(',"uptime_s":5.5'),
        payload(',"uptime_s":-1'),
        payload(',"uptime_s":9223372036854775808'),
        payload(',"link_rx_bytes":' + "9" * 5000),
        payload(',"ages_s":{"soc_temp_c":-1}'),
        payload(',"ages_s":{"\\u0000":1}'),
        payload(',"ages_s":{"\\ud800":1}'),
        payload(',"ages_s":{"' + "a" * 41 + '":1}'),
        payload(',"ages_s":{' + ",".join(f'"f{n}":1' for n in range(65)) + "}"),
        payload(message=',"v":' + "9" * 5000),
        payload(message=',"v":"1"'),
        payload(message=',"v":true'),
        payload(message=',"more":' + "[" * 20_000),
        payload(message=',"more":' + "[" * 20_000 + "]" * 20_000),
        payload(message=',"more":"\\ud800"').replace(b"more", b"unit"),
        payload(message=',"settings_version":2147483648'),
        payload(message=',"type":"event"'),
        payload(message=',"session":"' + NONCE + '\\n"'),
        payload(message=',"session":"' + NONCE.upper() + '"'),
        payload(message=',"spool_id":0'),
        payload(message=',"spool_id":9007199254740992'),
        payload(message=',"reports":[]'),
        payload(message=',"reports":[' + ",".join(['{"seq":1,"sampled_at_ms":1}'] * (MAX_BATCH + 1)) + "]"),
        payload(message=',"reports":[{"seq":0,"sampled_at_ms":1}]'),
        payload(message=',"reports":[{"seq":1,"sampled_at_ms":253402300800000}]'),
        payload(message=',"reports":[{"seq":1}]'),
        payload() + b"x",
        payload() + payload(),
        b"\xef\xbb\xbf" + payload(),
        payload().decode().encode("utf-16"),
        payload(',"ages_s":{"x":1}').replace(b'"x"', b'"\xff"'),
        b"",
        b"null",
        b"[]",
    ],
)
def test_bad_input_is_refused_as_malformed(data: bytes) -> None:
    with pytest.raises(InvalidMessage) as caught:
        decode_up(HEALTH, data)
    assert caught.value.reason == "malformed"


@pytest.mark.parametrize("text", ["\\u0000", "\\u001b[2J", "a\\nb", "\\u202e", "x" * 201])
def test_an_event_that_would_upset_a_terminal_or_a_database_is_refused(text: str) -> None:
    event = f'{{"seq":1,"sampled_at_ms":1,"kind":"disk-full","summary":"{text}"}}'
    data = f'{{"type":"event","unit":"{UNIT}","session":"{NONCE}","spool_id":1,"events":[{event}]}}'
    with pytest.raises(InvalidMessage):
        decode_up(UpTopic(UNIT, "event"), data.encode())


def test_the_last_of_two_equal_names_counts() -> None:
    message = decode_up(HEALTH, payload(',"uptime_s":1,"uptime_s":2', f',"unit":"unit-zzzzzzzz","unit":"{UNIT}"'))
    assert isinstance(message, HealthBatch)
    assert message.reports[0].uptime_s == 2


def test_a_second_unit_name_can_not_slip_past_the_topic() -> None:
    with pytest.raises(WrongUnit):
        decode_up(HEALTH, payload(message=',"unit":"unit-zzzzzzzz"'))


def test_another_units_message_is_refused_and_both_are_named() -> None:
    with pytest.raises(WrongUnit) as caught:
        decode_up(UpTopic("unit-zzzzzzzz", "health"), payload())
    assert (caught.value.named, caught.value.topic_unit) == (UNIT, "unit-zzzzzzzz")
    assert caught.value.reason == "wrong-unit"


def test_unknown_fields_going_up_are_ignored() -> None:
    assert decode_up(HEALTH, payload(',"new_figure":{"a":[1,2]}', ',"new_member":null')) == decode_up(HEALTH, payload())


@pytest.mark.parametrize(
    "data",
    [
        payload(message=',"v":2'),
        payload(message=',"v":0'),
        payload(message=',"v":99999999999999999999999999'),
        b'{"v":2}',
        b'{"v":2,"type":"telemetry","who":"unit-23456789","figures":[[1,2,3]]}',
        b'{"type":17,"unit":null,"reports":"none","v":3}',
        payload(',"soc_temp_c":{"celsius":48}', ',"v":2'),
    ],
)
def test_a_version_from_the_future_is_named_even_when_its_fields_have_changed(data: bytes) -> None:
    with pytest.raises(UnknownVersion, match="update the older side") as caught:
        decode_up(HEALTH, data)
    assert caught.value.version == json.loads(data)["v"]
    assert caught.value.reason == "unknown-version"


def test_a_payload_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    room = MAX_PAYLOAD_BYTES - len(payload(message=',"pad":""'))
    assert read_or_refuse(payload(message=f',"pad":"{"x" * room}"')) is not None
    with pytest.raises(MessageTooLarge) as caught:
        decode_up(HEALTH, payload(message=f',"pad":"{"x" * (room + 1)}"'))
    assert (caught.value.size_bytes, caught.value.limit_bytes) == (MAX_PAYLOAD_BYTES + 1, MAX_PAYLOAD_BYTES)
    assert caught.value.reason == "oversized"


def test_a_unit_does_not_send_more_than_the_limit() -> None:
    event = UnitEvent(seq=1, sampled_at_ms=1, kind="note", summary="\U0001f600" * 200)
    batch = EventBatch(unit=UNIT, session=NONCE, spool_id=1, events=[event] * MAX_BATCH)
    with pytest.raises(MessageTooLarge):
        encode_up(batch)


@given(session_proofs, session_proofs)
def test_two_proofs_that_differ_are_signed_as_different_texts(one: SessionProof, other: SessionProof) -> None:
    unsigned, others = (msgspec.structs.replace(proof, signature="") for proof in (one, other))
    assert (proof_text(unsigned) == proof_text(others)) == (unsigned == others)


def test_a_proof_without_a_chain_is_signed_as_before_there_were_chains() -> None:
    proof = SessionProof(
        unit=UNIT,
        session=NONCE,
        challenge="c" * 32,
        certificate="1f",
        boot_id="boot",
        spool_id=7,
        next_seq=42,
        signature="",
    )
    assert proof_text(proof) == f"muster session proof v1\n{UNIT}\n{NONCE}\n{'c' * 32}\n1f\nboot\n7\n42".encode()
    with_chain = msgspec.structs.replace(proof, access_records=3, access_head="a" * 64)
    assert proof_text(with_chain) == proof_text(proof) + f"\n3\n{'a' * 64}".encode()


@pytest.mark.parametrize("half", ['"access_records":3', f'"access_head":"{"a" * 64}"'])
def test_half_of_a_chain_proves_nothing(half: str) -> None:
    proof = (
        f'{{"type":"proof","unit":"{UNIT}","session":"{NONCE}","challenge":"{NONCE}","certificate":"1f","boot_id":"",'
        f'"spool_id":7,"next_seq":42,"signature":"",{half}}}'
    )
    with pytest.raises(InvalidMessage, match="come together"):
        decode_up(UpTopic(UNIT, "lwt"), proof.encode())
