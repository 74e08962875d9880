"""Errors of receiving.

IngestError
├── MalformedPacket      bytes that are not MQTT 3.1.1, or not what a subscriber may be sent
└── LinkError            the connection to the broker can not go on
    ├── ConnectRefused       the broker did not take the connection
    ├── SubscribeRefused     the broker did not grant a subscription
    └── BrokerSilent         the broker did not answer in time
"""

from fleet.errors import FleetError

_CONNECT_WORDS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client id",
    3: "it is not available",
    4: "it refuses the user name or password",
    5: "it does not authorise this certificate",
}


class IngestError(FleetError):
    """Base of everything raised by `fleet.ingest`."""


class MalformedPacket(IngestError):
    """The bytes can not be read; `detail` says why. Nothing after them can be read either."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the broker sent what is not MQTT 3.1.1: {detail}")
        self.detail = detail


class LinkError(IngestError):
    """The connection to the broker broke or must be closed."""


class ConnectRefused(LinkError):
    """The broker answered CONNECT with return code `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the broker refuses the connection: {_CONNECT_WORDS.get(code, f'return code {code}')}")
        self.code = code


class SubscribeRefused(LinkError):
    """The broker did not grant QoS 1 for `topic_filter`."""

    def __init__(self, topic_filter: str) -> None:
        super().__init__(f"the broker refuses the subscription {topic_filter!r}: check its access list")
        self.topic_filter = topic_filter


class BrokerSilent(LinkError):
    """The broker did not send `awaited` within `limit_s` seconds."""

    def __init__(self, awaited: str, limit_s: float) -> None:
        super().__init__(f"the broker sent no {awaited} within {limit_s:g} s")
        self.awaited = awaited
        self.limit_s = limit_s
