"""A rule's condition: nothing is raised twice without a clear between, and no debounce is ever shortened."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.alarms.rules.condition import CLEAR, Condition, Effect, Fact, RuleState, step
from fleet.alarms.rules.facts import FRESH_S, figure_fact, figure_summary, presence_fact
from protocols.alarms import FigureRule, PresenceRule

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
HOT = FigureRule(
    rule="hot", figure="soc_temp_c", comparison="above", raise_at=80, clear_at=75, raise_after_s=120, clear_after_s=300
)


Seen = list[tuple[int, Condition | None]]


def walk(rule: FigureRule | PresenceRule, seen: list[tuple[int, Condition | None]]) -> list[tuple[int, Effect]]:
    """The effects by their seconds, of conditions that were seen some seconds after each other."""
    state, at_s, effects = CLEAR, 0, []
    for later_s, condition in seen:
        at_s += later_s
        at = NOW + timedelta(seconds=at_s)
        state, effect = step(rule, state, None if condition is None else Fact(condition, at), at)
        if effect is not None:
            effects.append((at_s, effect))
    return effects


def test_what_holds_long_enough_raises_once_and_clears_once() -> None:
    bad: Seen = [(60, "bad")] * 10
    good: Seen = [(60, "good")] * 10
    assert walk(HOT, [*bad, *good]) == [(180, "raise"), (960, "clear")]


def test_what_flaps_within_the_band_or_faster_than_the_debounce_raises_nothing_new() -> None:
    assert walk(HOT, [(60, "bad"), (60, "good")] * 50) == []
    raised: Seen = [(60, "bad")] * 4
    within: Seen = [(60, "between"), (60, "bad"), (60, "between"), (60, "good")]
    assert walk(HOT, [*raised, *within * 50]) == [(180, "raise")]


def test_nothing_known_changes_nothing() -> None:
    assert walk(HOT, [(60, "bad"), (600, None), (60, "good")]) == []
    assert walk(HOT, [(60, "bad"), (60, None), (60, "bad")]) == [(180, "raise")]


conditions: st.SearchStrategy[Condition | None] = st.sampled_from(["bad", "between", "good", None])


@given(st.lists(st.tuples(st.integers(0, 400), conditions), max_size=60), st.integers(0, 600), st.integers(0, 600))
def test_raises_and_clears_take_turns_and_each_condition_held(
    seen: list[tuple[int, Condition | None]], raise_after_s: int, clear_after_s: int
) -> None:
    rule = FigureRule(
        rule="hot",
        figure="soc_temp_c",
        comparison="above",
        raise_at=80,
        clear_at=75,
        raise_after_s=raise_after_s,
        clear_after_s=clear_after_s,
    )
    effects = walk(rule, seen)
    assert [effect for _, effect in effects] == (["raise", "clear"] * len(effects))[: len(effects)]
    times: list[tuple[int, Condition | None]] = []
    at_s = 0
    for later_s, condition in seen:
        at_s += later_s
        times.append((at_s, condition))
    for effect_s, effect in effects:
        wanted, for_s = ("bad", raise_after_s) if effect == "raise" else ("good", clear_after_s)
        known = [(at, one) for at, one in times if one is not None and effect_s - for_s < at <= effect_s]
        before = [(at, one) for at, one in times if one is not None and at <= effect_s - for_s]
        assert {one for _, one in known} <= {wanted}
        assert (before or known)[-1][1] == wanted or known[-1][1] == wanted
        assert for_s == 0 or any(one == wanted for _, one in before)


def test_a_clock_that_is_set_forward_shortens_nothing() -> None:
    first, effect = step(HOT, CLEAR, Fact("bad", NOW), NOW)
    assert effect is None
    leapt = Fact("bad", NOW + timedelta(days=9))
    assert step(HOT, first, leapt, NOW + timedelta(seconds=60)) == (first, None)
    later = Fact("bad", NOW + timedelta(seconds=10))
    assert step(HOT, first, later, NOW + timedelta(days=9))[1] is None
    back = Fact("bad", NOW - timedelta(days=9))
    assert step(HOT, first, back, NOW + timedelta(hours=1))[0].since == back.at


def test_a_maintenance_window_holds_back_what_raises_after_it() -> None:
    later = NOW + timedelta(hours=1)
    state, effect = step(HOT, CLEAR, Fact("bad", NOW), NOW, held_back=True)
    state, effect = step(HOT, state, Fact("bad", later), later, held_back=True)
    assert (state.phase, effect) == ("rising", None)
    assert step(HOT, state, Fact("bad", later), later) == (RuleState(phase="raised"), "raise")


@pytest.mark.parametrize(
    ("value", "age_s", "condition"),
    [
        (80.0, 0, "bad"),
        (79.9, 0, "between"),
        (75.0, FRESH_S, "good"),
        (99.0, FRESH_S + 1, None),
        (None, 0, None),
        (True, 0, None),
        (float("nan"), 0, None),
        ("hot", 0, None),
    ],
)
def test_what_a_figure_says(value: object, age_s: int, condition: Condition | None) -> None:
    fact = figure_fact(HOT, {"soc_temp_c": value}, {"soc_temp_c": age_s}, NOW)
    assert (fact and fact.condition) == condition


def test_words_low_figures_and_offsets() -> None:
    word = FigureRule(rule="ro", figure="storage_read_only", comparison="is", word=True)
    low = FigureRule(rule="low", figure="battery_percent", comparison="below", raise_at=15, clear_at=20)
    offset = FigureRule(rule="off", figure="clock_offset_ms", comparison="above", raise_at=1000, clear_at=100)
    for rule, value, condition in (
        (word, True, "bad"),
        (word, False, "good"),
        (low, 15, "bad"),
        (low, 18, "between"),
        (low, 20, "good"),
        (offset, -1500.0, "bad"),
    ):
        assert figure_fact(rule, {rule.figure: value}, {}, NOW) == Fact(condition, NOW)  # type: ignore[arg-type] # words
    assert figure_fact(word, {"storage_read_only": 1}, {}, NOW) is None
    assert figure_summary(low, 12) == "battery 12 %, limit 15 %"
    assert figure_summary(word, value=True) == "storage read-only yes"


def test_what_presence_says() -> None:
    quiet, stale = PresenceRule(rule="q", presence="quiet"), PresenceRule(rule="s", presence="stale")
    said = {word: [presence_fact(rule, word, NOW) for rule in (quiet, stale)] for word in ("online", "stale", "quiet")}
    assert {word: [one and one.condition for one in facts] for word, facts in said.items()} == {
        "online": ["good", "good"],
        "stale": ["between", "bad"],
        "quiet": ["bad", "bad"],
    }
    assert presence_fact(quiet, "never", NOW) is None
