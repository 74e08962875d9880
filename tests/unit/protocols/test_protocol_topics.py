import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocols.errors import InvalidTopic
from protocols.topics import (
    CONTROLLER_NAME,
    DOWN_CHANNELS,
    MOUNT_POINT,
    UP_CHANNELS,
    down,
    may_publish,
    may_subscribe,
    parse_up,
    unmounted,
    up,
    up_filter,
)
from tests.unit.protocols.protocol_strategies import unit_ids

UNIT = "unit-23456789"
OTHER = "unit-bcdefghj"

anything = st.text(st.sampled_from("aunit-2345/+#$ \n\0é"), max_size=20)
topic_like = st.builds(
    "/".join, st.lists(st.sampled_from(["up", "down", "$share", "g", "+", "#", "", UNIT, OTHER, "health", "ack"]))
)


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT's own matching rule (MQTT 5, section 4.7), for the properties below."""
    if topic_filter.startswith("$share/"):
        topic_filter = topic_filter.split("/", 2)[2]
    wanted, given_parts = topic_filter.split("/"), topic.split("/")
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(given_parts) or part not in ("+", given_parts[index]):
            return False
    return len(wanted) == len(given_parts)


@pytest.mark.parametrize("channel", UP_CHANNELS)
def test_a_unit_writes_its_own_up_channels_and_the_controller_reads_them(channel: str) -> None:
    topic = f"up/{UNIT}/{channel}"
    assert may_publish(UNIT, topic)
    assert not may_publish(OTHER, topic)
    assert not may_publish(CONTROLLER_NAME, topic)
    assert not may_subscribe(UNIT, topic)
    assert may_subscribe(CONTROLLER_NAME, f"up/+/{channel}")
    assert may_subscribe(CONTROLLER_NAME, f"$share/fleet/up/+/{channel}")


@pytest.mark.parametrize("channel", DOWN_CHANNELS)
def test_the_controller_writes_down_channels_and_only_their_unit_reads_them(channel: str) -> None:
    topic = f"down/{UNIT}/{channel}"
    assert may_publish(CONTROLLER_NAME, topic)
    assert not may_publish(UNIT, topic)
    assert may_subscribe(UNIT, topic)
    assert not may_subscribe(OTHER, topic)
    assert not may_subscribe(CONTROLLER_NAME, topic)


@pytest.mark.parametrize(
    ("identity", "topic_filter"),
    [
        (UNIT, "#"),
        (UNIT, "down/#"),
        (UNIT, "down/+/ack"),
        (UNIT, f"down/{UNIT}/#"),
        (UNIT, f"down/{UNIT}/+"),
        (UNIT, f"$share/g/down/{UNIT}/ack"),
        (UNIT, "$SYS/#"),
        (UNIT, f"down/{OTHER}/ack"),
        (UNIT, f"down/{UNIT}/health"),
        ("+", "down/+/ack"),
        ("#", "down/#/ack"),
        ("", "down//ack"),
        (CONTROLLER_NAME, "#"),
        (CONTROLLER_NAME, "up/#"),
        (CONTROLLER_NAME, "up/#/health"),
        (CONTROLLER_NAME, f"up/{UNIT}/health"),
        (CONTROLLER_NAME, "$share/fleet/#"),
        (CONTROLLER_NAME, "$share/fleet"),
        (CONTROLLER_NAME, "down/+/ack"),
        (CONTROLLER_NAME, f"up/{UNIT}/nonsense"),
        (CONTROLLER_NAME, "up/+/ack"),
    ],
)
def test_subscriptions_outside_the_table_are_refused(identity: str, topic_filter: str) -> None:
    assert not may_subscribe(identity, topic_filter)


