"""The window: no row is dropped unless acknowledged, none is starved, what is in flight is bounded."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.link.window import CatchUp, Lane, Window, WindowLimits
from protocols.downlink import seq_ranges

LIMITS = WindowLimits(ack_timeout_ms=1_000, settle_ms=100, live_rows=4, batch_rows=6)
SPOOL_ID = 77


def fetch(waiting: set[int], plan: CatchUp) -> list[int]:
    return [seq for seq in sorted(waiting) if seq > plan.after and seq not in plan.excluding][: plan.limit]


def started() -> Window:
    window = Window(LIMITS)
    window.start(SPOOL_ID, 1)
    return window


def test_fresh_rows_go_at_once_and_the_surplus_is_caught_up() -> None:
    window = started()
    for seq in range(1, 5):
        assert window.admit_live(seq)
        window.sent("live", [seq], 0)
    assert not window.admit_live(5)
    assert not window.admit_live(1), "in flight already"
    plan = window.catch_up(heard=True)
    assert plan is not None
    assert fetch({1, 2, 3, 4, 5}, plan) == [5]


def test_one_batch_at_a_time_and_live_beside_it() -> None:
    window = started()
    window.sent("catch-up", [1, 2, 3], 0)
    assert window.catch_up(heard=True) is None
    assert window.admit_live(9)
    window.acknowledged(SPOOL_ID, [(1, 3)], 5)
    assert window.catch_up(heard=True) is not None


def test_an_unheard_controller_gets_one_row_at_a_time() -> None:
    plan = started().catch_up(heard=False)
    assert plan is not None
    assert plan.limit == 1


def test_what_a_partly_acknowledged_batch_leaves_is_sent_again_soon() -> None:
    window = started()
    window.sent("catch-up", [1, 2, 3], 0)
    window.sent("live", [9], 0)
    assert window.acknowledged(SPOOL_ID, [(1, 1), (3, 3)], 10) == 2
    assert window.next_due_ms() == 110
    assert window.expire(110) == 1
    assert window.in_flight == {9}


def test_a_slow_line_does_not_eat_into_the_time_for_the_acknowledgement() -> None:
    window = started()
    window.sent("catch-up", [1], 0)
    window.delivered([1, 2], 900)
    assert window.expire(1_000) == 0
    assert window.next_due_ms() == 1_900
    assert window.in_flight == {1}


def test_another_spools_acknowledgement_means_nothing() -> None:
    window = started()
    window.sent("live", [1], 0)
    assert window.acknowledged(SPOOL_ID + 1, [(1, 1)], 0) == 0
    assert window.in_flight == {1}


def test_a_row_left_while_the_spool_was_being_read_is_not_forgotten() -> None:
    window = started()
    plan = window.catch_up(heard=True)
    assert plan is not None
    window.left_unsent()
    window.found_none(plan)
    assert not window.settled
    again = window.catch_up(heard=True)
    assert again is not None
    window.found_none(again)
    assert window.catch_up(heard=True) is None


class WindowMachine(RuleBasedStateMachine):
    """A unit, a faulty network and a controller that acknowledges what it has, but never the rows in `unwanted`."""

    def __init__(self) -> None:
        super().__init__()
        self.window = started()
        self.now_ms = 0
        self.waiting: set[int] = set()
        self.unwanted: set[int] = set()
        self.fresh: list[int] = []
        self.next_seq = 1
        self.committed: set[int] = set()
        self.messages: list[list[int]] = []
        self.acks: list[list[int]] = []
        self.heard = True

    @initialize(backlog=st.integers(0, 30), unwanted=st.sets(st.integers(1, 60), max_size=20))
    def begin(self, backlog: int, unwanted: set[int]) -> None:
        self.unwanted = unwanted
        for _ in range(backlog):
            self.waiting.add(self.next_seq)
            self.next_seq += 1
        self.window.start(SPOOL_ID, self.next_seq)

    @rule(spool_has_it=st.booleans())
    def append(self, spool_has_it: bool) -> None:
        if spool_has_it:
            self.waiting.add(self.next_seq)
        self.fresh.append(self.next_seq)
        self.next_seq += 1

    @rule()
    def send(self) -> None:
        """What the sender does in one turn; returns without having sent when there is nothing to send."""
        self.window.expire(self.now_ms)
        while self.fresh:
            seq = self.fresh.pop(0)
            if self.window.admit_live(seq):
                self.put_out("live", [seq])
                return
        plan = self.window.catch_up(heard=self.heard)
        if plan is None:
            return
        found = fetch(self.waiting, plan)
        if found:
            self.put_out("catch-up", found)
        else:
            self.window.found_none(plan)

    def put_out(self, lane: Lane, seqs: list[int]) -> None:
        assert not self.window.in_flight & set(seqs), "a row is never sent while it is in flight"
        assert len(seqs) <= LIMITS.batch_rows
        self.window.sent(lane, seqs, self.now_ms)
        self.messages.append(seqs)

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), lost=st.booleans())
    def arrive(self, data: st.DataObject, lost: bool) -> None:
        message = self.messages.pop(data.draw(st.integers(0, len(self.messages) - 1)))
        if not lost:
            self.window.delivered(message, self.now_ms)
            self.commit(message)

    def commit(self, message: list[int]) -> None:
        wanted = [seq for seq in message if seq not in self.unwanted]
        self.committed.update(wanted)
        if wanted:
            self.acks.append(wanted)

    @precondition(lambda self: self.acks)
    @rule(data=st.data(), fate=st.sampled_from(["arrives", "lost", "twice"]), spool_id=st.sampled_from([SPOOL_ID, 1]))
    def acknowledge(self, data: st.DataObject, fate: str, spool_id: int) -> None:
        seqs = self.acks.pop(data.draw(st.integers(0, len(self.acks) - 1)))
        if fate == "lost":
            return
        if fate == "twice":
            self.acks.append(seqs)
        self.take_ack(spool_id, seqs)

    def take_ack(self, spool_id: int, seqs: list[int]) -> None:
        if spool_id == SPOOL_ID:
            self.waiting.difference_update(seqs)
        self.window.acknowledged(spool_id, seq_ranges(seqs), self.now_ms)

    @rule(by_ms=st.integers(1, 2_500))
    def wait(self, by_ms: int) -> None:
        self.now_ms += by_ms

    @rule(heard=st.booleans())
    def hear(self, heard: bool) -> None:
        self.heard = heard

    @rule()
    def reconnect(self) -> None:
        self.messages.clear()
        self.acks.clear()
        self.window.start(SPOOL_ID, self.next_seq)

    @invariant()
    def in_flight_is_bounded(self) -> None:
        assert len(self.window.in_flight) <= LIMITS.live_rows + LIMITS.batch_rows

    @invariant()
    def settled_means_that_nothing_is_left_but_what_is_about_to_go_live(self) -> None:
        assert not self.window.settled or self.waiting <= set(self.fresh)

    def teardown(self) -> None:
        """From any state, when batches get through at last, all that is wanted is acknowledged within a bounded time,
        although every live message is lost and new rows keep coming."""
        owed = set(self.waiting)
        ends = self.next_seq
        for _ in range(60 + 4 * len(owed)):
            self.append(spool_has_it=True)
            for _ in range(3):
                self.send()
            for message in self.messages:
                if min(message) < ends:
                    self.commit(message)
            self.messages.clear()
            for seqs in self.acks:
                self.take_ack(SPOOL_ID, seqs)
            self.acks.clear()
            self.now_ms += LIMITS.ack_timeout_ms
        assert owed & self.waiting <= self.unwanted


WindowMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWindowMachine = WindowMachine.TestCase
