"""Whether a dead short blows the fuse. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fleet.wiring.rules.electric import Known, Unknown, loop_ohm
from fleet.wiring.rules.network import terminal_of
from fleet.wiring.rules.rule import Case, Found, at_least, missing, rule
from protocols.wiring.parts import Fuse


class _Loop(NamedTuple):
    """The way of a short: from the source to `point`, and back."""

    point: str
    ohm: Known


@rule("short-blows-fuse", "safety", "system_v / (source_resistance_ohm + loop_ohm) ≥ short_factor · rating_a")
def short_blows_fuse(case: Case) -> Iterator[Found]:
    """Of each fuse, the short with the most resistance in it: at the terminals of the loads that it protects and back
    by their return, and at the end of every other conductor that it protects, to the chassis there."""
    for name, fuse in case.plan.fuses.items():
        loops, needs = _loops(case, name)
        if case.plan.vehicle is None:
            needs = ["vehicle", *needs]
        if case.plan.vehicle is not None and loops:
            worst = max(loops, key=lambda loop: loop.ohm.value)
            found = _blown(case, name, fuse, case.plan.vehicle.system_v, worst)
            if found.verdict == "fail" or not needs:
                yield found
                continue
        if needs and (loops or needs != ["vehicle"]):
            yield missing(f"fuses.{name}", f"whether a short blows {name}", needs)


def _loops(case: Case, fuse: str) -> tuple[list[_Loop], list[str]]:
    """The shorts that can be worked out, and what the others need."""
    loops: list[_Loop] = []
    needs: list[str] = []
    for point, conductors in shorts(case, fuse):
        match loop_ohm(case.network, conductors):
            case Known() as ohm:
                loops.append(_Loop(point, ohm))
            case Unknown(unknown):
                needs += unknown
    return loops, list(dict.fromkeys(needs))


def shorts(case: Case, fuse: str) -> Iterator[tuple[str, Iterable[str]]]:
    """The shorts that a fuse has to blow for: where each is, and the conductors of its way out and back."""
    network = case.network
    for name, load in case.plan.loads.items():
        returned = terminal_of(name, load, "return")
        back = None if returned is None else network.back(returned)
        for pin in load.terminals:
            point = f"{name}.{pin}"
            way = network.feed(point) if network.fuse_before(point) == fuse else None
            if way is not None:
                yield point, [*way.names("conductor"), *(back.names("conductor") if back is not None else ())]
    for name, _ in network.conductors_behind(fuse):
        end = network.outer_end(name)
        way = None if end is None else network.feed(end)
        if end is not None and way is not None:
            yield end, way.names("conductor")


def _blown(case: Case, name: str, fuse: Fuse, system_v: float, loop: _Loop) -> Found:
    policy = case.policy
    ohm = policy.source_resistance_ohm + loop.ohm.value
    needed = policy.short_factor * fuse.rating_a
    figures = {
        "system_v": system_v,
        "source_resistance_ohm": policy.source_resistance_ohm,
        "loop_ohm": loop.ohm.value,
        "short_factor": policy.short_factor,
        "rating_a": fuse.rating_a,
        "needed_a": needed,
    }
    subject = f"fuses.{name}"
    if ohm == 0:
        said = f"nothing holds back a short at {loop.point}, which blows {name} of {fuse.rating_a:g} A"
        return Found("pass", subject, said, "", figures, loop.ohm.unverified)
    short_a = system_v / ohm
    figures["short_a"] = short_a
    if at_least(short_a, needed):
        said = f"a short at {loop.point} of {short_a:.4g} A blows {name} of {fuse.rating_a:g} A in time"
        return Found("pass", subject, said, "", figures, loop.ohm.unverified)
    return Found(
        "fail",
        subject,
        f"a short at {loop.point} of {short_a:.4g} A does not blow {name} of {fuse.rating_a:g} A in time; "
        f"{needed:.4g} A would",
        f"fit a fuse of at most {short_a / policy.short_factor:.4g} A, or larger or shorter conductors",
        figures,
        loop.ohm.unverified,
    )


RULES = (short_blows_fuse,)
