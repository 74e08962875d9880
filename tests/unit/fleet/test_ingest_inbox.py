"""The inbox: batches within their limits, links paused above its own and resumed below half of them."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from fleet.ingest.batch import Inbound
from fleet.ingest.inbox import BatchLimits, Inbox, InboxLimits
from protocols.health import HealthReport
from protocols.uplink import HealthBatch


class WatchedLink:
    def __init__(self) -> None:
        self._paused = False

    def acknowledge(self, packet_ids: Sequence[int]) -> None: ...

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def paused(self) -> bool:
        return self._paused


def item(link: WatchedLink, rows: int = 1, size_bytes: int = 10) -> Inbound:
    reports = [HealthReport(seq=seq, sampled_at_ms=1) for seq in range(1, rows + 1)]
    message = HealthBatch(unit="unit-abcd2345", session="0" * 32, spool_id=1, reports=reports)
    return Inbound(link, 1, size_bytes, 1, message, None)


@given(st.lists(st.integers(1, 12), max_size=40))
def test_batches_keep_order_and_limits(row_counts: list[int]) -> None:
    inbox = Inbox(InboxLimits(), BatchLimits(messages=5, rows=10))
    items = [item(WatchedLink(), rows) for rows in row_counts]
    for one in items:
        inbox.put(one)
    taken = []
    while inbox.untaken:
        batch = inbox.take()
        assert 1 <= len(batch) <= 5
        assert len(batch) == 1 or sum(one.rows for one in batch) <= 10
        taken += batch
        inbox.done(batch)
    assert taken == items
    assert len(inbox) == 0


def test_too_many_messages_pause_the_link_until_half_are_done() -> None:
    link = WatchedLink()
    inbox = Inbox(InboxLimits(messages=4), BatchLimits(messages=1))
    for _ in range(3):
        inbox.put(item(link))
    assert not link.paused()
    inbox.put(item(link))
    assert link.paused()
    taken = inbox.take()
    assert link.paused(), "what was taken still waits until it is committed"
    inbox.done(taken)
    assert link.paused()
    inbox.done(inbox.take())
    assert not link.paused()


def test_too_many_bytes_pause_the_link() -> None:
    link = WatchedLink()
    inbox = Inbox(InboxLimits(size_bytes=100), BatchLimits())
    inbox.put(item(link, size_bytes=100))
    assert link.paused()
    inbox.done(inbox.take())
    assert not link.paused()
