"""What is said of an advised size, and of what else would help where there is none. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.rule import at_most
from fleet.wiring.rules.size_limits import WayLimit
from fleet.wiring.rules.size_search import Sizes, SizeSearch
from protocols.wiring.advice import ConductorAdvice
from protocols.wiring.findings import RuleId

_BATTERY_TERMINALS = ("30", "30a")


def conductor_advice(search: SizeSearch, sizes: Sizes, name: str) -> ConductorAdvice:
    """What is advised for a conductor of which `sizes` were found."""
    csa_mm2 = search.limits.conductors[name].csa_mm2
    if name in sizes.unsizable:
        return _without(csa_mm2, name, *_unsizable(search, name))
    if name not in sizes.chosen:
        way = next(one for one in sizes.hopeless if name in one.weights)
        return _without(csa_mm2, name, way.rule, f"no size lets {_named(way.subject)} pass {way.rule}")
    chosen, rule, sentence = _chosen(search, name, sizes.chosen[name])
    return ConductorAdvice(
        conductor=name, csa_mm2=csa_mm2, advised_mm2=chosen, governed_by=rule, sentence=f"{name}: {sentence}."
    )


def remarks(search: SizeSearch, sizes: Sizes) -> list[str]:
    """What would help where no size does, a sentence for each load, fuse and conductor."""
    alone: dict[str, WayLimit] = {}
    for way in sizes.hopeless:
        if not at_most(sum(search.at_best(way).values()), way.most):
            alone.setdefault(_component(way), way)
    found = [_way_remark(search, way) for way in alone.values()]
    for name in sizes.unsizable:
        _, why = _unsizable(search, name)
        found.append(f"{name}: {why}; fit contacts for larger conductors, or share the load between two circuits.")
    shared = sorted({_component(way) for way in sizes.hopeless} - alone.keys())
    if shared:
        found.append(f"{', '.join(shared)}: sizes depend on conductors shared with the above; settle those first.")
    return found


def _without(csa_mm2: float | None, name: str, rule: RuleId | None, why: str) -> ConductorAdvice:
    return ConductorAdvice(
        conductor=name, csa_mm2=csa_mm2, advised_mm2=None, governed_by=rule, sentence=f"{name}: {why}; see the remarks."
    )


def _chosen(search: SizeSearch, name: str, size: float) -> tuple[float, RuleId | None, str]:
    """The size that is advised, the rule that the next smaller one breaks, and a sentence."""
    conductor, offered = search.limits.conductors[name], search.limits.offered(name)
    smaller = [one for one in offered if one < size]
    planned = conductor.csa_mm2
    if planned is not None and planned < size and not smaller and not search.asked_of(name, planned):
        return planned, None, f"{planned:g} mm² will do; no rule asks for more"
    broken = search.broken_by(name, smaller[-1]) if smaller else []
    if broken:
        rule, subject = broken[0]
        return size, rule, f"{size:g} mm²; {smaller[-1]:g} mm² would fail {rule} of {_named(subject)}"
    if smaller:
        return size, None, f"{size:g} mm² as it is planned; without its length no smaller size can be judged"
    return size, None, f"{size:g} mm², the smallest of its tables"


def _unsizable(search: SizeSearch, name: str) -> tuple[RuleId | None, str]:
    """The rule that stands in the way of the largest size that fits, and a sentence."""
    limits = search.limits
    broken = {size: limits.broken_alone(name, size) for size in limits.offered(name)}
    fitting = [size for size, rules in broken.items() if "cavity-size" not in rules]
    if not fitting:
        return "cavity-size", "its cavities take no size that is in the tables"
    rules = [one for one in broken[fitting[-1]] if one != "cavity-size"]
    if not rules:
        return None, "its length is not said, and its size is in no table"
    needed_a = max(one.needed_a for one in limits.floors[name])
    return rules[0], f"{fitting[-1]:g} mm² is the largest that fits, and does not carry {needed_a:.4g} A ({rules[0]})"


def _way_remark(search: SizeSearch, way: WayLimit) -> str:
    lost = search.at_best(way)
    least, most, name = sum(lost.values()), way.most, _named(way.subject)
    if way.rule == "short-blows-fuse":
        said = f"{name}: no sizes let a short blow it; the largest leave {least:.3g} Ω where {most:.3g} Ω is allowed"
    else:
        said = f"{name}: no sizes let it pass {way.rule}; the largest lose {least:.3g} V where {most:.3g} V is allowed"
    return f"{said}. What would help: {'; '.join(_helps(search, way, lost))}."


def _helps(search: SizeSearch, way: WayLimit, lost: dict[str, float]) -> Iterator[str]:
    conductors, plan = search.limits.conductors, search.limits.case.plan
    network = search.limits.case.network
    total_v = sum(lost.values())
    length_m = sum(conductors[name].length_m or 0.0 for name in lost)
    yield f"a way of at most {length_m * way.most / total_v:.3g} m out and back instead of {length_m:.3g} m"
    returns = {name for name in lost if network.outer_end(name) is None}
    back_v = sum(lost[name] for name in returns)
    if back_v and at_most(total_v - back_v, way.most):
        yield "a return to the chassis close to the load"
    if way.rule != "short-blows-fuse":
        yield "a feed of higher voltage with a converter at the load"
    flows = [flow for name in lost for flow in network.flows_through("conductor", name)]
    terminals = {plan.sources[flow.feed.origin].terminal for flow in flows if flow.feed is not None}
    if any(one not in _BATTERY_TERMINALS for one in terminals):
        yield "a relay that the ignition only switches, so that the battery feeds the load by a way of its own"


def _component(way: WayLimit) -> str:
    return way.subject.split(".")[1]


def _named(subject: str) -> str:
    return subject.partition(".")[2]
