"""The embedded broker's rules, without a broker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.broker import rules
from fleet.broker.errors import PeerFault
from fleet.broker.limits import Limits
from fleet.broker.rules import Will, identity_of, judge_connect, judge_publish, judge_subscribe, judge_version
from protocols.topics import CONTROLLER_NAME, DOWN_CHANNELS, UP_CHANNELS, down, may_publish, may_subscribe, up

UNIT, OTHER = "unit-0000000a", "unit-0000000b"
IDENTITIES = st.sampled_from([UNIT, OTHER, CONTROLLER_NAME])
TOPICS = st.builds(
    "/".join,
    st.lists(
        st.sampled_from(
            ["up", "down", UNIT, OTHER, CONTROLLER_NAME, "+", "#", "$share", "$SYS", *UP_CHANNELS, "ack", ""]
        ),
        max_size=6,
    ),
)


def subject(*names: str) -> rules.Subject:
    return tuple((("commonName", name),) for name in names)


def test_the_identity_is_the_one_common_name() -> None:
    assert identity_of(subject(UNIT)) == UNIT
    assert identity_of(subject(CONTROLLER_NAME)) == CONTROLLER_NAME
    assert identity_of(((("organizationName", "x"),), (("commonName", UNIT),))) == UNIT


@pytest.mark.parametrize(
    "names", [(), (UNIT, OTHER), ("Muster server",), ("UNIT-0000000A",), ("+",), ("unit",), ("controller-1",)]
)
def test_other_subjects_are_nobody(names: tuple[str, ...]) -> None:
    with pytest.raises(PeerFault) as caught:
        identity_of(subject(*names))
    assert caught.value.reason == "bad-identity"


@given(
    identity=IDENTITIES, client_id=st.sampled_from([UNIT, OTHER, CONTROLLER_NAME, "controller-1", "controllers", ""])
)
def test_a_client_id_belongs_to_one_identity(identity: str, client_id: str) -> None:
    own = client_id.startswith("controller-") if identity == CONTROLLER_NAME else client_id == identity
    verdict = judge_connect(identity, client_id, None)
    assert verdict.code == (rules.ACCEPTED if own else rules.WRONG_CLIENT_ID)
    assert bool(verdict.reason) is not own


@given(topic=TOPICS, qos=st.integers(0, 3), retain=st.booleans())
def test_a_will_is_a_message_its_sender_may_publish(topic: str, qos: int, retain: bool) -> None:
    verdict = judge_connect(UNIT, UNIT, Will(topic, qos, retain))
    allowed = may_publish(UNIT, topic) and qos <= 1 and not retain
    assert verdict.code == (rules.ACCEPTED if allowed else rules.NOT_AUTHORISED)


def refusal(identity: str, topic: str, qos: int, *, retain: bool) -> str:
    try:
        judge_publish(identity, topic, qos, retain=retain)
    except PeerFault as fault:
        return fault.reason
    return ""


@given(identity=IDENTITIES, topic=TOPICS, qos=st.integers(0, 1))
def test_publishing_follows_the_topic_rules(identity: str, topic: str, qos: int) -> None:
    assert refusal(identity, topic, qos, retain=False) == ("" if may_publish(identity, topic) else "topic-not-allowed")


@given(identity=IDENTITIES, topic=TOPICS)
def test_retained_and_twice_acknowledged_messages_are_refused(identity: str, topic: str) -> None:
    assert refusal(identity, topic, 0, retain=True) == "retained"
    assert refusal(identity, topic, 2, retain=False) == "quality-of-service"


@given(identity=IDENTITIES, topic=TOPICS)
def test_subscribing_follows_the_topic_rules_but_for_shared_ones(identity: str, topic: str) -> None:
    assert judge_subscribe(identity, topic) is (may_subscribe(identity, topic) and not topic.startswith("$"))


def test_the_contracts_topics_are_open_to_their_owners() -> None:
    assert not any(refusal(UNIT, up(UNIT, channel), 1, retain=False) for channel in UP_CHANNELS)
    assert all(judge_subscribe(UNIT, down(UNIT, channel)) for channel in DOWN_CHANNELS)
    assert not any(refusal(CONTROLLER_NAME, down(UNIT, channel), 1, retain=False) for channel in DOWN_CHANNELS)
    assert all(judge_subscribe(CONTROLLER_NAME, f"up/+/{channel}") for channel in UP_CHANNELS)


def test_only_mqtt_3_1_1_is_spoken() -> None:
    assert judge_version(b"\x00\x04MQTT\x04\x02\x00\x3c").code == rules.ACCEPTED
    for body in (b"\x00\x04MQTT\x05\x02", b"\x00\x06MQIsdp\x03\x02", b"\x00\x04MQTT", b"", b"\x00\x04mqtt\x04"):
        assert judge_version(body).code == rules.WRONG_VERSION


@given(st.integers(0, 65535))
def test_silence_is_one_and_a_half_keepalives_and_never_without_end(keepalive_s: int) -> None:
    limits = Limits(max_keepalive_s=300)
    if 0 < keepalive_s <= 300:
        assert limits.silence_s(keepalive_s) == keepalive_s * 1.5
    else:
        assert limits.silence_s(keepalive_s) == 450
