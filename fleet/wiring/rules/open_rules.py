"""Loads that nothing feeds, or that are joined to no ground. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.network import Network, terminal_of
from fleet.wiring.rules.rule import Case, Found, rule


@rule("open-circuit", "function", "a source feeds each supply terminal, and each return terminal is joined to a ground")
def open_circuit(case: Case) -> Iterator[Found]:
    """Of each load with a supply or return terminal; one that is connected the wrong way round is `supply-to-return`'s.
    Loads that one gap leaves without are told of together."""
    gaps: dict[frozenset[str], list[Found]] = {}
    for name, load in case.plan.loads.items():
        supply, back = terminal_of(name, load, "supply"), terminal_of(name, load, "return")
        if (supply is None and back is None) or is_turned(case.network, supply, back):
            continue
        opens = list(_open(case.network, name, supply, back))
        if not opens:
            yield Found("pass", f"loads.{name}", f"{name} is joined to a source and a ground")
        for point, found in opens:
            island = case.network.reached(point)
            is_alone = any(map(case.network.is_fed, island)) or any(map(case.network.is_return, island))
            gaps.setdefault(frozenset((found.subject,)) if is_alone else island, []).append(found)
    for first, *others in gaps.values():
        also = ", ".join(other.subject.split(".")[1] for other in others)
        yield first._replace(sentence=f"{first.sentence}; so it is with {also}") if also else first


def _open(network: Network, name: str, supply: str | None, back: str | None) -> list[tuple[str, Found]]:
    """What is open at a load, each with the point where it is."""
    found: list[tuple[str, Found]] = []
    if supply is not None and not network.is_fed(supply):
        said = f"{supply} is joined to return" if network.is_return(supply) else f"no source feeds {supply}"
        found.append((supply, Found("fail", _terminal_path(supply), said, "join it to a source, through a fuse")))
    if back is None:
        said, remedy = f"{name} has no return terminal", "say which terminal it returns by, and join that to a ground"
        found.append((f"{name}.", Found("fail", f"loads.{name}", said, remedy)))
    elif not network.is_return(back):
        said = f"{back} is joined to supply" if network.is_fed(back) else f"{back} is joined to no ground"
        found.append((back, Found("fail", _terminal_path(back), said, "join it to a ground")))
    return found


def is_turned(network: Network, supply: str | None, back: str | None) -> bool:
    """Whether a load's supply terminal is joined to a ground and its return terminal to a source."""
    if supply is None or back is None:
        return False
    return (
        network.is_return(supply)
        and network.is_fed(back)
        and not network.is_fed(supply)
        and not network.is_return(back)
    )


def _terminal_path(point: str) -> str:
    load, _, pin = point.partition(".")
    return f"loads.{load}.terminals.{pin}"


RULES = (open_circuit,)
