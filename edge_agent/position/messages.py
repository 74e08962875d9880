"""What is said between the agent and the position child: one JSON message in each length-prefixed frame.

    agent → child   Begin
    child → agent   Ready, once it is confined and before anything is opened; then Found or Fault, and it ends

Coordinates are in `Found` and nowhere else: no repr, error or log line of this package shows them.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent.errors import PositionFault
from protocols.errors import InvalidMessage

SOURCE_PATTERN = r"^(serial|fifo|unix):/[^\x00-\x1f\x7f]{1,200}$(?!\n)"
"""A receiver: the kind of file it is, and the absolute path."""

Source = Annotated[str, Meta(pattern=SOURCE_PATTERN)]


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the unit is, by WGS 84. Shown as its quality only.

    `quality` is GGA's: 1 GPS, 2 differential, 4 and 5 RTK, 6 estimated, 7 entered by hand, 8 simulated.
    `age_s` is how long ago the receiver said so, on CLOCK_BOOTTIME.
    """

    latitude_deg: Annotated[float, Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]
    hdop: Annotated[float, Meta(gt=0, le=20)]
    quality: Annotated[int, Meta(ge=1, le=8)]
    satellites: Annotated[int, Meta(ge=0, le=99)]
    age_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0

    def __repr__(self) -> str:
        return f"Fix(quality={self.quality}, hdop={self.hdop}, satellites={self.satellites}, coordinates hidden)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("quality", self.quality), ("hdop", self.hdop), ("satellites", self.satellites)]


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type", tag="begin"):
    """Read one position from `source` within `limit_s` seconds."""

    source: Source
    limit_s: Annotated[float, Meta(gt=0, le=900)]


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ready"):
    """The child is confined and has opened nothing."""


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type", tag="found"):
    """The first valid fix."""

    fix: Fix


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type", tag="fault"):
    """There is no position, because of `reason`."""

    reason: PositionFault


ToChild = Begin
FromChild = Ready | Found | Fault

_to_child = msgspec.json.Decoder(ToChild)
_from_child: msgspec.json.Decoder[FromChild] = msgspec.json.Decoder(FromChild)


def encode(message: ToChild | FromChild) -> bytes:
    """The JSON bytes of `message`."""
    return msgspec.json.encode(message)


def decode_to_child(payload: bytes) -> ToChild:
    """What the agent says; raises InvalidMessage."""
    try:
        return _to_child.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidMessage("not a message for the position child") from None


def decode_from_child(payload: bytes) -> FromChild:
    """What the child says; raises InvalidMessage, which shows nothing of the payload: it may hold coordinates."""
    try:
        return _from_child.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidMessage("not a message of the position child") from None
