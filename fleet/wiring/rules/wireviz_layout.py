"""A plan turned so that a drawing from left to right shows it well. Pure."""

from msgspec.structs import replace

from fleet.wiring.rules.network import Network
from protocols.wiring.plan import Conductor, Plan


def outwards(plan: Plan) -> Plan:
    """A consistent plan with every conductor from where it is nearer to a source or ground to where it is farther:
    sources and grounds stand left, loads right."""
    network = Network(plan)
    turned = {
        name: replace(conductor, start=conductor.end, end=conductor.start)
        if _is_inwards(network, conductor)
        else conductor
        for name, conductor in plan.conductors.items()
    }
    return replace(plan, conductors=turned)


def _is_inwards(network: Network, conductor: Conductor) -> bool:
    start, end = _distance(network, conductor.start), _distance(network, conductor.end)
    return start is not None and end is not None and start > end


def _distance(network: Network, point: str) -> int | None:
    way = network.feed(point) or network.back(point)
    return None if way is None else len(way.steps)
