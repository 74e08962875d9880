"""Sealing what is sent to units, with counters that ascend."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.clock import Clock
from fleet.downlink.outbox import Outgoing
from protocols.downlink import Signed, seal


class Sealer:
    """Seals with one key. Counters are the clock's microseconds or more, so that they ascend over restarts."""

    def __init__(self, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._counter = 0

    def seal(self, outgoing: Outgoing) -> bytes:
        """The envelope's bytes, to be published at once: it expires when `outgoing` does."""
        now = self._clock()
        self._counter = max(self._counter + 1, int(now.timestamp() * 1_000_000))
        issued_at_ms = int(now.timestamp() * 1000)
        signed = Signed(
            unit=outgoing.unit_id,
            session=outgoing.session,
            counter=self._counter,
            issued_at_ms=issued_at_ms,
            expires_at_ms=issued_at_ms + max(1, int((outgoing.expires_at_s - time.monotonic()) * 1000)),
            body=outgoing.body,
        )
        return seal(signed, self._key)
