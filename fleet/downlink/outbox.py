"""What waits to be sent to units: bounded, and acknowledgements of one spool merged while they wait.

Merging makes the sender keep up by itself: the busier it is, the more numbers go into one envelope.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from protocols.downlink import MAX_RANGES, Ack, Body, seq_ranges
from protocols.topics import DownChannel


class Outgoing(msgspec.Struct, frozen=True):
    """A body to be sealed and sent, worth nothing after `expires_at_s` (monotonic seconds)."""

    unit_id: str
    session: str
    channel: DownChannel
    body: Body
    expires_at_s: float

    @property
    def is_order(self) -> bool:
        """Whether a unit is to do something; everything else repairs itself when it is lost."""
        return self.channel != "ack"


class OutboxLimits(NamedTuple):
    """How many bodies may wait, for how many spools acknowledgements may wait, and for how many numbers in all."""

    bodies: int = 10_000
    spools: int = 50_000
    numbers: int = 1_000_000


class _Waiting(msgspec.Struct):
    seqs: list[int]
    expires_at_s: float


class Outbox:
    """A queue in order of arrival; bodies go before acknowledgements, since a session begins with a Welcome."""

    def __init__(self, limits: OutboxLimits) -> None:
        self._limits = limits
        self._bodies: deque[Outgoing] = deque()
        self._acks: dict[tuple[str, str, int], _Waiting] = {}
        self._numbers = 0
        self._something = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._bodies or self._acks)

    def put(self, outgoing: Outgoing) -> bool:
        """Add a body; False when there is no room."""
        if len(self._bodies) >= self._limits.bodies:
            return False
        self._bodies.append(outgoing)
        self._something.set()
        return True

    def put_back(self, outgoing: Iterable[Outgoing]) -> None:
        """Return bodies that could not be sent to the front, in their order."""
        self._bodies.extendleft(reversed(list(outgoing)))
        self._something.set()

    def acknowledge(self, unit_id: str, session: str, spool_id: int, seqs: Sequence[int], expires_at_s: float) -> bool:
        """Add numbers to acknowledge; False when there is no room."""
        if self._numbers + len(seqs) > self._limits.numbers:
            return False
        waiting = self._acks.get((unit_id, session, spool_id))
        if waiting is None:
            if len(self._acks) >= self._limits.spools:
                return False
            self._acks[unit_id, session, spool_id] = _Waiting(list(seqs), expires_at_s)
        else:
            waiting.seqs.extend(seqs)
            waiting.expires_at_s = expires_at_s
        self._numbers += len(seqs)
        self._something.set()
        return True

    async def filled(self) -> None:
        """Wait until there is something to take."""
        while not self:
            self._something.clear()
            await self._something.wait()

    def take(self, limit: int, now_s: float) -> tuple[list[Outgoing], int]:
        """About `limit` bodies to send now, and how many were thrown away because they had expired."""
        taken: list[Outgoing] = []
        expired = 0
        while self._bodies and len(taken) < limit:
            outgoing = self._bodies.popleft()
            if outgoing.expires_at_s > now_s:
                taken.append(outgoing)
            else:
                expired += 1
        while self._acks and len(taken) < limit:
            key = next(iter(self._acks))
            waiting = self._acks.pop(key)
            self._numbers -= len(waiting.seqs)
            if waiting.expires_at_s > now_s:
                taken += _acknowledgements(*key, waiting)
            else:
                expired += 1
        return taken, expired


def _acknowledgements(unit_id: str, session: str, spool_id: int, waiting: _Waiting) -> Iterator[Outgoing]:
    ranges = seq_ranges(waiting.seqs)
    for start in range(0, len(ranges), MAX_RANGES):
        body = Ack(spool_id, ranges[start : start + MAX_RANGES])
        yield Outgoing(unit_id, session, "ack", body, waiting.expires_at_s)
