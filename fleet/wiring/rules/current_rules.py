"""What conductors and splices carry. Pure."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from fleet.wiring.rules.electric import Known, ampacity_a
from fleet.wiring.rules.network import Flow, Network
from fleet.wiring.rules.rule import Case, Found, at_most, missing, rule, unjudged


@rule("return-conductor", "safety", "rating_a ≤ derating · ampacity_a")
def return_conductor(case: Case) -> Iterator[Found]:
    """Of each conductor that loads return by: it has to carry all that the fuses before those loads let pass."""
    for name in case.plan.conductors:
        if not case.network.is_fed(case.network.conductor(name).start):
            flows = case.network.flows_through("conductor", name)
            fuses = [found for flow in flows if flow.feed is not None and (found := flow.feed.names("fuse"))]
            if fuses:
                yield _returned(case, name, fuses)


def _returned(case: Case, name: str, fuses: list[list[str]]) -> Found:
    subject = f"conductors.{name}"
    names = list(dict.fromkeys(one[-1] for one in fuses))
    behind = f"{' and '.join(names)} {'lets' if len(names) == 1 else 'let'}"
    rating = let_through_a(case.network, fuses)
    carries = ampacity_a(name, case.network.conductor(name))
    if not isinstance(carries, Known):
        return unjudged(subject, f"whether {name} carries what {behind} pass", carries)
    limit = case.policy.derating * carries.value
    figures = {
        "rating_a": rating,
        "derating": case.policy.derating,
        "ampacity_a": carries.value,
        "limit_a": limit,
    }
    if at_most(rating, limit):
        said = f"{name} may carry back the {rating:.4g} A that {behind} pass"
        return Found("pass", subject, said, "", figures, carries.unverified)
    return Found(
        "fail",
        subject,
        f"{name} may carry back {limit:.4g} A, and {behind} {rating:.4g} A pass",
        f"fit a larger {name}, or fuses that let at most {limit:.4g} A pass",
        figures,
        carries.unverified,
    )


def let_through_a(network: Network, fuses: Iterable[list[str]]) -> float:
    """The most that flows together by ways through `fuses` before one blows, amperes; each way names its fuses from the
    source outwards, one at least."""
    together = 0.0
    for first, ways in groupby(sorted(fuses), key=itemgetter(0)):
        beyond = [way[1:] for way in ways]
        rating = network.plan.fuses[first].rating_a
        together += min(rating, let_through_a(network, beyond)) if all(beyond) else rating
    return together


@rule("conductor-load", "safety", "load_a ≤ derating · ampacity_a")
def conductor_load(case: Case) -> Iterator[Found]:
    """Of each conductor before any fuse, what it feeds for hours."""
    for name in case.plan.conductors:
        end = case.network.outer_end(name)
        flows = case.network.flows_through("conductor", name)
        if end is not None and flows and case.network.fuse_before(end) is None:
            yield _loaded(case, name, flows)


def _loaded(case: Case, name: str, flows: list[Flow]) -> Found:
    subject = f"conductors.{name}"
    about = f"whether {name} carries its load"
    carries = ampacity_a(name, case.network.conductor(name))
    load_a = case.network.current_a("conductor", name, "running")
    if load_a is None:
        needs = [] if isinstance(carries, Known) else list(carries.needs)
        return missing(subject, about, needs + _silent(flows))
    if not isinstance(carries, Known):
        return unjudged(subject, about, carries)
    limit = case.policy.derating * carries.value
    figures = {
        "load_a": load_a,
        "derating": case.policy.derating,
        "ampacity_a": carries.value,
        "limit_a": limit,
    }
    said = f"{name} feeds {load_a:.4g} A for hours and may carry {limit:.4g} A"
    if at_most(load_a, limit):
        return Found("pass", subject, said, "", figures, carries.unverified)
    return Found("fail", subject, said, f"fit a larger {name}, or feed less by it", figures, carries.unverified)


@rule(
    "splice-total", "safety", "total_a ≤ limit_a, total_a = Σ branch_a; limit_a is of the splice or of the fuse before"
)
def splice_total(case: Case) -> Iterator[Found]:
    """Of each splice that has a rating or a fuse before it, what its branches carry for hours."""
    for name, splice in case.plan.splices.items():
        flows = case.network.flows_at(name)
        fuse = case.network.fuse_before(name)
        limits = {
            **({} if splice.rating_a is None else {"splice_rating_a": splice.rating_a}),
            **({} if fuse is None else {"fuse_rating_a": case.plan.fuses[fuse].rating_a}),
        }
        if flows and limits:
            yield _spliced(case, name, flows, limits)


def _spliced(case: Case, name: str, flows: list[Flow], limits: dict[str, float]) -> Found:
    subject = f"splices.{name}"
    silent = _silent(flows)
    if silent:
        return missing(subject, f"what {name} carries", silent)
    branches = branches_a(case.network, name)
    carried, limit = sum(branches.values()), min(limits.values())
    figures = {**{f"branch_{one}_a": amps for one, amps in branches.items()}, "total_a": carried, **limits}
    figures["limit_a"] = limit
    sums = " + ".join(f"{amps:.4g}" for amps in branches.values())
    said = f"{name} carries {sums} = {carried:.4g} A for hours" if len(branches) > 1 else f"{name} carries {sums} A"
    if at_most(carried, limit):
        return Found("pass", subject, said, "", figures)
    return Found("fail", subject, f"{said}; {limit:.4g} A is the most", "move a branch to another splice", figures)


def branches_a(network: Network, point: str) -> dict[str, float]:
    """What each branch at a point carries for hours, amperes, by the name of its link: outwards where a source feeds
    the point, else those that return to it. A branch whose loads do not all say what they draw counts as nothing."""
    links = network.onward(point)
    if not network.is_fed(point):
        back = network.back(point)
        trunk = back.steps[0].link if back is not None and back.steps else None
        links = [link for link in network.at.get(point, ()) if link != trunk]
    return {
        link.name: network.current_a(link.kind, link.name, "running") or 0.0
        for link in links
        if network.flows_through(link.kind, link.name)
    }


def _silent(flows: Iterable[Flow]) -> list[str]:
    """What loads do not say of what they draw for hours."""
    return list(dict.fromkeys(f"loads.{flow.name}.running_a" for flow in flows if flow.load.running_a is None))


RULES = (return_conductor, conductor_load, splice_total)
