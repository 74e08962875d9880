"""Who may do what on the embedded broker. Pure: the same topic rules as production, from `protocols.topics`."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.broker.errors import PeerFault
from protocols.ids import UNIT_ID
from protocols.topics import CONTROLLER_NAME, may_publish, may_subscribe

ACCEPTED = 0x00
WRONG_VERSION = 0x01
WRONG_CLIENT_ID = 0x02
NOT_AUTHORISED = 0x05
"""CONNACK return codes, MQTT 3.1.1 table 3.1."""

SUBSCRIPTION_REFUSED = 0x80

Subject = Sequence[Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Will:
    """The will in a CONNECT."""

    topic: str
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The CONNACK `code` a client gets, and `reason` (empty when accepted)."""

    code: int
    reason: str = ""


def identity_of(subject: Subject) -> str:
    """The one common name in a verified certificate's subject, as `ssl.SSLObject.getpeercert` gives it.

    Raises PeerFault `bad-identity` unless it is a unit id or the controllers' name.
    """
    names = [value for relative in subject for key, value in relative if key == "commonName"]
    if len(names) != 1 or UNIT_ID.fullmatch(names[0]) is None:
        raise PeerFault("bad-identity", f"certificate names {[name[:60] for name in names]}")
    if names[0].startswith(CONTROLLER_NAME) and names[0] != CONTROLLER_NAME:
        raise PeerFault("bad-identity", f"certificate name {names[0]!r} begins like the controllers' name")
    return names[0]


def judge_version(connect_body: bytes) -> Verdict:
    """Whether a CONNECT, of which `connect_body` is what follows its length, speaks MQTT 3.1.1."""
    if connect_body[:7] == b"\x00\x04MQTT\x04":
        return Verdict(ACCEPTED)
    return Verdict(WRONG_VERSION, "not-mqtt-3.1.1")


def judge_connect(identity: str, client_id: str, will: Will | None) -> Verdict:
    """Whether the holder of a certificate named `identity` may connect as `client_id` with `will`.

    A unit's client id is its identity; controllers' client ids begin with `controller-`. A will must be one that the
    identity may publish, not retained, of quality of service 0 or 1.
    """
    own_id = client_id.startswith(f"{CONTROLLER_NAME}-") if identity == CONTROLLER_NAME else client_id == identity
    if not own_id:
        return Verdict(WRONG_CLIENT_ID, "client-id-of-another")
    if will is not None and (will.retain or will.qos > 1 or not may_publish(identity, will.topic)):
        return Verdict(NOT_AUTHORISED, "will-not-allowed")
    return Verdict(ACCEPTED)


def judge_subscribe(identity: str, topic_filter: str) -> bool:
    """Whether `identity` may subscribe; shared subscriptions are refused because amqtt has none."""
    return not topic_filter.startswith("$") and may_subscribe(identity, topic_filter)


def judge_publish(identity: str, topic: str, qos: int, *, retain: bool) -> None:
    """Return if `identity` may publish so; else raise PeerFault, which ends the connection as Mosquitto does.

    Reasons: `retained`, `quality-of-service` (2 is not part of the contract), `topic-not-allowed`.
    """
    if retain:
        raise PeerFault("retained", f"a retained message on {topic[:120]!r}")
    if qos > 1:
        raise PeerFault("quality-of-service", f"a message of quality of service {qos} on {topic[:120]!r}")
    if not may_publish(identity, topic):
        raise PeerFault("topic-not-allowed", f"a message on {topic[:120]!r}")
