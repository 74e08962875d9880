"""Whether the names in a plan hang together. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from protocols.wiring.plan import Plan


class Inconsistency(NamedTuple):
    """A part of a plan that does not agree with another; `path` and `remedy` as a `Fault` has them."""

    path: str
    message: str
    remedy: str


def inconsistencies(plan: Plan) -> list[Inconsistency]:
    """Everything that has to be mended before a rule can judge the plan; empty where nothing has."""
    return list(_unknown_ends(plan))


def _unknown_ends(plan: Plan) -> Iterator[Inconsistency]:
    known = {*plan.sources, *plan.grounds, *plan.splices, *plan.fuses, *plan.connectors, *plan.loads, *plan.buses}
    for name, conductor in plan.conductors.items():
        for field, point in (("from", conductor.start), ("to", conductor.end)):
            if point.partition(".")[0] not in known:
                yield Inconsistency(f"conductors.{name}.{field}", f"there is no {point}", "add it, or write another")
