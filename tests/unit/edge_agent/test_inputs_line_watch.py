"""What an input tells, and that no line can fill the spool."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.inputs.line_watch import CHATTER_EVERY_MS, EVENTS_PER_HOUR, HOUR_MS, LineWatch
from edge_agent.inputs.settings import InputKind, InputSettings
from edge_agent.watch import Happening

DEBOUNCE_MS = 50


def line(kind: InputKind = "tamper") -> LineWatch:
    return LineWatch(InputSettings(name="front", kind=kind, line=17, debounce_ms=DEBOUNCE_MS))


def told(watch: LineWatch, at_ms: int, *, active: bool) -> list[Happening]:
    """Hold the line for the time it takes to count."""
    return [*watch.see(at_ms, active=active), *watch.tick(at_ms + DEBOUNCE_MS)]


def words_of(happenings: list[Happening]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.severity, each.summary) for each in happenings]


@pytest.mark.parametrize(
    ("kind", "active", "severity", "words"),
    [
        ("tamper", True, "alarm", "the housing was opened"),
        ("door", True, "warning", "the door is open"),
        ("pir", True, "info", "movement"),
        ("power", False, "alarm", "the supply is lost"),
        ("lid", True, "info", "the lid is open"),
    ],
)
def test_what_is_not_as_it_should_be_is_told_from_the_first_level_on(
    kind: InputKind, active: bool, severity: str, words: str
) -> None:
    assert words_of(told(line(kind), 0, active=active)) == [(f"input-{kind}", severity, f"front: {words}")]


@pytest.mark.parametrize("kind", ["tamper", "door", "pir", "power", "lid"])
def test_a_line_that_rests_is_not_told(kind: InputKind) -> None:
    watch = line(kind)
    assert told(watch, 0, active=kind == "power") == []
    assert watch.level == (kind == "power")


@pytest.mark.parametrize(
    ("kind", "back"),
    [
        ("tamper", [("input-tamper", "info", "front: the housing is closed again")]),
        ("door", [("input-door", "info", "front: the door is closed")]),
        ("pir", []),
        ("power", [("input-power", "info", "front: the supply is back")]),
        ("lid", [("input-lid", "info", "front: the lid is closed")]),
    ],
)
def test_the_way_back_is_told_and_movement_has_none(kind: InputKind, back: list[tuple[str, str, str]]) -> None:
    watch = line(kind)
    told(watch, 0, active=kind != "power")
    assert words_of(told(watch, 1000, active=kind == "power")) == back


def test_what_changed_while_the_line_was_lost_is_told_and_what_did_not_is_not() -> None:
    watch = line()
    told(watch, 0, active=True)
    watch.lose()
    assert watch.level is None
    assert told(watch, 1000, active=True) == []
    watch.lose()
    assert [each.severity for each in told(watch, 2000, active=False)] == ["info"]


def test_a_short_level_is_chatter_and_told_a_minute_later() -> None:
    watch = line()
    told(watch, 0, active=False)
    assert watch.see(1000, active=True) == []
    assert watch.see(1010, active=False) == []
    assert watch.tick(1010 + DEBOUNCE_MS) == []
    due_ms = 1010 + DEBOUNCE_MS + CHATTER_EVERY_MS
    assert watch.due_ms == due_ms
    assert watch.tick(due_ms - 1) == []
    assert [each.kind for each in watch.tick(due_ms)] == ["input-chatter"]
    assert watch.tick(due_ms + CHATTER_EVERY_MS) == []


def test_the_last_word_of_a_busy_hour_is_told_with_the_count_of_the_others() -> None:
    watch = line("door")
    happenings = [
        each for turn in range(EVENTS_PER_HOUR + 9) for each in told(watch, turn * 1000, active=turn % 2 == 0)
    ]
    assert len(happenings) == EVENTS_PER_HOUR
    assert watch.due_ms == HOUR_MS + DEBOUNCE_MS
    assert words_of(watch.tick(HOUR_MS + DEBOUNCE_MS)) == [
        ("input-door", "warning", "front: the door is open; 9 changes within the hour were not told one by one")
    ]
    assert [each.severity for each in told(watch, HOUR_MS + 5000, active=False)] == ["info"]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400_000)), max_size=400))
def test_whatever_a_line_does_it_tells_no_more_than_the_bounds(steps: list[tuple[bool, int]]) -> None:
    watch = line("door")
    at_ms = 0
    times: dict[str, list[int]] = {}
    for active, gap_ms in steps:
        at_ms += gap_ms
        for happening in [*watch.tick(at_ms), *watch.see(at_ms, active=active)]:
            times.setdefault(happening.kind, []).append(at_ms)
            assert len(happening.summary) <= 200
    chatter = times.get("input-chatter", [])
    assert all(later - earlier >= CHATTER_EVERY_MS for earlier, later in pairwise(chatter))
    changes = times.get("input-door", [])
    far = 2 * EVENTS_PER_HOUR
    assert all(later - earlier >= HOUR_MS for earlier, later in zip(changes, changes[far:], strict=False))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=300))
def test_when_all_is_quiet_the_last_thing_told_is_how_it_is(steps: list[tuple[bool, int]]) -> None:
    watch = line("door")
    at_ms = 0
    happenings = []
    for active, gap_ms in steps:
        at_ms += gap_ms
        happenings += [*watch.tick(at_ms), *watch.see(at_ms, active=active)]
    while (due_ms := watch.due_ms) is not None:
        happenings += watch.tick(due_ms)
    changes = [each for each in happenings if each.kind == "input-door"]
    assert watch.level == (steps[-1][0] if steps else None)
    assert (changes[-1].severity == "warning" if changes else False) == bool(watch.level)
