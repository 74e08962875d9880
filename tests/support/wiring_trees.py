"""Generated plans whose currents flow in trees: splices, fuses, mated connectors, loads, shared returns."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from protocols.wiring.parts import Cavity, Connector, Fuse, Ground, Source, Splice
from protocols.wiring.plan import Conductor, Plan
from tests.support.wiring_plans import VAN, kit

SIZES_MM2 = (0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0, 16.0)

_sizes = st.sampled_from(SIZES_MM2)
_lengths_m = st.floats(0.01, 10)
_amps = st.floats(0, 8)
_ratings_a = st.sampled_from([1.0, 3.0, 5.0, 10.0, 20.0, 40.0])


@dataclass
class _Growing:
    """The parts of a plan while it grows."""

    draw: st.DrawFn
    parts: dict[str, Any] = field(
        default_factory=lambda: {
            kind: {} for kind in ("sources", "grounds", "fuses", "splices", "connectors", "loads", "conductors")
        }
    )

    def wire(self, name: str, start: str, end: str) -> None:
        """A conductor, written in either direction."""
        if self.draw(st.booleans()):
            start, end = end, start
        self.parts["conductors"][name] = Conductor(
            start=start, end=end, csa_mm2=self.draw(_sizes), length_m=self.draw(_lengths_m)
        )

    def branch(self, inner: str, outer: str, name: str, *, fused: bool) -> None:
        """From one point to another by a conductor `NAME`, with a fuse or a mated pair before it where drawn."""
        between = self.draw(st.sampled_from(["", "mated", "fused"] if fused else ["", "mated"]))
        if between == "fused":
            self.parts["fuses"][f"F-{name}"] = Fuse(rating_a=self.draw(_ratings_a))
            self.wire(f"to-{name}", inner, f"F-{name}.in")
            inner = f"F-{name}.out"
        elif between == "mated":
            cavities = {"1": Cavity(rating_a=self.draw(_ratings_a))}
            self.parts["connectors"][f"X-{name}"] = Connector(cavities=cavities)
            self.parts["connectors"][f"Y-{name}"] = Connector(cavities=cavities, mates=f"X-{name}")
            self.wire(f"to-{name}", inner, f"X-{name}.1")
            inner = f"Y-{name}.1"
        self.wire(name, inner, outer)


@st.composite
def trees(draw: st.DrawFn) -> Plan:
    """A plan of one or two sources, each with a fuse, and one or two grounds. The conductor that feeds a splice `S1`,
    or takes its return, is `W-S1`."""
    growing = _Growing(draw)
    supplies: list[str] = []
    for at in range(draw(st.integers(1, 2))):
        growing.parts["sources"][f"B{at}"] = Source(terminal="30", battery="main", circuit="battery")
        growing.parts["fuses"][f"F{at}"] = Fuse(rating_a=draw(_ratings_a))
        growing.wire(f"W-B{at}", f"B{at}", f"F{at}.in")
        supplies.append(f"F{at}.out")
    returns = [f"G{at}" for at in range(draw(st.integers(1, 2)))]
    growing.parts["grounds"] = {name: Ground() for name in returns}
    for letter, points, most in (("S", supplies, 5), ("R", returns, 3)):
        for at in range(draw(st.integers(0, most))):
            name = f"{letter}{at}"
            growing.parts["splices"][name] = Splice(rating_a=draw(st.none() | _ratings_a))
            growing.branch(draw(st.sampled_from(points)), name, f"W-{name}", fused=letter == "S")
            points.append(name)
    for at in range(draw(st.integers(1, 5))):
        name = f"L{at}"
        growing.parts["loads"][name] = kit(peak_a=draw(_amps), running_a=draw(_amps))
        growing.branch(draw(st.sampled_from(supplies)), f"{name}.+", f"W-{name}", fused=True)
        growing.branch(draw(st.sampled_from(returns)), f"{name}.-", f"V-{name}", fused=False)
    return Plan(muster_wiring=1, name="tree", vehicle=VAN, **growing.parts)
