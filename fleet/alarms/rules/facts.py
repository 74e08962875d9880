"""What a report, or silence, says of a rule's condition. Pure."""

from collections.abc import Mapping
from datetime import datetime
from math import isnan

from fleet.alarms.rules.condition import Condition, Fact
from protocols.alarms import FigureRule, PresenceRule
from protocols.figures import figure_text
from protocols.health import QUANTITIES

FRESH_S = 60
"""A figure that a unit read longer before its report says nothing †."""


def figure_fact(
    rule: FigureRule, figures: Mapping[str, object], ages_s: Mapping[str, int], at: datetime
) -> Fact | None:
    """Of a report sampled at `at`; None where it does not have the figure, not fresh, or of another kind."""
    value = figures.get(rule.figure)
    if value is None or ages_s.get(rule.figure, 0) > FRESH_S:
        return None
    condition = _of_word(rule, value) if rule.comparison == "is" else _of_number(rule, value)
    return None if condition is None else Fact(condition, at)


def _of_word(rule: FigureRule, value: object) -> Condition | None:
    if type(value) is not type(rule.word):
        return None
    return "bad" if value == rule.word else "good"


def _of_number(rule: FigureRule, value: object) -> Condition | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or isnan(value):
        return None
    assert rule.raise_at is not None, "a rule with limits has both"
    assert rule.clear_at is not None, "a rule with limits has both"
    # An offset is as bad in one direction as in the other, as in `protocols.health.standing`.
    magnitude = abs(value) if rule.figure == "clock_offset_ms" else value
    sign = 1 if rule.comparison == "above" else -1
    if magnitude * sign >= rule.raise_at * sign:
        return "bad"
    return "good" if magnitude * sign <= rule.clear_at * sign else "between"


def presence_fact(rule: PresenceRule, word: str, now: datetime) -> Fact | None:
    """Of the word for how fresh a unit's reports are; None for one that never reported."""
    if word == "never":
        return None
    silent = {"quiet"} if rule.presence == "quiet" else {"stale", "quiet"}
    if word in silent:
        return Fact("bad", now)
    return Fact("good" if word == "online" else "between", now)


def figure_summary(rule: FigureRule, value: object) -> str:
    """One line that says what raised a figure's alarm: `SoC temperature 82 °C, limit 80 °C`."""
    label = QUANTITIES[rule.figure].label
    said = f"{label} {figure_text(rule.figure, value)}"
    if rule.comparison == "is":
        return said[:200]
    return f"{said}, limit {figure_text(rule.figure, rule.raise_at)}"[:200]
