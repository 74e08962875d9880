"""One circuit for kit in a vehicle: source, fuse, a run out and back, and a sense wire where it is needed. Pure."""

from typing import NamedTuple

import msgspec

from fleet.wiring.rules.advising import sized
from fleet.wiring.rules.sizing import drop_limit_v
from fleet.wiring.rules.tables import sizes
from protocols.wiring.parts import Cavity, Connector, Fuse, Ground, Load, LoadTerminal, Source
from protocols.wiring.plan import Conductor, Plan
from protocols.wiring.policy import WiringPolicy

KIT = "kit"
_SOURCE, _SENSED, _GROUND = "B1", "K15", "G1"
_STUD_RUN_M = 0.5
"""From kit to a stud at the chassis close to it."""
_TO_FUSE_M = 0.2
_TO_SENSE_FUSE_M = 0.1
_SENSE_FUSE_A = 1.0
_POSITIVE, _RETURN, _IGNITION = "RD", "BN", "BK"
_ROUTE = "run"
_LARGEST_MM2 = sizes("thin-wall", "iec-60228")[-1]
"""What a conductor has where no size passes, so that the rules can say by how much."""


class Circuit(NamedTuple):
    """Kit that draws `load_a` from `source` through a fuse of `fuse_a`, with `run_m` metres between them. `to_chassis`:
    it returns to a stud beside it, else beside its supply. `base` is a plan of the vehicle, and of kit like this."""

    base: Plan
    source: Source
    load_a: float
    run_m: float
    fuse_a: float
    to_chassis: bool
    hot_c: float

    def planned(self, policy: WiringPolicy) -> Plan:
        """The plan, with the smallest conductors that pass; the largest there are where none does."""
        sense = ignition_circuit(self.base) if self.source.terminal != "15" else None
        plan = Plan(
            muster_wiring=1,
            name=f"{self.base.name[:20]}-kit",
            title=f"Kit of {self.load_a:g} A, {self.run_m:g} m from terminal {self.source.terminal}",
            hot_c=self.hot_c,
            vehicle=self.base.vehicle,
            sources={_SOURCE: self.source},
            grounds={_GROUND: Ground(place="bare metal close to the kit" if self.to_chassis else "negative post")},
            fuses={"F1": Fuse(rating_a=self.fuse_a, place=f"close to {_SOURCE}")},
            connectors={
                "R1": _ring(_SOURCE),
                "R2": _ring(_GROUND),
                "X1": Connector(
                    kind="device",
                    cavities={
                        "1": Cavity(joins=f"{KIT}.+", label=self.source.terminal),
                        "2": Cavity(joins=f"{KIT}.-", label="31"),
                    },
                ),
            },
            loads={KIT: self._kit(policy)},
            conductors=self._conductors(policy),
        )
        return sized(plan if sense is None else _sensing(plan, sense, self.run_m), policy)

    def _kit(self, policy: WiringPolicy) -> Load:
        """Kit like the hungriest in the base plan, which suits the vehicle's voltages."""
        like = max(self.base.loads.values(), key=lambda one: one.running_a or 0.0, default=Load())
        return Load(
            description=f"Kit of {self.load_a:g} A",
            peak_a=self.load_a,
            running_a=self.load_a,
            quiescent_ma=like.quiescent_ma,
            min_v=like.min_v,
            max_v=like.max_v,
            transient_max_v=like.transient_max_v,
            rides_cranking=like.rides_cranking and self._rides(like, policy),
            cutoff=like.cutoff,
        )

    def _rides(self, like: Load, policy: WiringPolicy) -> bool:
        """Whether the battery's dip leaves enough for kit, whatever is lost on the way; else it restarts."""
        vehicle = self.base.vehicle
        battery = None if vehicle is None else vehicle.batteries.get(self.source.battery or "")
        if vehicle is None or battery is None or battery.crank_min_v is None or like.min_v is None:
            return True
        return battery.crank_min_v - drop_limit_v(vehicle.system_v, policy) >= like.min_v

    def _conductors(self, policy: WiringPolicy) -> dict[str, Conductor]:
        colour = _POSITIVE if self.source.terminal != "15" else self.source.colour or _IGNITION
        to_fuse_m = min(_TO_FUSE_M, policy.fuse_distance_max_mm / 1000)
        back_m = min(_STUD_RUN_M, self.run_m) if self.to_chassis else self.run_m + to_fuse_m
        return {
            "W1": Conductor(start="R1.1", end="F1.in", csa_mm2=_LARGEST_MM2, length_m=to_fuse_m, colour=colour),
            "W2": Conductor(
                start="F1.out", end="X1.1", csa_mm2=_LARGEST_MM2, length_m=self.run_m, colour=colour, route=_ROUTE
            ),
            "W3": Conductor(
                start="X1.2",
                end="R2.1",
                csa_mm2=_LARGEST_MM2,
                length_m=round(back_m, 3),
                colour=_RETURN,
                route="" if self.to_chassis else _ROUTE,
            ),
        }


def ignition_circuit(plan: Plan) -> Source | None:
    """A circuit of a plan's vehicle that is live with the ignition and may be tapped; None where it says none."""
    found = (one for one in plan.sources.values() if one.terminal == "15" and one.circuit == "general")
    return next(found, None)


def _ring(joined: str) -> Connector:
    return Connector(kind="terminal", part="ring terminal", cavities={"1": Cavity(joins=joined)})


def _sensing(plan: Plan, sense: Source, run_m: float) -> Plan:
    """The plan with a wire from the ignition, by which kit that the battery feeds knows that the engine runs."""
    kit, plug = plan.loads[KIT], plan.connectors["X1"]
    terminals = {**kit.terminals, "15": LoadTerminal(role="ignition-sense")}
    wired = {
        "W4": Conductor(start=_SENSED, end="F2.in", length_m=_TO_SENSE_FUSE_M),
        "W5": Conductor(start="F2.out", end="X1.3", length_m=run_m, route=_ROUTE),
    }
    colour = sense.colour or _IGNITION
    return msgspec.structs.replace(
        plan,
        sources={**plan.sources, _SENSED: sense},
        fuses={**plan.fuses, "F2": Fuse(rating_a=_SENSE_FUSE_A, place=f"close to {_SENSED}")},
        connectors={
            **plan.connectors,
            "X1": msgspec.structs.replace(plug, cavities={**plug.cavities, "3": Cavity(joins=f"{KIT}.15", label="15")}),
        },
        loads={KIT: msgspec.structs.replace(kit, ignition_sense="terminal-15", terminals=terminals)},
        conductors={
            **plan.conductors,
            **{name: msgspec.structs.replace(one, csa_mm2=_LARGEST_MM2, colour=colour) for name, one in wired.items()},
        },
    )
