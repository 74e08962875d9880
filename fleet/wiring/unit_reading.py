"""What the unit of a deployment tells of its own supply, and of the battery behind it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from fleet.deployments.rules.readiness import UnitLimits
from fleet.errors import Conflict
from fleet.store.readiness import FoundUnit
from fleet.store.store import Transaction
from fleet.store.wiring import StoredGiven
from protocols.health import HealthReport

_LIMITS = UnitLimits()


class Voltage(NamedTuple):
    """A voltage, and when it was measured."""

    volts: float
    measured_at: datetime


class UnitReading(NamedTuple):
    """The supply of a unit by its latest report, and its battery's voltage where it measures one and has done so
    lately."""

    unit: str
    supply: Voltage
    battery: Voltage | None = None


async def reading_of(transaction: Transaction, given: StoredGiven, now: datetime) -> UnitReading:
    """What the unit of a harness's item says of its supply; raises Conflict where it is no unit of the deployment, or
    has not reported it lately."""
    if given.item is None:
        raise Conflict(
            "no-item",
            f"{given.harness_id} was given for no item",
            "give it for the unit that it feeds, or enter values",
        )
    item = await transaction.kit.one(given.item)
    if item is None or item.unit_id is None:
        raise Conflict("no-unit", f"{given.item} is no unit that has joined", "enter values by hand")
    if item.deployment_id != given.deployment_id:
        raise Conflict(
            "unit-elsewhere",
            f"{given.item} is not out for {given.deployment_id}",
            "scan it out, or enter values by hand",
        )
    [unit] = await transaction.readiness.units([item.unit_id], now)
    return _reading(unit, now)


def _reading(unit: FoundUnit, now: datetime) -> UnitReading:
    if unit.state != "active":
        raise Conflict("unit-not-active", f"{unit.unit_id} is {unit.state}", "enter values by hand")
    times = [one for one in (unit.received_at, unit.sampled_at) if one is not None]
    if unit.report is None or not times:
        raise Conflict("no-report", f"{unit.unit_id} has not reported yet", "ask it for a report: fleet unit report")
    age = max(timedelta(), now - min(times))
    if age > timedelta(seconds=_LIMITS.max_report_age_s):
        raise Conflict(
            "report-old",
            f"the last report of {unit.unit_id} is {age.total_seconds():.0f} s old, and not at most "
            f"{_LIMITS.max_report_age_s} s",
            "ask it for a report: fleet unit report",
        )
    supply = _voltage(unit.report, unit.report.supply_mv, "supply_mv", now - age)
    if supply is None:
        raise Conflict(
            "no-supply-figure",
            f"{unit.unit_id} has not measured its supply lately",
            "see to its sensor, or enter values by hand",
        )
    battery = _voltage(unit.report, unit.report.battery_mv, "battery_mv", now - age)
    return UnitReading(unit.unit_id, supply, battery)


def _voltage(report: HealthReport, millivolts: int | None, name: str, reported_at: datetime) -> Voltage | None:
    kept_s = report.ages_s.get(name, 0)
    if millivolts is None or kept_s > _LIMITS.max_figure_age_s:
        return None
    return Voltage(millivolts / 1000, (reported_at - timedelta(seconds=kept_s)).replace(microsecond=0))
