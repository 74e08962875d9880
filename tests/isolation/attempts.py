"""The matrix: every attempt that somebody makes at a broker, and what of it would have been allowed. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from protocols.topics import CONTROLLER_NAME, DOWN_CHANNELS, MOUNT_POINT, UP_CHANNELS
from tests.isolation.identities import VICTIM, WITNESS, Identity

Operation = Literal["publish", "retained", "will", "retained-will", "subscribe", "share", "take-over"]
Door = Literal["units", "controllers", "one"]
Protocol = Literal["3.1", "3.1.1", "5", "bridge"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)

HONEST_CONTROLLER = "controller-honest"
GROUPS = ("fleet", "known")
"""Names of shared subscriptions that honest controllers of other brokers might have."""


@dataclass(frozen=True)
class Attempt:
    """One try, at one of two doors or, of a broker that has no two, at the `one`.

    `topic` is a topic, a filter or, to take over, a client id; `qos` then 1 for a lasting session.
    """

    identity: Identity
    door: Door
    protocol: Protocol
    operation: Operation
    topic: str
    qos: int

    @property
    def shown(self) -> str:
        """One line for a person."""
        return (
            f"{self.identity.label}, {self.door}' door, MQTT {self.protocol}: "
            f"{self.operation} {self.topic!r}, quality of service {self.qos}"
        )

    def may_write(self, topic: str) -> bool:
        """Whether a message of this attempt may be delivered on `topic` (without mount point)."""
        if not self.identity.enters or self.operation not in {"publish", "will"} or topic != self.topic:
            return False
        parts = topic.split("/")
        if len(parts) != 3:
            return False
        side, unit_id, channel = parts
        if self.identity.name == CONTROLLER_NAME:
            return self.door != "units" and side == "down" and channel in DOWN_CHANNELS
        return self.door != "controllers" and side == "up" and unit_id == self.identity.name and channel in UP_CHANNELS

    def may_read(self, topic: str) -> bool:
        """Whether the one who tries may be sent a message on `topic` (without mount point)."""
        if not self.identity.enters or self.operation != "subscribe":
            return False
        side, _, rest = topic.partition("/")
        if self.identity.name == CONTROLLER_NAME:
            return self.door != "units" and side == "up"
        owner, _, channel = rest.rpartition("/")
        return (
            self.door != "controllers" and side == "down" and owner == self.identity.name and channel in DOWN_CHANNELS
        )


def _own_and_others(name: str) -> Iterator[str]:
    for unit_id in dict.fromkeys((name, VICTIM, CONTROLLER_NAME, "+", "#", "*", "%u", "", VICTIM.upper())):
        yield from (f"up/{unit_id}/{channel}" for channel in UP_CHANNELS)
        yield from (f"down/{unit_id}/{channel}" for channel in DOWN_CHANNELS)


def topics(name: str) -> list[str]:
    """What somebody called `name` tries to write to, and to read."""
    victims = (f"up/{VICTIM}/health", f"down/{VICTIM}/command", f"down/{VICTIM}/ack")
    wild = ("#", "+", "+/#", "+/+/+", "up/#", "down/#", "up/+", "/#", "/+/+/+", "+/+", "up/+/#", f"+/{VICTIM}/#")
    broker = ("$SYS/#", "$SYS/broker/uptime", "$SYS/broker/clients/connected", "$SYS", "$CONTROL/#", "$", "$/#")
    control = ("$CONTROL/dynamic-security/v1", "$CONTROL/dynamic-security/v1/response", "$CONTROL/broker/v1")
    shared = (
        f"$share/{group}/{topic}" for group in GROUPS for topic in (*victims, "up/+/health", "#", f"up/{name}/health")
    )
    broken_shares = ("$share", "$share/", "$share/fleet", "$share//up/+/health", "$share/+/up/+/health", "$share/#")
    shapes = (
        "",
        "/",
        "//",
        "///",
        "up",
        "up/",
        f"up/{VICTIM}",
        f"/up/{VICTIM}/health",
        f"up/{VICTIM}/health/",
        "a" * 300,
    )
    deep = (f"up/{VICTIM}/health/more", "up/" + "x/" * 190 + "health", f"up//{VICTIM}/health", f"up/{VICTIM}//health")
    unknown = (f"up/{VICTIM}/unknown", f"up/{name}/ack", f"down/{name}/health", f"up/{name}/../{VICTIM}/health")
    mounted = (MOUNT_POINT + topic for topic in (*victims, f"up/{name}/health", f"down/{name}/ack", "#", "up/+/health"))
    twice = (MOUNT_POINT * 2 + victims[0], f"{MOUNT_POINT}$share/fleet/up/+/health", f"{MOUNT_POINT}$SYS/#")
    every = (
        *_own_and_others(name),
        *wild,
        *broker,
        *control,
        *shared,
        *broken_shares,
        *shapes,
        *deep,
        *unknown,
        *mounted,
    )
    return list(dict.fromkeys((*every, *twice)))


def few_topics(name: str) -> list[str]:
    """The telling ones of `topics`, for those who differ only in who they are or how they speak."""
    return [
        f"up/{VICTIM}/health",
        f"up/{VICTIM}/lwt",
        f"down/{VICTIM}/command",
        f"down/{VICTIM}/ack",
        f"up/{name}/health",
        f"down/{name}/command",
        "#",
        "up/+/health",
        "down/+/command",
        "+/+/+",
        "$SYS/#",
        "$CONTROL/dynamic-security/v1",
        "$share/fleet/up/+/health",
        f"$share/fleet/down/{VICTIM}/command",
        f"{MOUNT_POINT}up/{VICTIM}/health",
        f"{MOUNT_POINT}#",
    ]


def attempts(identities: list[Identity], doors: list[Door], protocols: list[Protocol]) -> Iterator[Attempt]:
    """The whole matrix, in an order that lets connections be used again."""
    for identity in identities:
        for door in doors:
            for protocol in protocols:
                yield from _of(identity, door, protocol)


def _of(identity: Identity, door: Door, protocol: Protocol) -> Iterator[Attempt]:
    # Who may not enter is turned away before saying how it speaks.
    if protocol != "3.1.1" and not identity.enters:
        return
    whole = protocol in {"3.1.1", "5"} and identity.thorough
    for operation in OPERATIONS:
        if operation == "take-over":
            yield from _take_overs(identity, door, protocol)
            continue
        for topic in topics(identity.name) if whole else few_topics(identity.name):
            if operation != "share" or not topic.startswith("$share"):
                for qos in (0, 1) if operation in {"publish", "subscribe", "share"} else (1,):
                    yield Attempt(identity, door, protocol, operation, topic, qos)


def _take_overs(identity: Identity, door: Door, protocol: Protocol) -> Iterator[Attempt]:
    """Client ids that somebody claims. Behind the controllers' door of Mosquitto nothing binds a client id to a
    certificate, which `test_a_certificate_of_the_fleet_behind_the_controllers_door_ends_sessions` shows: there only
    those who may not enter try. Controllers have one name between them, and may take a session of their own over."""
    if door == "controllers" and identity.enters:
        return
    claimed = (VICTIM, WITNESS, CONTROLLER_NAME, HONEST_CONTROLLER, "", "+", "#", f"{VICTIM}/", VICTIM.upper())
    own = {HONEST_CONTROLLER} if identity.enters and identity.name == CONTROLLER_NAME else set()
    for client_id in dict.fromkeys((*claimed, identity.name, f"{MOUNT_POINT}{VICTIM}")):
        if client_id in own:
            continue
        for lasting in (0, 1):
            yield Attempt(identity, door, protocol, "take-over", client_id, lasting)
