"""Whether a unit is ready: every line good, bad, unknown, and at its limit."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from fleet.deployments.rules.facts import UnitFacts
from fleet.deployments.rules.readiness import MANDATORY, UnitLimits, faults, judge_unit, passed
from protocols.api.deployments import ReadinessLine
from protocols.health import HealthReport
from tests.unit.fleet.deployments.facts_made import DAY, NOW, H

S = timedelta(seconds=1)

REPORT = HealthReport(
    seq=9,
    sampled_at_ms=0,
    soc_temp_c=51.5,
    supply_mv=5080,
    undervolted=False,
    storage_used_percent=40.0,
    storage_read_only=False,
    clock_synchronised=True,
    clock_offset_ms=3.0,
    link_kind="lte",
    rsrp_dbm=-90.0,
    spool_dropped=4,
)
UNIT = UnitFacts(
    unit="unit-one",
    item="K-0001",
    label="van 1",
    state="active",
    key_protection="tpm",
    presence="online",
    modalities=["video", "position"],
    received_at=NOW - 10 * S,
    sampled_at=NOW - 12 * S,
    report=REPORT,
    dropped_before=4,
    certificate_ends_at=NOW + 20 * DAY,
    access_in_step=True,
    checked_at=NOW - H,
    check_passed=True,
    check_allowed=True,
)


def lines(**changes: Any) -> dict[str, ReadinessLine]:
    figures = {name: value for name, value in changes.items() if name in HealthReport.__struct_fields__}
    others = {name: value for name, value in changes.items() if name not in figures}
    unit = replace(UNIT, **{"report": replace(REPORT, **figures), **others})
    return {one.name: one for one in judge_unit(unit, NOW)}


def test_a_unit_of_which_all_is_good_is_ready_and_every_line_says_how_it_knows() -> None:
    found = lines()
    assert passed(list(found.values()))
    assert {one.result for one in found.values()} == {"pass"}
    assert found["supply"].value == 5080
    assert found["supply"].limit == 4750
    assert found["supply"].age_s == 12
    assert set(found) >= MANDATORY


@pytest.mark.parametrize(
    ("name", "changes", "result"),
    [
        ("online", {"presence": "stale"}, "fail"),
        ("report", {"received_at": NOW - 120 * S, "sampled_at": NOW - 120 * S}, "pass"),
        ("report", {"received_at": NOW - 121 * S, "sampled_at": NOW - 121 * S}, "fail"),
        ("report", {"sampled_at": NOW - 121 * S}, "fail"),
        ("report", {"report": None, "received_at": None, "sampled_at": None}, "not-measured"),
        ("supply", {"supply_mv": 4750}, "pass"),
        ("supply", {"supply_mv": 4749}, "fail"),
        ("supply", {"undervolted": True}, "fail"),
        ("supply", {"supply_mv": None}, "pass"),
        ("supply", {"supply_mv": None, "undervolted": None}, "not-measured"),
        ("storage", {"storage_used_percent": 89.9}, "pass"),
        ("storage", {"storage_used_percent": 90.0}, "fail"),
        ("storage", {"storage_used_percent": None}, "not-measured"),
        ("writable", {"storage_read_only": True}, "fail"),
        ("writable", {"storage_read_only": None}, "not-measured"),
        ("clock", {"clock_offset_ms": -100.0}, "pass"),
        ("clock", {"clock_offset_ms": -100.1}, "fail"),
        ("clock", {"clock_synchronised": False}, "fail"),
        ("clock", {"clock_offset_ms": None}, "not-measured"),
        ("temperature", {"soc_temp_c": 79.9}, "pass"),
        ("temperature", {"soc_temp_c": 80.0}, "fail"),
        ("temperature", {"soc_temp_c": None}, "not-measured"),
        ("signal", {"rsrp_dbm": -114.9}, "pass"),
        ("signal", {"rsrp_dbm": -115.0}, "fail"),
        ("signal", {"rsrp_dbm": None}, "not-measured"),
        ("signal", {"link_kind": "ethernet", "rsrp_dbm": None}, "pass"),
        ("signal", {"link_kind": "wifi", "wifi_signal_dbm": -79.0}, "pass"),
        ("signal", {"link_kind": "wifi", "wifi_signal_dbm": -80.0}, "fail"),
        ("spool", {"spool_dropped": 5}, "fail"),
        ("spool", {"spool_dropped": 0, "dropped_before": None}, "pass"),
        ("spool", {"dropped_before": None}, "not-measured"),
        ("key", {"key_protection": "soft"}, "pass"),
        ("certificate", {"certificate_ends_at": NOW + 3 * DAY}, "pass"),
        ("certificate", {"certificate_ends_at": NOW + 3 * DAY - S}, "fail"),
        ("certificate", {"certificate_ends_at": None}, "fail"),
        ("standing", {"state": "quarantined"}, "fail"),
        ("access-record", {"access_in_step": False}, "fail"),
        ("access-record", {"access_in_step": None}, "not-measured"),
        ("check", {"checked_at": NOW - 24 * H}, "pass"),
        ("check", {"checked_at": NOW - 24 * H - S}, "fail"),
        ("check", {"checked_at": NOW - 24 * H - S, "check_allowed": False}, "not-measured"),
        ("check", {"check_passed": False}, "fail"),
        ("check", {"checked_at": None}, "fail"),
        ("check", {"checked_at": None, "modalities": ["position"]}, "not-measured"),
    ],
)
def test_each_line(name: str, changes: dict[str, Any], result: str) -> None:
    found = lines(**changes)
    assert found[name].result == result
    if result != "pass":
        assert found[name].reason
    ready = result == "pass" or (result == "not-measured" and name not in MANDATORY)
    assert passed(list(found.values())) == ready
    assert (name in [one.name for one in faults(list(found.values()))]) == (not ready)


def test_a_soft_key_and_a_supply_without_a_figure_are_said() -> None:
    assert "soft" in lines(key_protection="soft")["key"].reason
    assert lines(supply_mv=None)["supply"].reason
    assert "no mandate" in lines(checked_at=None, check_allowed=False)["check"].reason


def test_a_figure_that_was_kept_is_as_old_as_it_is_and_none_when_it_is_too_old() -> None:
    at_limit = lines(ages_s={"storage_used_percent": 600})["storage"]
    assert (at_limit.result, at_limit.age_s) == ("pass", 612)
    assert lines(ages_s={"storage_used_percent": 601})["storage"].result == "not-measured"


def test_a_house_sets_its_own_limits() -> None:
    found = {one.name: one for one in judge_unit(UNIT, NOW, UnitLimits(min_supply_mv=11_000))}
    assert found["supply"].result == "fail"
    assert found["supply"].limit == 11_000
