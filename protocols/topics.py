"""Topics: `up/<unit>/<channel>` and `down/<unit>/<channel>`, and who may use which.

`may_publish` and `may_subscribe` are the topic rules of production: the embedded broker asks them, and the
Mosquitto access list is tested against them.
"""

from typing import Literal, NamedTuple, get_args

from protocols.errors import InvalidTopic
from protocols.ids import UNIT_ID

UpChannel = Literal["health", "event", "result", "signal", "position", "lwt"]
DownChannel = Literal["ack", "command", "signal"]
UP_CHANNELS: tuple[UpChannel, ...] = get_args(UpChannel)
DOWN_CHANNELS: tuple[DownChannel, ...] = get_args(DownChannel)

CONTROLLER_NAME = "controller"
"""Certificate common name of every controller; `new_unit_id` can not produce it."""

MAX_PAYLOAD_BYTES = 64 * 1024

MOUNT_POINT = "muster/"
"""What the shipped Mosquitto puts before every name that a client says, so that `$share/…`, `$SYS/…` and
`$CONTROL/…` are ordinary, denied names. 2.0.11 leaves it on when it delivers, from 2.0.12 on it takes it off."""


class UpTopic(NamedTuple):
    """A parsed `up/` topic."""

    unit_id: str
    channel: UpChannel


def up(unit_id: str, channel: UpChannel) -> str:
    """The topic that `unit_id` writes `channel` to."""
    return f"up/{unit_id}/{channel}"


def down(unit_id: str, channel: DownChannel) -> str:
    """The topic that `unit_id` reads `channel` from."""
    return f"down/{unit_id}/{channel}"


def up_filter(channel: UpChannel, shared_group: str = "") -> str:
    """The filter of all units' `channel`; in `shared_group`, controllers split the messages between them."""
    plain = f"up/+/{channel}"
    return f"$share/{shared_group}/{plain}" if shared_group else plain


def unmounted(topic: str) -> str:
    """`topic` as its sender said it, whether or not the broker left its mount point on."""
    return topic.removeprefix(MOUNT_POINT)


def parse_up(topic: str) -> UpTopic:
    """Split an `up/` topic, as delivered; raises InvalidTopic for anything else."""
    parts = unmounted(topic).split("/")
    if len(parts) != 3 or parts[0] != "up" or UNIT_ID.fullmatch(parts[1]) is None or parts[2] not in UP_CHANNELS:
        raise InvalidTopic(topic)
    return UpTopic(parts[1], parts[2])


def may_publish(identity: str, topic: str) -> bool:
    """Whether the holder of a certificate named `identity` may publish to `topic`."""
    parts = topic.split("/")
    if len(parts) != 3 or UNIT_ID.fullmatch(parts[1]) is None:
        return False
    direction, unit_id, channel = parts
    if identity == CONTROLLER_NAME:
        return direction == "down" and channel in DOWN_CHANNELS
    return direction == "up" and unit_id == identity and channel in UP_CHANNELS


def may_subscribe(identity: str, topic_filter: str) -> bool:
    """Whether the holder of a certificate named `identity` may subscribe to `topic_filter`."""
    if identity == CONTROLLER_NAME:
        parts = topic_filter.split("/")
        if parts[0] == "$share":
            parts = parts[2:]
        return len(parts) == 3 and parts[:2] == ["up", "+"] and parts[2] in UP_CHANNELS
    if UNIT_ID.fullmatch(identity) is None:
        return False
    return topic_filter in {down(identity, channel) for channel in DOWN_CHANNELS}
