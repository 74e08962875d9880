"""The seam between ingest and the MQTT client it receives from, so that another client can take its place."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from fleet.ingest.mqtt_codec import OversizedPublish, Publish


class Link(Protocol):
    """One connection to the broker. Everything here does nothing once the connection has ended."""

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send PUBACK for messages of this connection, in the order they were received."""

    def pause(self) -> None:
        """Stop reading until `resume`: the broker then holds what is to come."""

    def resume(self) -> None:
        """Read on."""


Receive = Callable[[Link, Sequence[Publish | OversizedPublish]], None]
"""Takes messages over as they come; must not block and not raise."""


class Subscriber(Protocol):
    """Keeps a subscription to what units send, and sends answers over the same connection."""

    @property
    def listening_since(self) -> datetime | None:
        """Since when the subscription has stood without a break; None while it does not."""

    async def run(self, receive: Receive) -> None:
        """Pass messages to `receive` until cancelled, connecting again whenever the connection breaks."""

    async def writable(self) -> None:
        """Wait until there is a connection that can take more to publish."""

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send (topic, payload) at QoS 0, in order; they are lost when the connection is."""
