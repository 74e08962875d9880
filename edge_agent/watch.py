"""What a unit reports by itself because of its figures. Pure: figures in, happenings out.

Each rule is a latch: it tells once when a condition begins, and once when it has ended for good, so that a figure which
wavers about its limit does not fill the spool.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from edge_agent.sampler import ReaderProblem, Sample
from protocols.health import QUANTITIES
from protocols.releases.reports import UpdateReport
from protocols.uplink import Severity

CLEAR_AFTER_SAMPLES = 3
TEMPERATURE_CRITICAL_C = 85.0
"""The SoC's own limit (Raspberry Pi: throttles from 80 °C, 85 °C at the most)."""

TEMPERATURE_HIGH_C = QUANTITIES["soc_temp_c"].bad_from or 80.0
TEMPERATURE_HYSTERESIS_C = 5.0


class Happening(NamedTuple):
    """An event in the making; `update` is how far an update has come, where it is about one."""

    kind: str
    severity: Severity
    summary: str
    update: UpdateReport | None = None


class Rule(NamedTuple):
    """`figure` begins to be a happening when `begins`, and ends when `ends` for three samples; between, nothing."""

    figure: str
    begins: Callable[[object], bool]
    ends: Callable[[object], bool]
    begun: Happening
    ended: Happening


class _Latch:
    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._on = False
        self._clear_samples = 0

    def judge(self, value: object) -> Happening | None:
        if not self._on:
            self._on = self._rule.begins(value)
            self._clear_samples = 0
            return _filled(self._rule.begun, value) if self._on else None
        self._clear_samples = self._clear_samples + 1 if self._rule.ends(value) else 0
        if self._clear_samples < CLEAR_AFTER_SAMPLES:
            return None
        self._on = False
        return _filled(self._rule.ended, value)


class Watch:
    """Judges one sample after another."""

    def __init__(self, rules: Iterable[Rule] | None = None) -> None:
        """Nothing is known to be wrong yet; `rules` are RULES by default."""
        self._latches = [(rule.figure, _Latch(rule)) for rule in (RULES if rules is None else rules)]

    def judge(self, sample: Sample) -> list[Happening]:
        """What began or ended with `sample`. A figure that is absent, or kept from an earlier sample, says nothing."""
        happenings = [_of_problem(problem) for problem in sample.problems]
        for figure, latch in self._latches:
            value = _fresh(sample.figures, sample.ages_s, figure)
            happening = None if value is None else latch.judge(value)
            if happening is not None:
                happenings.append(happening)
        return happenings


def _fresh(figures: Mapping[str, object], ages_s: Mapping[str, int], name: str) -> object | None:
    return None if name in ages_s else figures.get(name)


def _of_problem(problem: ReaderProblem) -> Happening:
    if problem.cleared:
        return Happening("reader-recovered", "info", problem.summary)
    return Happening("reader-failed", "warning", problem.summary)


def _filled(happening: Happening, value: object) -> Happening:
    return happening._replace(summary=happening.summary.format(value=value))


def _at_least(limit: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and value >= limit


def _below(limit: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and value < limit


def _is_true(value: object) -> bool:
    return value is True


def _is_false(value: object) -> bool:
    return value is False


RULES: tuple[Rule, ...] = (
    Rule(
        "undervolted",
        _is_true,
        _is_false,
        Happening("undervoltage", "alarm", "the supply voltage is too low"),
        Happening("undervoltage-ended", "info", "the supply voltage is sufficient again"),
    ),
    Rule(
        "storage_read_only",
        _is_true,
        _is_false,
        Happening("storage-read-only", "alarm", "the storage has become read-only"),
        Happening("storage-writable", "info", "the storage can be written again"),
    ),
    Rule(
        "soc_temp_c",
        _at_least(TEMPERATURE_HIGH_C),
        _below(TEMPERATURE_HIGH_C - TEMPERATURE_HYSTERESIS_C),
        Happening("temperature-high", "warning", "the SoC is at {value:.1f} °C and slows down"),
        Happening("temperature-normal", "info", "the SoC is down to {value:.1f} °C"),
    ),
    Rule(
        "soc_temp_c",
        _at_least(TEMPERATURE_CRITICAL_C),
        _below(TEMPERATURE_CRITICAL_C - TEMPERATURE_HYSTERESIS_C),
        Happening("temperature-critical", "alarm", "the SoC is at {value:.1f} °C, its limit"),
        Happening("temperature-below-limit", "info", "the SoC is below its limit again, at {value:.1f} °C"),
    ),
)
