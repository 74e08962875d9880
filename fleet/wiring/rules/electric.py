"""Resistance, drop and short-circuit current of conductors. Pure.

What can not be said because the plan does not tell is an `Unknown`, with the paths of what is missing.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from fleet.wiring.rules.network import Demand, Flow, Network
from fleet.wiring.rules.tables import ampacity, copper_factor, resistance
from protocols.wiring.plan import Conductor


class Known(NamedTuple):
    """A figure, and what it rests on that nobody has verified."""

    value: float
    unverified: tuple[str, ...] = ()


class Unknown(NamedTuple):
    """A figure that can not be worked out: the paths in the plan of what it needs."""

    needs: tuple[str, ...]


Worked = Known | Unknown

_DROPPED: WeakKeyDictionary[Network, dict[tuple[str, Demand, float], Worked]] = WeakKeyDictionary()
"""Every load behind a conductor asks for the same drop; what was worked out goes with its network."""


def total(parts: Iterable[Worked]) -> Worked:
    """The sum of figures, and unknown where one of them is; all that is missing is named."""
    value, unverified, needs = 0.0, [], []
    for part in parts:
        match part:
            case Known():
                value += part.value
                unverified += [one for one in part.unverified if one not in unverified]
            case Unknown():
                needs += [one for one in part.needs if one not in needs]
    return Unknown(tuple(needs)) if needs else Known(value, tuple(unverified))


def ampacity_a(name: str, conductor: Conductor) -> Worked:
    """What a conductor may carry before derating, amperes."""
    if conductor.csa_mm2 is None:
        return Unknown((f"conductors.{name}.csa_mm2",))
    entry = ampacity(conductor.csa_mm2, conductor.type)
    if entry is None:
        return Unknown((f"conductors.{name}.csa_mm2",))
    what = f"ampacity of {conductor.csa_mm2:g} mm² {conductor.type} ({entry.source})"
    return Known(entry.value, () if entry.is_verified else (what,))


@lru_cache(maxsize=4096)
def conductor_ohm(name: str, conductor: Conductor, temperature_c: float = 20.0) -> Worked:
    """A conductor's resistance, ohms: r₂₀ · (1 + 0.00393 · (T − 20)) · length."""
    missing = [field for field in ("csa_mm2", "length_m") if getattr(conductor, field) is None]
    entry = None if conductor.csa_mm2 is None else resistance(conductor.csa_mm2, conductor.resistance)
    if entry is None and "csa_mm2" not in missing:
        missing.append("csa_mm2")
    if entry is None or conductor.length_m is None:
        return Unknown(tuple(f"conductors.{name}.{field}" for field in missing))
    ohm = entry.value / 1000 * copper_factor(temperature_c) * conductor.length_m
    what = f"resistance of {conductor.csa_mm2:g} mm² ({entry.source})"
    return Known(ohm, () if entry.is_verified else (what,))


def flow_conductors(flow: Flow) -> list[str]:
    """The conductors of a load's way out and back."""
    return [name for way in (flow.feed, flow.back) if way is not None for name in way.names("conductor")]


def drop_v(network: Network, flow: Flow, demand: Demand, temperature_c: float = 20.0) -> Worked:
    """What is lost on a load's way out and back, volts: Σ current · resistance, each conductor with the current of all
    loads behind it."""
    return total(dropped_v(network, name, demand, temperature_c) for name in flow_conductors(flow))


def loop_ohm(network: Network, conductors: Iterable[str], temperature_c: float = 20.0) -> Worked:
    """The resistance of conductors in series, ohms."""
    return total(conductor_ohm(name, network.conductor(name), temperature_c) for name in conductors)


def dropped_v(network: Network, name: str, demand: Demand, temperature_c: float = 20.0) -> Worked:
    """What one conductor loses, volts, with the current of all loads behind it."""
    known = _DROPPED.setdefault(network, {})
    asked = (name, demand, temperature_c)
    if asked not in known:
        known[asked] = _dropped_v(network, name, demand, temperature_c)
    return known[asked]


def _dropped_v(network: Network, name: str, demand: Demand, temperature_c: float) -> Worked:
    ohm = conductor_ohm(name, network.conductor(name), temperature_c)
    field = "running_a" if demand == "running" else "peak_a"
    silent = tuple(
        f"loads.{flow.name}.{field}"
        for flow in network.flows_through("conductor", name)
        if getattr(flow.load, field) is None
    )
    if silent:
        return Unknown((*(ohm.needs if isinstance(ohm, Unknown) else ()), *silent))
    if isinstance(ohm, Unknown):
        return ohm
    current = network.current_a("conductor", name, demand) or 0.0
    return Known(current * ohm.value, ohm.unverified)
