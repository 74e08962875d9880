"""The outbox: bounded, ordered, and no number acknowledged that was not given, nor any lost while there is room."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.downlink.outbox import Outbox, OutboxLimits, Outgoing
from protocols.downlink import MAX_RANGES, Ack, Welcome

UNIT, SESSION = "unit-abcd2345", "1" * 32
SEQS = st.lists(st.integers(1, 2000), min_size=1, max_size=50)


def welcome(unit_id: str = UNIT, expires_at_s: float = 10.0) -> Outgoing:
    return Outgoing(unit_id, SESSION, "ack", Welcome("c" * 32, 1), expires_at_s)


def numbers(outgoing: list[Outgoing]) -> list[int]:
    found: list[int] = []
    for one in outgoing:
        assert isinstance(one.body, Ack)
        assert len(one.body.ranges) <= MAX_RANGES
        for first, last in one.body.ranges:
            found.extend(range(first, last + 1))
    return found


def test_bodies_go_before_acknowledgements_and_in_order() -> None:
    outbox = Outbox(OutboxLimits())
    assert outbox.acknowledge(UNIT, SESSION, 7, [1, 2], 10)
    assert outbox.put(welcome("unit-first234"))
    assert outbox.put(welcome("unit-second23"))
    taken, expired = outbox.take(10, 0)
    assert [one.unit_id for one in taken] == ["unit-first234", "unit-second23", UNIT]
    assert numbers(taken[2:]) == [1, 2]
    assert (expired, bool(outbox)) == (0, False)


@given(st.lists(st.tuples(st.sampled_from([7, 8]), SEQS), max_size=20), st.integers(1, 5))
def test_numbers_of_a_spool_merge_and_none_is_lost(given_seqs: list[tuple[int, list[int]]], limit: int) -> None:
    outbox = Outbox(OutboxLimits())
    for spool_id, seqs in given_seqs:
        assert outbox.acknowledge(UNIT, SESSION, spool_id, seqs, 10)
    taken: list[Outgoing] = []
    while outbox:
        some, expired = outbox.take(limit, 0)
        assert some
        assert expired == 0
        taken += some
    for spool_id in (7, 8):
        of_spool = [one for one in taken if isinstance(one.body, Ack) and one.body.spool_id == spool_id]
        assert numbers(of_spool) == sorted({seq for spool, seqs in given_seqs if spool == spool_id for seq in seqs})


def test_scattered_numbers_become_several_acknowledgements() -> None:
    outbox = Outbox(OutboxLimits())
    scattered = list(range(1, 1001, 2))
    outbox.acknowledge(UNIT, SESSION, 7, scattered, 10)
    taken, _ = outbox.take(1, 0)
    assert len(taken) == 3
    assert numbers(taken) == scattered


def test_what_is_expired_is_thrown_away_and_counted() -> None:
    outbox = Outbox(OutboxLimits())
    outbox.put(welcome(expires_at_s=5))
    outbox.put(welcome(expires_at_s=6))
    outbox.acknowledge(UNIT, SESSION, 7, [1], 5)
    taken, expired = outbox.take(10, 5)
    assert ([one.expires_at_s for one in taken], expired) == ([6], 2)


def test_a_full_outbox_takes_no_more() -> None:
    outbox = Outbox(OutboxLimits(bodies=1, spools=2, numbers=3))
    assert outbox.put(welcome())
    assert not outbox.put(welcome())
    assert outbox.acknowledge(UNIT, SESSION, 7, [1, 2], 10)
    assert not outbox.acknowledge(UNIT, SESSION, 7, [3, 4], 10)
    assert outbox.acknowledge(UNIT, SESSION, 8, [1], 10)
    outbox.take(10, 0)
    assert outbox.acknowledge(UNIT, SESSION, 9, [1, 2, 3], 10)


def test_a_full_outbox_takes_no_spool_more_than_its_limit() -> None:
    outbox = Outbox(OutboxLimits(spools=1))
    assert outbox.acknowledge(UNIT, SESSION, 7, [1], 10)
    assert not outbox.acknowledge(UNIT, SESSION, 8, [1], 10)
    assert outbox.acknowledge(UNIT, SESSION, 7, [2], 10)


def test_what_is_put_back_goes_first() -> None:
    outbox = Outbox(OutboxLimits())
    outbox.put(welcome("unit-third234"))
    outbox.put_back([welcome("unit-first234"), welcome("unit-second23")])
    assert [one.unit_id for one in outbox.take(10, 0)[0]] == ["unit-first234", "unit-second23", "unit-third234"]
