"""Figures of a plan that contradict one another, so that one of them is wrong whichever it is. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from protocols.wiring.parts import Load
from protocols.wiring.plan import Plan, Vehicle


class Contradiction(NamedTuple):
    """Two figures that can not both be so; `path` and `remedy` as a `Fault` has them."""

    path: str
    message: str
    remedy: str


def contradictions(plan: Plan) -> Iterator[Contradiction]:
    """Each pair of figures of which a rule would take the lower for the higher: a load's currents and the voltages that
    charge. What is not said contradicts nothing."""
    for name, load in plan.loads.items():
        yield from _of_load(name, load)
    if plan.vehicle is not None:
        yield from _of_vehicle(plan.vehicle)


def _of_load(name: str, load: Load) -> Iterator[Contradiction]:
    if load.peak_a is not None and load.running_a is not None and load.peak_a < load.running_a:
        message = f"{name} draws {load.running_a:g} A for hours, and {load.peak_a:g} A at most"
        remedy = f"write the most it draws: {load.running_a:g} or more; or mend running_a"
        yield Contradiction(f"loads.{name}.peak_a", message, remedy)


def _of_vehicle(vehicle: Vehicle) -> Iterator[Contradiction]:
    alternator, path = vehicle.alternator, "vehicle.alternator.charge_max_v"
    if alternator is None:
        return
    if alternator.charge_max_v < alternator.charge_min_v:
        message = f"{alternator.charge_max_v:g} V at most is less than the {alternator.charge_min_v:g} V at least"
        yield Contradiction(path, message, "swap charge_min_v and charge_max_v, or mend one of them")
    elif alternator.charge_max_v < vehicle.system_v:
        message = f"an alternator of {alternator.charge_max_v:g} V charges no system of {vehicle.system_v} V"
        yield Contradiction(path, message, "mend charge_max_v or system_v")
