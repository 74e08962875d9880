"""Values of one visit: which may be entered, and how they compare. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from fleet.errors import Conflict, RequestRefused
from fleet.mandates.rules import whole_utc
from fleet.wiring.judging import plan_of
from fleet.wiring.rules.batteries import battery_behind
from fleet.wiring.rules.fitting import compare_measured, expected, unknown_subjects
from fleet.wiring.rules.network import Network, origin_of
from fleet.wiring.unit_reading import UnitReading, Voltage
from protocols.wiring.fitted import MAX_MEASURED, Compared, Measured, MeasuredQuantity, NewFitting
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy

LEEWAY = timedelta(minutes=5)
"""By how much a clock of somebody who enters values may be ahead †."""


def check_entered(new: NewFitting, now: datetime) -> None:
    """Raise RequestRefused for values that nobody may enter, whatever the plan is."""
    if any(one.by_unit for one in new.measured):
        raise RequestRefused(
            "by-unit", "only the controller says what a unit has measured", "leave by_unit out, or ask with from_unit"
        )
    if not new.measured and not new.from_unit:
        raise RequestRefused("nothing-measured", "nothing was measured", "write at least one value")
    if new.load is not None and not new.from_unit:
        raise RequestRefused(
            "load-for-nothing", "load says which load a unit is", "ask with from_unit, or leave it out"
        )
    if any(one.measured_at is not None and one.measured_at > now + LEEWAY for one in new.measured):
        raise RequestRefused("in-the-future", "a value is entered when it was measured", "write a time that is past")


def values(
    text: str, policy: WiringPolicy, new: NewFitting, reading: UnitReading | None, now: datetime
) -> tuple[list[Measured], list[Compared]]:
    """What was measured, with the unit's own `reading`, and how it compares with the plan in `text`. Raises
    RequestRefused for what the plan does not have and what is there twice, Conflict where it does not tell which load
    the unit is."""
    plan = plan_of(text)
    measured = [_dated(one, now) for one in new.measured]
    if reading is not None:
        measured += _of_unit(plan, new.load, reading, {(one.quantity, one.subject) for one in measured})
    _check(plan, measured)
    return measured, compare_measured(plan, policy, measured)


def _dated(one: Measured, now: datetime) -> Measured:
    if one.measured_at is None:
        return one
    return msgspec.structs.replace(one, measured_at=min(whole_utc(one.measured_at, now), now))


def _of_unit(
    plan: Plan, load: str | None, reading: UnitReading, entered: set[tuple[MeasuredQuantity, str]]
) -> Iterator[Measured]:
    """What the unit says of itself: the voltage where it is connected, and that of the battery behind it, where it
    measures that, the plan tells which battery it is, and nobody has measured it by hand."""
    name = load if load is not None else _only_load(plan, reading)
    yield _by_unit("voltage-at-load-v", name, reading.supply)
    flow = next((one for one in Network(plan).flows if one.name == name), None)
    battery = None if flow is None or flow.feed is None else battery_behind(plan, origin_of(flow))
    if reading.battery is not None and battery is not None and ("battery-v", battery) not in entered:
        yield _by_unit("battery-v", battery, reading.battery)


def _only_load(plan: Plan, reading: UnitReading) -> str:
    those = [subject for quantity, subject in expected(plan) if quantity == "voltage-at-load-v"]
    if len(those) != 1:
        raise Conflict(
            "load-unsaid",
            f"the plan has {len(those)} loads, and {reading.unit} may be any of them",
            "say with load which one it is" if those else "keep a plan with the load that the unit is",
        )
    return those[0]


def _by_unit(quantity: MeasuredQuantity, subject: str, voltage: Voltage) -> Measured:
    return Measured(
        quantity=quantity, subject=subject, value=voltage.volts, by_unit=True, measured_at=voltage.measured_at
    )


def _check(plan: Plan, measured: Sequence[Measured]) -> None:
    if len(measured) > MAX_MEASURED:
        raise RequestRefused(
            "too-many-values", f"{len(measured)} values are more than {MAX_MEASURED}", "enter them as two fittings"
        )
    unknown = next(unknown_subjects(plan, measured), None)
    if unknown is not None:
        those = ", ".join(sorted({subject for quantity, subject in expected(plan) if quantity == unknown.quantity}))
        raise RequestRefused(
            "subject-unknown",
            f"{unknown.quantity} of {unknown.subject}: the plan has no such part",
            f"write one of: {those[:400]}"
            if those
            else f"the plan has nothing of which {unknown.quantity} is measured",
        )
    times = Counter((one.quantity, one.subject) for one in measured)
    twice = next((key for key, count in times.items() if count > 1), None)
    if twice is not None:
        raise RequestRefused("measured-twice", f"{twice[0]} of {twice[1]} is there twice", "leave one of the two out")
