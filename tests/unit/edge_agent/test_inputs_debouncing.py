"""A level counts once it has lasted; what is too short is counted."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.inputs.debouncing import CONTACT_BOUNCES, Debouncer, Settled

Trace = list[tuple[bool, int]]

traces = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60).map(
    lambda steps: [(active, sum(gap for _, gap in steps[: index + 1])) for index, (active, _) in enumerate(steps)]
)


def runs(trace: Trace, end_ms: int) -> list[tuple[bool, int, int]]:
    """The spells of one level: which, from when, for how long."""
    starts = [step for index, step in enumerate(trace) if index == 0 or trace[index - 1][0] != step[0]]
    ends = [*(at_ms for _, at_ms in starts[1:]), end_ms]
    return [(active, at_ms, until_ms - at_ms) for (active, at_ms), until_ms in zip(starts, ends, strict=False)]


def played(trace: Trace, debounce_ms: int, end_ms: int) -> tuple[Debouncer, list[Settled]]:
    debouncer = Debouncer(debounce_ms)
    seen = [debouncer.see(at_ms, active=active) for active, at_ms in trace]
    return debouncer, [each for each in [*seen, debouncer.settle(end_ms)] if each is not None]


@given(traces, st.integers(0, 50), st.integers(0, 60))
def test_exactly_the_changes_that_lasted_are_settled(trace: Trace, debounce_ms: int, rest_ms: int) -> None:
    end_ms = (trace[-1][1] if trace else 0) + rest_ms
    lasting = [(active, at_ms) for active, at_ms, lasted_ms in runs(trace, end_ms) if lasted_ms >= debounce_ms]
    expected = lasting[:1] + [after for before, after in pairwise(lasting) if before[0] != after[0]]
    debouncer, settled = played(trace, debounce_ms, end_ms)
    assert settled == expected
    assert debouncer.level == (expected[-1][0] if expected else None)


@given(traces, st.integers(1, 50))
def test_what_comes_to_nothing_is_chatter_and_a_contacts_bounce_is_not(trace: Trace, debounce_ms: int) -> None:
    end_ms = (trace[-1][1] if trace else 0) + debounce_ms
    expected = short = 0
    level: bool | None = None
    for active, _, lasted_ms in runs(trace, end_ms):
        if lasted_ms < debounce_ms:
            short += 1
            if short > CONTACT_BOUNCES:
                expected, short = expected + short, 0
            continue
        expected += short if active == level else 0
        level, short = active, 0
    assert played(trace, debounce_ms, end_ms)[0].chatter == expected


@given(traces, st.integers(0, 50), st.lists(st.integers(0, 3000), max_size=20))
def test_ticking_between_changes_nothing_of_what_settles(trace: Trace, debounce_ms: int, ticks: list[int]) -> None:
    end_ms = (trace[-1][1] if trace else 0) + debounce_ms
    ticked = Debouncer(debounce_ms)
    settled = []
    last_ms = 0
    for active, at_ms in trace:
        settled += [ticked.settle(tick_ms) for tick_ms in sorted(ticks) if last_ms <= tick_ms < at_ms]
        settled.append(ticked.see(at_ms, active=active))
        last_ms = at_ms
    settled.append(ticked.settle(end_ms))
    without, expected = played(trace, debounce_ms, end_ms)
    assert [each for each in settled if each is not None] == expected
    assert ticked.chatter == without.chatter


@given(st.lists(st.tuples(st.booleans(), st.integers(-100, 1000)), max_size=40), st.integers(0, 50))
def test_times_that_go_back_never_settle_a_level_early(steps: Trace, debounce_ms: int) -> None:
    debouncer = Debouncer(debounce_ms)
    latest_ms = 0
    for active, at_ms in steps:
        settled = debouncer.see(at_ms, active=active)
        assert settled is None or at_ms - settled.since_ms >= debounce_ms
        latest_ms = max(latest_ms, at_ms)
    settled = debouncer.settle(latest_ms + debounce_ms)
    assert debouncer.level == (steps[-1][0] if steps else None)
    assert debouncer.due_ms is None


def test_a_line_that_is_lost_has_no_level_until_one_has_lasted_again() -> None:
    debouncer = Debouncer(50)
    debouncer.see(0, active=True)
    assert debouncer.settle(50) == Settled(active=True, since_ms=0)
    debouncer.lose()
    assert debouncer.level is None
    assert debouncer.due_ms is None
    debouncer.see(1000, active=True)
    assert debouncer.settle(1049) is None
    assert debouncer.settle(1050) == Settled(active=True, since_ms=1000)
