"""The smallest fuses that carry their loads. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fleet.wiring.rules.network import Network
from fleet.wiring.rules.rule import at_least, at_most
from fleet.wiring.rules.sizing import fuse_needed_a
from fleet.wiring.rules.tables import next_fuse
from protocols.wiring.advice import FuseAdvice
from protocols.wiring.parts import Fuse
from protocols.wiring.plan import Plan


class WantedFuse(NamedTuple):
    """A fuse and the rating that is wanted for it, None where there is none or nothing asks for another; `sentence`
    says why."""

    name: str
    fuse: Fuse
    wanted_a: float | None
    sentence: str

    @property
    def is_raised(self) -> bool:
        """Whether a larger fuse than the planned one is wanted."""
        return self.wanted_a is not None and self.wanted_a > self.fuse.rating_a

    def refused(self) -> "WantedFuse":
        """The same where a conductor behind it can not be made to stand what is wanted."""
        said = f"{self.sentence}, but the conductors behind it have to be settled first; see the remarks"
        return self._replace(wanted_a=None, sentence=said)

    def advice(self) -> FuseAdvice:
        """What is advised."""
        return FuseAdvice(
            fuse=self.name, rating_a=self.fuse.rating_a, advised_a=self.wanted_a, sentence=f"{self.sentence}."
        )


def wanted_fuse(network: Network, name: str) -> WantedFuse:
    """The smallest fuse that carries what a fuse feeds: for hours at three quarters of its rating, and at its peak."""
    fuse = network.plan.fuses[name]
    flows = network.flows_through("fuse", name)
    if not flows:
        return WantedFuse(name, fuse, fuse.rating_a, f"{name} feeds nothing but signals, and may stay {_amps(fuse)}")
    running_a = network.current_a("fuse", name, "running")
    peak_a = network.current_a("fuse", name, "peak")
    if running_a is None:
        silent = ", ".join(flow.name for flow in flows if flow.load.running_a is None)
        return WantedFuse(name, fuse, None, f"{name} can not be chosen before it is said what {silent} draws for hours")
    for_hours_a = fuse_needed_a(running_a)
    needed_a = max(for_hours_a, peak_a or 0.0)
    if at_most(needed_a, for_hours_a):
        why = f"{name} feeds {running_a:.4g} A for hours, which takes {for_hours_a:.4g} A"
    else:
        why = f"{name} feeds {peak_a:.4g} A at most"
    return _fitting(name, fuse, needed_a, why)


def refused(wanted: Mapping[str, WantedFuse], names: set[str]) -> dict[str, WantedFuse]:
    """What is wanted when nothing is wanted of `names`."""
    return {name: one.refused() if name in names else one for name, one in wanted.items()}


def with_fuses(plan: Plan, wanted: Mapping[str, WantedFuse]) -> Plan:
    """A plan with the fuses that are wanted, and the others as they are."""
    fuses = {
        name: fuse if (rating_a := wanted[name].wanted_a) is None else msgspec.structs.replace(fuse, rating_a=rating_a)
        for name, fuse in plan.fuses.items()
    }
    return msgspec.structs.replace(plan, fuses=fuses)


def _fitting(name: str, fuse: Fuse, needed_a: float, why: str) -> WantedFuse:
    if fuse.kind != "blade":
        if at_least(fuse.rating_a, needed_a):
            return WantedFuse(
                name, fuse, fuse.rating_a, f"{why}: {_amps(fuse)} carries it; other ratings are its maker's"
            )
        return WantedFuse(
            name, fuse, None, f"{why}: {_amps(fuse)} does not carry it; ask its maker for the next rating"
        )
    standard = next_fuse(needed_a)
    if standard is None:
        return WantedFuse(name, fuse, None, f"{why}: no blade fuse carries that; share the load between two circuits")
    if fuse.holder_max_a is not None and not at_most(standard, fuse.holder_max_a):
        holder = f"its holder is for at most {fuse.holder_max_a:g} A"
        return WantedFuse(name, fuse, None, f"{why}: {standard:g} A would carry it, but {holder}; fit a larger holder")
    return WantedFuse(name, fuse, standard, f"{why}: {standard:g} A is the smallest that carries it")


def _amps(fuse: Fuse) -> str:
    return f"{fuse.rating_a:g} A"
