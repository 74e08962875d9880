"""A second telling of what a plan's loads get: nodal analysis, which knows nothing of trees and ways.

Every point is a node; fuses and contacts make two points one node. Sources hold their nodes at the system's voltage,
grounds theirs at 0; a load takes its current out at its supply and puts it back at its return. What is left is a
system of linear equations: at each free node, conductances times voltages are the currents put in.
"""

import numpy as np

from protocols.wiring.plan import Plan

OHM_PER_KM = {0.5: 39.0, 0.75: 26.0, 1: 19.5, 1.5: 13.3, 2.5: 7.98, 4: 4.95, 6: 3.3, 10: 1.91, 16: 1.21}
"""IEC 60228 class 5 at 20 °C, by cross-section in mm²."""


def node_voltages(plan: Plan, source_v: float, temperature_c: float = 20.0) -> dict[str, float]:
    """The voltage of every point, volts, with the peak current of every load. Every conductor has a size of the table
    and a length above 0; every point is joined to a source or a ground."""
    node = _nodes(plan)
    held = {node[name]: source_v for name in plan.sources} | {node[name]: 0.0 for name in plan.grounds}
    free = {one: at for at, one in enumerate(sorted({*node.values()} - held.keys()))}
    conductance = np.zeros((len(free), len(free)))
    put_in = np.zeros(len(free))
    for conductor in plan.conductors.values():
        siemens = 1 / _ohm(conductor.csa_mm2 or 0, conductor.length_m or 0, temperature_c)
        ends = node[conductor.start], node[conductor.end]
        for here, there in (ends, ends[::-1]):
            if here in held:
                continue
            conductance[free[here], free[here]] += siemens
            if there in held:
                put_in[free[here]] += siemens * held[there]
            else:
                conductance[free[here], free[there]] -= siemens
    for name, load in plan.loads.items():
        for pin, terminal in load.terminals.items():
            sign = {"supply": -1.0, "return": 1.0}.get(terminal.role, 0.0)
            if node[f"{name}.{pin}"] not in held:
                put_in[free[node[f"{name}.{pin}"]]] += sign * (load.peak_a or 0.0)
    solved = np.linalg.solve(conductance, put_in)
    return {point: float(held[one] if one in held else solved[free[one]]) for point, one in node.items()}


def _ohm(csa_mm2: float, length_m: float, temperature_c: float) -> float:
    return OHM_PER_KM[csa_mm2] * length_m * (1 + 0.00393 * (temperature_c - 20)) / 1000


def _nodes(plan: Plan) -> dict[str, str]:
    """Of each point the point that stands for its node."""
    stands: dict[str, str] = {}

    def standing(point: str) -> str:
        while stands.setdefault(point, point) != point:
            point = stands[point]
        return point

    for name in (*plan.sources, *plan.grounds):
        standing(name)
    for conductor in plan.conductors.values():
        standing(conductor.start)
        standing(conductor.end)
    for name in plan.fuses:
        stands[standing(f"{name}.in")] = standing(f"{name}.out")
    for name, connector in plan.connectors.items():
        for pin, cavity in connector.cavities.items():
            if cavity.joins is not None:
                stands[standing(f"{name}.{pin}")] = standing(cavity.joins)
            if connector.mates is not None:
                stands[standing(f"{name}.{pin}")] = standing(f"{connector.mates}.{pin}")
    return {point: standing(point) for point in list(stands)}
