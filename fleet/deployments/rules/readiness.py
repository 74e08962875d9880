"""Whether a unit is ready: judged from its latest report, its presence and its papers, each line with the figure, its
age and the limit. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fleet.deployments.rules.facts import UnitFacts
from protocols.api.deployments import ReadinessLine
from protocols.health import QUANTITIES, standing

Result = Literal["pass", "fail", "not-measured"]

MANDATORY: frozenset[str] = frozenset(
    {"online", "report", "supply", "storage", "writable", "clock", "certificate", "standing"}
)
"""Lines that have to pass; of others it is enough that they do not fail."""

_NOTHING = "the unit has not told this"


@dataclass(frozen=True, slots=True)
class UnitLimits:
    """What a unit has to keep to; each includes its boundary. All † until a house sets its own. `max_figure_age_s`: a
    figure that was kept from so much earlier is none."""

    max_report_age_s: int = 120
    max_figure_age_s: int = 600
    min_supply_mv: int = 4750
    max_clock_offset_ms: float = 100
    min_certificate_days: int = 3
    max_check_age_h: int = 24


@dataclass(frozen=True, slots=True)
class _Judging:
    """A unit being judged at a time."""

    unit: UnitFacts
    now: datetime
    limits: UnitLimits

    def figure(self, name: str) -> float | int | bool | str | None:
        """A figure of the latest report, None where it is absent or too old."""
        report = self.unit.report
        if report is None or report.ages_s.get(name, 0) > self.limits.max_figure_age_s:
            return None
        value: float | int | bool | str | None = getattr(report, name)
        return value

    def age_s(self, name: str = "") -> int | None:
        """How old a figure of the latest report is, or the report; None before the first."""
        times = [one for one in (self.unit.received_at, self.unit.sampled_at) if one is not None]
        if self.unit.report is None or not times:
            return None
        oldest = max((self.now - one).total_seconds() for one in times)
        return max(0, int(oldest)) + self.unit.report.ages_s.get(name, 0)


def judge_unit(unit: UnitFacts, now: datetime, limits: UnitLimits | None = None) -> list[ReadinessLine]:
    """The lines of a unit's readiness certificate, always the same ones in the same order."""
    at = _Judging(unit, now, limits or UnitLimits())
    return [
        _online(at),
        _report(at),
        _supply(at),
        _storage(at),
        _writable(at),
        _clock(at),
        _temperature(at),
        _signal(at),
        _spool(at),
        _key(at),
        _certificate(at),
        _standing(at),
        _access_record(at),
        _check(at),
    ]


def passed(lines: Sequence[ReadinessLine]) -> bool:
    """Whether a unit with these lines is ready: none fails, and every mandatory one passes."""
    good = {one.name for one in lines if one.result == "pass"}
    return good >= MANDATORY and not any(one.result == "fail" for one in lines)


def faults(lines: Sequence[ReadinessLine]) -> Iterator[ReadinessLine]:
    """The lines for which a unit is not ready."""
    return (one for one in lines if one.result == "fail" or (one.name in MANDATORY and one.result != "pass"))


def _line(
    name: str,
    *,
    good: bool | None,
    value: float | str | None,
    limit: float | str | None,
    unit: str = "",
    age_s: int | None = None,
    reason: str = "",
) -> ReadinessLine:
    """`good` None: not measured. `reason` is said whatever the result is; without one, of what was not measured that
    nothing was told."""
    result: Result = "not-measured" if good is None else "pass" if good else "fail"
    return ReadinessLine(
        name=name,
        result=result,
        value=value,
        limit=limit,
        unit_of_measure=unit,
        age_s=age_s,
        reason=reason or (_NOTHING if good is None else ""),
    )


def _online(at: _Judging) -> ReadinessLine:
    word = at.unit.presence
    reason = "" if word == "online" else f"the unit is {word}: look for power and network"
    return _line("online", good=word == "online", value=word, limit="online", age_s=at.age_s(), reason=reason)


def _report(at: _Judging) -> ReadinessLine:
    age_s, limit = at.age_s(), at.limits.max_report_age_s
    good = None if age_s is None else age_s <= limit
    reason = "" if good else "no report came yet" if age_s is None else "ask the unit for a report: its last is too old"
    return _line("report", good=good, value=age_s, limit=limit, unit="s", age_s=age_s, reason=reason)


def _supply(at: _Judging) -> ReadinessLine:
    supply_mv, undervolted = at.figure("supply_mv"), at.figure("undervolted")
    limit = at.limits.min_supply_mv
    low = isinstance(supply_mv, int) and supply_mv < limit
    reason = ""
    if undervolted is True:
        reason = "the unit says that it is undervolted"
    elif low:
        reason = "the supply is too low: look for the cable, the fuse, the battery"
    good = None if supply_mv is None and undervolted is None else not reason
    if good and supply_mv is None:
        reason = "no voltage is measured; the unit says that it is not undervolted"
    source = "supply_mv" if supply_mv is not None else "undervolted"
    value = float(supply_mv) if isinstance(supply_mv, int) else None
    return _line("supply", good=good, value=value, limit=limit, unit="mV", age_s=at.age_s(source), reason=reason)


def _storage(at: _Judging) -> ReadinessLine:
    return _below_bad(at, "storage", "storage_used_percent", "the storage is nearly full")


