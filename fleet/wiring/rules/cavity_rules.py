"""What cavities and terminals carry, and which conductors they take. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.network import mated
from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule
from protocols.wiring.plan import Plan


class _Rated(NamedTuple):
    """A point with the most that it may carry, amperes. Of two that may carry the same, the one of lower `rank` is
    told of: the half that says what it mates with."""

    point: str
    subject: str
    rating_a: float
    rank: int = 0


@rule("cavity-rating", "safety", "load_a ≤ rating_a")
def cavity_rating(case: Case) -> Iterator[Found]:
    """Of each cavity and terminal with a rating, what goes through it for hours; of two cavities that mate, the one
    that may carry less."""
    for rated in (*_weaker_of_mated(case.plan), *_terminals(case.plan)):
        flows = case.network.flows_at(rated.point)
        if not flows:
            continue
        load_a = case.network.current_at_a(rated.point, "running")
        if load_a is None:
            needs = [f"loads.{flow.name}.running_a" for flow in flows if flow.load.running_a is None]
            yield missing(rated.subject, f"whether {rated.point} carries its load", list(dict.fromkeys(needs)))
        else:
            yield _carried(rated, load_a)


def _carried(rated: _Rated, load_a: float) -> Found:
    figures = {"load_a": load_a, "rating_a": rated.rating_a}
    said = f"{rated.point} carries {load_a:.4g} A for hours and is made for {rated.rating_a:g} A"
    if at_most(load_a, rated.rating_a):
        return Found("pass", rated.subject, said, "", figures)
    remedy = f"use a contact for at least {load_a:.4g} A, or share the load between more of them"
    return Found("fail", rated.subject, said, remedy, figures)


def _cavities(plan: Plan) -> Iterator[_Rated]:
    for name, connector in plan.connectors.items():
        for pin, cavity in connector.cavities.items():
            rating = connector.rating_a if cavity.rating_a is None else cavity.rating_a
            if rating is not None:
                rank = 0 if connector.mates is not None else 1
                yield _Rated(f"{name}.{pin}", f"connectors.{name}.cavities.{pin}", rating, rank)


def _weaker_of_mated(plan: Plan) -> Iterator[_Rated]:
    rated = {one.point: one for one in _cavities(plan)}
    other = {first: second for pair in mated(plan) for first, second in (pair, pair[::-1])}
    for one in rated.values():
        name, pin = one.point.split(".", 1)
        against = rated.get(f"{other.get(name)}.{pin}")
        if against is None or _weakness(one) < _weakness(against):
            yield one


def _weakness(one: _Rated) -> tuple[float, int, str]:
    return one.rating_a, one.rank, one.point


def _terminals(plan: Plan) -> Iterator[_Rated]:
    for name, load in plan.loads.items():
        for pin, terminal in load.terminals.items():
            if terminal.rating_a is not None:
                yield _Rated(f"{name}.{pin}", f"loads.{name}.terminals.{pin}", terminal.rating_a)


@rule("cavity-size", "function", "csa_min_mm2 ≤ csa_mm2 ≤ csa_max_mm2")
def cavity_size(case: Case) -> Iterator[Found]:
    """Of each conductor in a cavity that is made for certain cross-sections."""
    for name, conductor in case.plan.conductors.items():
        for end in (conductor.start, conductor.end):
            limits = sizes_taken(case.plan, end)
            if limits:
                yield _fitted(name, conductor.csa_mm2, end, limits)


def sizes_taken(plan: Plan, point: str) -> dict[str, float]:
    """The cross-sections that a cavity takes, mm², as far as they are known; nothing for any other point."""
    name, _, pin = point.partition(".")
    connector = plan.connectors.get(name)
    cavity = None if connector is None else connector.cavities.get(pin)
    if connector is None or cavity is None:
        return {}
    least = connector.csa_min_mm2 if cavity.csa_min_mm2 is None else cavity.csa_min_mm2
    most = connector.csa_max_mm2 if cavity.csa_max_mm2 is None else cavity.csa_max_mm2
    known = {"csa_min_mm2": least, "csa_max_mm2": most}
    return {field: value for field, value in known.items() if value is not None}


def _fitted(name: str, csa_mm2: float | None, point: str, limits: dict[str, float]) -> Found:
    connector, pin = point.split(".", 1)
    subject = f"connectors.{connector}.cavities.{pin}"
    if csa_mm2 is None:
        return missing(subject, f"whether {name} fits {point}", [f"conductors.{name}.csa_mm2"])
    figures = {"csa_mm2": csa_mm2, **limits}
    least, most = limits.get("csa_min_mm2"), limits.get("csa_max_mm2")
    if least is not None and not at_least(csa_mm2, least):
        said = f"{name} of {csa_mm2:g} mm² is too thin for {point}, which takes {least:g} mm² and more"
        return Found("fail", subject, said, f"fit a contact for {csa_mm2:g} mm², or a larger conductor", figures)
    if most is not None and not at_most(csa_mm2, most):
        said = f"{name} of {csa_mm2:g} mm² is too thick for {point}, which takes {most:g} mm² and less"
        return Found("fail", subject, said, f"fit a contact for {csa_mm2:g} mm², or a smaller conductor", figures)
    return Found("pass", subject, f"{name} of {csa_mm2:g} mm² fits {point}", "", figures)


RULES = (cavity_rating, cavity_size)
