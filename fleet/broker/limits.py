"""What one client, and all of them, may take of the embedded broker."""

from dataclasses import dataclass

from protocols.topics import MAX_PAYLOAD_BYTES

MAX_PACKET_BYTES = 2 * MAX_PAYLOAD_BYTES
"""Twice the contract's payload bound: a payload a little over it still reaches ingest, which records whose it was."""

MAX_CONNECT_BYTES = MAX_PAYLOAD_BYTES + 1024
"""A CONNECT carries a will of at most 65,535 bytes and some names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a running broker; times in seconds, queues in messages for each client."""

    connections: int = 200
    handshake_s: float = 10.0
    connect_s: float = 10.0
    max_keepalive_s: int = 300
    send_s: float = 20.0
    close_s: float = 2.0
    unit_queue: int = 256
    controller_queue: int = 4096
    controller_patience_s: float = 5.0
    inflight: int = 100

    def silence_s(self, keepalive_s: int) -> float:
        """How long a client may be silent: one and a half keep-alives (MQTT 3.1.1, 3.1.2.10), bounded even if it
        asked for none."""
        bounded = min(keepalive_s, self.max_keepalive_s) if keepalive_s else self.max_keepalive_s
        return bounded * 1.5
