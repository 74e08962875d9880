"""Sealing what is sent to units, with counters that ascend."""

import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.clock import Clock
from fleet.downlink.outbox import Outgoing
from protocols.downlink import Signed, seal


class Sealer:
    """Seals with one key, as one sender of its own whose counters ascend from 1."""

    def __init__(self, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._sender = secrets.token_hex(8)
        self._counter = 0

    def seal(self, outgoing: Outgoing) -> bytes:
        """The envelope's bytes, to be published at once: it expires when `outgoing` does."""
        now = self._clock()
        self._counter += 1
        issued_at_ms = int(now.timestamp() * 1000)
        signed = Signed(
            unit=outgoing.unit_id,
            session=outgoing.session,
            sender=self._sender,
            counter=self._counter,
            issued_at_ms=issued_at_ms,
            expires_at_ms=issued_at_ms + max(1, int((outgoing.expires_at_s - time.monotonic()) * 1000)),
            body=outgoing.body,
        )
        return seal(signed, self._key)
