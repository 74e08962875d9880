"""What to send next, and what still waits for its acknowledgement. Pure: the caller passes monotonic milliseconds in.

A row is in flight from its sending until the controller acknowledges it or its time runs out; then it is sent again, as
part of a catch-up batch. Fresh rows go out alone as live messages. At most one catch-up batch is in flight, so live
messages are never far behind. Catch-up goes round the spool in order of sequence numbers, each round up to where the
spool ended when the round began: neither rows that the controller does not acknowledge nor ever more new ones can hold
up the others.

Nothing here drops a row: only the spool does, for an acknowledgement or by its bounds.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from edge_agent.spool.rows import Ranges
from protocols.uplink import MAX_BATCH

Lane = Literal["live", "catch-up"]


class WindowLimits(NamedTuple):
    """Bounds of what is in flight, and how long to wait for an acknowledgement.

    When the controller has acknowledged a part of a batch, the rest waits `settle_ms` only: it commits a message as a
    whole, so the rest was lost or is not wanted.
    """

    ack_timeout_ms: int = 20_000
    settle_ms: int = 2_000
    live_rows: int = 64
    batch_rows: int = MAX_BATCH
    batch_bytes: int = 60 * 1024


class CatchUp(NamedTuple):
    """Which rows to fetch from the spool for the next batch: see SpoolFile.rows. `as_of` is for `found_none`."""

    after: int
    limit: int
    max_bytes: int
    excluding: frozenset[int]
    as_of: int


class _Flight(NamedTuple):
    lane: Lane
    due_ms: int


class Window:
    """The rows of one spool on one connection."""

    def __init__(self, limits: WindowLimits) -> None:
        """Nothing is in flight, and everything in the spool is yet to be sent."""
        self._limits = limits
        self._flights: dict[int, _Flight] = {}
        self.spool_id: int | None = None
        self._cursor = 0
        self._round_end = 0
        self._highest = 0
        self._left = 1
        self._caught_up_as_of = 0

    @property
    def in_flight(self) -> frozenset[int]:
        """Sequence numbers sent and neither acknowledged nor overdue."""
        return frozenset(self._flights)

    @property
    def settled(self) -> bool:
        """Whether everything in the spool is acknowledged or dropped, as far as is known here."""
        return not self._flights and not self._backlog

    @property
    def _backlog(self) -> bool:
        return self._caught_up_as_of < self._left

    def start(self, spool_id: int, next_seq: int) -> None:
        """A new connection, or a new spool, that will number its next row `next_seq`: all in it is yet to be sent."""
        self.spool_id = spool_id
        self._flights.clear()
        self._cursor = 0
        self._round_end = self._highest = next_seq - 1
        self.left_unsent()

    def admit_live(self, seq: int) -> bool:
        """Whether fresh row `seq` may be sent now; if not, it is left to catch-up."""
        if seq in self._flights:
            return False
        if sum(flight.lane == "live" for flight in self._flights.values()) < self._limits.live_rows:
            return True
        self.left_unsent()
        return False

    def left_unsent(self) -> None:
        """There may be a row in the spool that is not in flight: catch-up has to find it."""
        self._left += 1

    def sent(self, lane: Lane, seqs: Iterable[int], now_ms: int) -> None:
        """These rows are being sent."""
        due_ms = now_ms + self._limits.ack_timeout_ms
        for seq in seqs:
            self._flights[seq] = _Flight(lane, due_ms)
            self._highest = max(self._highest, seq)
            if lane == "catch-up":
                self._cursor = max(self._cursor, seq)

    def delivered(self, seqs: Iterable[int], now_ms: int) -> None:
        """The broker has these rows: a slow line has not eaten into the time for their acknowledgement."""
        due_ms = now_ms + self._limits.ack_timeout_ms
        for seq in seqs:
            flight = self._flights.get(seq)
            if flight is not None:
                self._flights[seq] = flight._replace(due_ms=due_ms)

    def acknowledged(self, spool_id: int, ranges: Ranges, now_ms: int) -> int:
        """The controller has committed these rows; returns how many of them were in flight."""
        if spool_id != self.spool_id:
            return 0
        gone = [seq for seq in self._flights if any(first <= seq <= last for first, last in ranges)]
        lanes = {self._flights.pop(seq).lane for seq in gone}
        if "catch-up" in lanes:
            settle_by_ms = now_ms + self._limits.settle_ms
            for seq, flight in self._flights.items():
                if flight.lane == "catch-up":
                    self._flights[seq] = flight._replace(due_ms=min(flight.due_ms, settle_by_ms))
        return len(gone)

    def expire(self, now_ms: int) -> int:
        """Take rows whose acknowledgement is overdue out of flight, to be sent again; returns how many."""
        overdue = [seq for seq, flight in self._flights.items() if flight.due_ms <= now_ms]
        for seq in overdue:
            del self._flights[seq]
        if overdue:
            self.left_unsent()
        return len(overdue)

    def next_due_ms(self) -> int | None:
        """When the next row becomes overdue; None when nothing is in flight."""
        return min((flight.due_ms for flight in self._flights.values()), default=None)

    def catch_up(self, *, heard: bool) -> CatchUp | None:
        """What to fetch for the next batch; None when a batch is in flight or nothing is left to send.

        While the controller has not been `heard` of late, one row at a time asks whether it is there: whole batches
        would only use up a costly line.
        """
        if not self._backlog or any(flight.lane == "catch-up" for flight in self._flights.values()):
            return None
        if self._cursor >= self._round_end:
            self._begin_round()
        limit = self._limits.batch_rows if heard else 1
        return CatchUp(self._cursor, limit, self._limits.batch_bytes, self.in_flight, self._left)

    def found_none(self, plan: CatchUp) -> None:
        """The spool had no row for `plan`: begin again at the oldest, or, if it began there, be done with all
        that was left when the plan was made."""
        if plan.after == 0:
            self._caught_up_as_of = plan.as_of
        self._begin_round()

    def _begin_round(self) -> None:
        self._cursor = 0
        self._round_end = self._highest