def _writable(at: _Judging) -> ReadinessLine:
    read_only = at.figure("storage_read_only")
    good = None if read_only is None else read_only is False
    value = None if read_only is None else "read-only" if read_only else "writable"
    reason = "the storage is read-only: change it" if good is False else ""
    age_s = at.age_s("storage_read_only")
    return _line("writable", good=good, value=value, limit="writable", age_s=age_s, reason=reason)


def _clock(at: _Judging) -> ReadinessLine:
    offset_ms, limit = at.figure("clock_offset_ms"), at.limits.max_clock_offset_ms
    in_step = at.figure("clock_synchronised")
    value = float(offset_ms) if isinstance(offset_ms, int | float) else None
    good = None if value is None else abs(value) <= limit
    reason = "the clock is too far off" if good is False else ""
    if in_step is False:
        good, reason = False, "the clock follows no source"
    age_s = at.age_s("clock_offset_ms")
    return _line("clock", good=good, value=value, limit=limit, unit="ms", age_s=age_s, reason=reason)


def _temperature(at: _Judging) -> ReadinessLine:
    return _below_bad(at, "temperature", "soc_temp_c", "it is too hot: give it air or shade")


def _signal(at: _Judging) -> ReadinessLine:
    kind = at.figure("link_kind")
    if kind == "ethernet":
        return _line("signal", good=True, value="ethernet", limit=None, age_s=at.age_s("link_kind"))
    name = "wifi_signal_dbm" if kind == "wifi" else "rsrp_dbm"
    return _below_bad(at, "signal", name, "the signal is too weak: move the aerial, or change it")


def _below_bad(at: _Judging, line: str, name: str, fault: str) -> ReadinessLine:
    """A figure whose standing is not bad; at its limit it is bad, as `protocols.health` says."""
    value, quantity = at.figure(name), QUANTITIES[name]
    word = standing(name, value)
    good = None if word == "unknown" else word != "bad"
    number = float(value) if isinstance(value, int | float) else None
    limit, reason = quantity.bad_from, fault if good is False else ""
    return _line(line, good=good, value=number, limit=limit, unit=quantity.unit, age_s=at.age_s(name), reason=reason)


def _spool(at: _Judging) -> ReadinessLine:
    dropped, before = at.figure("spool_dropped"), at.unit.dropped_before
    more = None
    if isinstance(dropped, int):
        more = dropped - before if before is not None else 0 if dropped == 0 else None
    good = None if more is None else more <= 0
    reason = ""
    if good is False:
        reason = "the unit drops reports, because they do not get through"
    elif more is None and dropped is not None:
        reason = f"{dropped} were dropped at some time, and there is no earlier report to compare with"
    value = None if more is None else float(more)
    return _line(
        "spool", good=good, value=value, limit=0, unit="reports", age_s=at.age_s("spool_dropped"), reason=reason
    )


def _key(at: _Judging) -> ReadinessLine:
    kind = at.unit.key_protection
    reason = "the key lies in a file (soft): who takes the unit has it" if kind == "soft" else ""
    return _line("key", good=True, value=kind, limit=None, reason=reason)


def _certificate(at: _Judging) -> ReadinessLine:
    ends_at, limit = at.unit.certificate_ends_at, at.limits.min_certificate_days
    days = None if ends_at is None else (ends_at - at.now).total_seconds() / 86_400
    good = days is not None and days >= limit
    reason = "" if good else "it has no certificate" if days is None else "its certificate ends too soon to rely on it"
    value = None if days is None else round(days, 2)
    return _line("certificate", good=good, value=value, limit=limit, unit="days", reason=reason)


def _standing(at: _Judging) -> ReadinessLine:
    state = at.unit.state
    reason = "" if state == "active" else f"the unit is {state}"
    return _line("standing", good=state == "active", value=state, limit="active", reason=reason)


def _access_record(at: _Judging) -> ReadinessLine:
    in_step = at.unit.access_in_step
    value = None if in_step is None else "in step" if in_step else "not in step"
    reason = ""
    if in_step is False:
        reason = "the unit's record of what was opened is not what the controller has: wait for it, or ask why"
    return _line("access-record", good=in_step, value=value, limit="in step", age_s=at.age_s(), reason=reason)


def _check(at: _Judging) -> ReadinessLine:
    """The latest check counts for `max_check_age_h`. Where none does: a fault if a mandate allowed one, else told."""
    limit = at.limits.max_check_age_h
    if not {"video", "audio"} & set(at.unit.modalities):
        return _line("check", good=None, value=None, limit=limit, unit="h", reason="it has neither video nor audio")
    checked_at = at.unit.checked_at
    age_s = None if checked_at is None else max(0, int((at.now - checked_at).total_seconds()))
    if age_s is not None and age_s <= limit * 3600:
        good = at.unit.check_passed is True
        reason = "" if good else "the latest check was not passed: look at what it measured"
        return _line(
            "check", good=good, value=round(age_s / 3600, 2), limit=limit, unit="h", age_s=age_s, reason=reason
        )
    good_without = False if at.unit.check_allowed else None
    reason = "no check was passed, and a mandate allowed one" if at.unit.check_allowed else "no mandate allowed a check"
    return _line("check", good=good_without, value=None, limit=limit, unit="h", age_s=age_s, reason=reason)
