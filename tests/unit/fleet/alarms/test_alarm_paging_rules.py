"""Who is paged when: each level once, nobody too early, all again until somebody takes it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fleet.alarms.rules.paging import TRIES, Due, Paged, Waiting, Who, due_pages, next_page_at, nobody, retry_at
from protocols.alarms import PagingPolicy

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ALARM, POLICY = Waiting(NOW), PagingPolicy()
SAID = (nobody(0), nobody(1), nobody(2))
ALL = Who((("TO-12",), ("TO-21",), ("SU-01", "SU-02")), SAID)


def sent(due: list[Due], state: str = "sent") -> list[Paged]:
    return [
        Paged(one.round, one.level, person, "failed" if person is None else state)  # type: ignore[arg-type] # a state
        for one in due
        for person in one.people or (None,)
    ]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def played(who: Who, seconds: list[int], state: str = "sent") -> list[tuple[int, int, int, tuple[str, ...]]]:
    pages: list[Paged] = []
    told: list[tuple[int, int, int, tuple[str, ...]]] = []
    for one in seconds:
        due = due_pages(ALARM, POLICY, who, pages, at(one))
        pages += sent(due, state)
        told += [(one, page.round, page.level, page.people) for page in due]
    return told


def test_primary_at_once_secondary_after_five_minutes_supervisors_after_ten_then_all_every_quarter_of_an_hour() -> None:
    told = played(ALL, list(range(0, 2500, 15)))
    assert told == [
        (0, 0, 0, ("TO-12",)),
        (300, 0, 1, ("TO-21",)),
        (600, 0, 2, ("SU-01", "SU-02")),
        (1500, 1, 0, ("TO-12",)),
        (1500, 1, 1, ("TO-21",)),
        (1500, 1, 2, ("SU-01", "SU-02")),
        (2400, 2, 0, ("TO-12",)),
        (2400, 2, 1, ("TO-21",)),
        (2400, 2, 2, ("SU-01", "SU-02")),
    ]


def test_a_level_with_nobody_hands_over_at_once_and_says_so() -> None:
    only_supervisors = Who(((), (), ("SU-01",)), SAID)
    due = due_pages(ALARM, POLICY, only_supervisors, [], NOW)
    assert [(one.level, one.people, one.said) for one in due] == [
        (0, (), "nobody is on call as primary"),
        (1, (), "nobody is on call as secondary"),
        (2, ("SU-01",), ""),
    ]
    assert due_pages(ALARM, POLICY, only_supervisors, sent(due), at(60)) == []
    no_primary = Who(((), ("TO-21",), ("SU-01",)), SAID)
    first = due_pages(ALARM, POLICY, no_primary, [], NOW)
    assert [one.level for one in first] == [0, 1]
    assert next_page_at(ALARM, POLICY, no_primary, sent(first), at(1)) == at(600)


def test_a_level_that_an_alarm_does_not_have_is_left_out() -> None:
    named = Who((("TO-12",), (), ("SU-01",)), (nobody(0), "", nobody(2)))
    assert played(named, [0, 300, 599, 600]) == [(0, 0, 0, ("TO-12",)), (600, 0, 2, ("SU-01",))]
    assert played(named, [0, 60], "failed") == [(0, 0, 0, ("TO-12",)), (60, 0, 2, ("SU-01",))]
    supervisors = Who(((), (), ("SU-01",)), ("", "", nobody(2)))
    assert played(supervisors, [0]) == [(0, 0, 2, ("SU-01",))]


def test_pages_that_fail_hand_over_before_the_time() -> None:
    first = due_pages(ALARM, POLICY, ALL, [], NOW)
    assert due_pages(ALARM, POLICY, ALL, sent(first, "queued"), at(100)) == []
    handed = due_pages(ALARM, POLICY, ALL, sent(first, "failed"), at(100))
    assert [(one.level, one.people) for one in handed] == [(1, ("TO-21",))]


def test_nobody_at_all_is_said_once_a_round() -> None:
    no_one = Who(((), (), ()), SAID)
    told = played(no_one, list(range(0, 2500, 15)))
    assert [(seconds, round_, level) for seconds, round_, level, _ in told] == [
        (0, 0, 0),
        (0, 0, 1),
        (0, 0, 2),
        (1500, 1, 2),
        (2400, 2, 2),
    ]
    assert next_page_at(ALARM, POLICY, no_one, [], NOW) is None


def test_when_the_next_page_is() -> None:
    assert next_page_at(ALARM, POLICY, ALL, [], NOW) == NOW
    first = sent(due_pages(ALARM, POLICY, ALL, [], NOW))
    assert next_page_at(ALARM, POLICY, ALL, first, at(10)) == at(300)
    every = [*first, Paged(0, 1, "TO-21", "sent"), Paged(0, 2, "SU-01", "sent")]
    assert next_page_at(ALARM, POLICY, ALL, every, at(700)) == at(1500)
    assert due_pages(Waiting(at(60)), POLICY, ALL, [], NOW) == []


@given(
    st.lists(st.integers(0, 900), max_size=40),
    st.tuples(*[st.sampled_from([(), ("TO-12",), ("TO-12", "TO-21")])] * 3),
    st.sampled_from(["sent", "queued", "failed"]),
)
def test_no_level_is_paged_twice_in_a_round_and_whoever_can_be_reached_is_paged(
    steps: list[int], levels: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], state: str
) -> None:
    times = [sum(steps[: number + 1]) for number in range(len(steps))]
    told = played(Who(levels, SAID), times, state)
    assert len({(round_, level) for _, round_, level, _ in told}) == len(told)
    for seconds, round_, level, people in told:
        assert people == levels[level]
        if state != "failed" and round_ == 0 and any(levels[:level]):
            assert seconds >= (0, 300, 600)[level] or not levels[level - 1]
    if times and any(levels):
        assert any(people for _, _, _, people in told)


def test_tries_are_over_before_the_secondary_would_be_paged() -> None:
    now, tries = NOW, 0
    while True:
        tries += 1
        again = retry_at(tries, now)
        if again is None:
            break
        now = again
    assert tries == TRIES
    assert now - NOW < timedelta(seconds=POLICY.secondary_after_s)