@pytest.mark.parametrize(
    ("identity", "topic"),
    [
        (UNIT, f"up/{UNIT}/ack"),
        (UNIT, f"up/{UNIT}"),
        (UNIT, f"up/{UNIT}/health/more"),
        (UNIT, f"/up/{UNIT}/health"),
        (UNIT, "up/+/health"),
        (UNIT, "$SYS/broker"),
        ("+", "up/+/health"),
        ("", "up//health"),
        (CONTROLLER_NAME, "down/+/ack"),
        (CONTROLLER_NAME, f"down/{UNIT}/health"),
        (CONTROLLER_NAME, f"up/{CONTROLLER_NAME}/health"),
        (CONTROLLER_NAME, "down/short/ack"),
    ],
)
def test_publications_outside_the_table_are_refused(identity: str, topic: str) -> None:
    assert not may_publish(identity, topic)


@given(identity=unit_ids, topic=topic_like | anything)
def test_a_unit_publishes_to_nothing_but_its_own_channels(identity: str, topic: str) -> None:
    assume(identity != CONTROLLER_NAME)
    assert may_publish(identity, topic) == (topic in {up(identity, channel) for channel in UP_CHANNELS})


@given(mine=unit_ids, other=unit_ids)
def test_a_unit_never_passes_for_another(mine: str, other: str) -> None:
    assume(mine != other and CONTROLLER_NAME not in {mine, other})
    for channel in UP_CHANNELS:
        assert not may_publish(mine, up(other, channel))
        assert parse_up(up(other, channel)).unit_id == other
    for read_channel in DOWN_CHANNELS:
        assert not may_subscribe(mine, down(other, read_channel))


@given(identity=anything | unit_ids | st.sampled_from(["+", "#", "+/x", UNIT]), topic_filter=topic_like | anything)
def test_whatever_filter_is_granted_reaches_no_other_units_messages(identity: str, topic_filter: str) -> None:
    assume(identity not in {CONTROLLER_NAME, OTHER})
    if may_subscribe(identity, topic_filter):
        assert not any(matches(topic_filter, down(OTHER, channel)) for channel in DOWN_CHANNELS)
        assert not any(matches(topic_filter, up(OTHER, channel)) for channel in UP_CHANNELS)


@given(topic=topic_like | anything)
def test_parsing_inverts_building_and_refuses_the_rest(topic: str) -> None:
    try:
        parsed = parse_up(topic)
    except InvalidTopic:
        assert not may_publish(topic.split("/")[min(1, topic.count("/"))], topic)
    else:
        assert up(parsed.unit_id, parsed.channel) == topic


@pytest.mark.parametrize(
    "topic", ["", "up", "up/+/health", f"down/{UNIT}/ack", f"up/{UNIT}/ack", f"up/{UNIT}/health\n"]
)
def test_a_topic_outside_the_contract_is_named(topic: str) -> None:
    with pytest.raises(InvalidTopic, match="not a topic of the wire contract") as caught:
        parse_up(topic)
    assert caught.value.topic == topic


def test_filters_match_every_units_topic() -> None:
    for channel in UP_CHANNELS:
        assert matches(up_filter(channel), up(UNIT, channel))
        assert up_filter(channel, "fleet") == f"$share/fleet/{up_filter(channel)}"
        assert may_subscribe(CONTROLLER_NAME, up_filter(channel, "fleet"))


def test_a_topic_is_read_with_and_without_one_mount_point() -> None:
    for channel in UP_CHANNELS:
        assert parse_up(MOUNT_POINT + up(UNIT, channel)) == parse_up(up(UNIT, channel))
    assert unmounted(MOUNT_POINT + down(UNIT, "ack")) == unmounted(down(UNIT, "ack")) == down(UNIT, "ack")
    with pytest.raises(InvalidTopic):
        parse_up(MOUNT_POINT * 2 + up(UNIT, "health"))


def test_nobody_may_say_a_mount_point() -> None:
    for channel in UP_CHANNELS:
        assert not may_publish(UNIT, MOUNT_POINT + up(UNIT, channel))
    assert not may_subscribe(UNIT, MOUNT_POINT + down(UNIT, "ack"))
