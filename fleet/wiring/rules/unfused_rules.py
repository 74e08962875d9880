"""What is live with no fuse before it. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.network import Network
from fleet.wiring.rules.rule import Case, Found, rule
from fleet.wiring.rules.structure_rules import link_path
from fleet.wiring.rules.ways import Link


@rule("unfused-positive", "safety", "a fuse of ours is between each source and all that it feeds")
def unfused_positive(case: Case) -> Iterator[Found]:
    """Of each conductor that a source feeds past all fuses: the first of a branch that has none, and what leads past
    one. A vehicle's own fuse protects its own cable, and counts only where no conductor of ours is between."""
    for passed, links in case.network.bypasses.items():
        for path in dict.fromkeys(map(link_path, links)):
            name = path.split(".", 1)[1].replace(".cavities.", ".")
            yield Found("fail", path, f"{name} leads past {passed}, which protects nothing", f"remove {name}")
    bare: set[str] = set()
    for source in case.plan.sources:
        region = _unfused(case.network, source)
        bare |= region.keys()
        yield from _bare_branches(case, source, region)
    for load_name, load in case.plan.loads.items():
        for pin, terminal in load.terminals.items():
            point = f"{load_name}.{pin}"
            if terminal.role in ("supply", "ignition-sense") and case.network.is_fed(point) and point not in bare:
                fuse = case.network.fuse_before(point)
                yield Found("pass", f"loads.{load_name}.terminals.{pin}", f"{point} is fed through {fuse}")


def _unfused(network: Network, source: str) -> dict[str, bool]:
    """Every point that a source feeds before any fuse, with whether a fuse is there or behind."""
    sides = {f"{fuse}.{side}" for fuse in network.plan.fuses for side in ("in", "out")}
    order = [source]
    for here in order:
        order += [link.other(here) for link in network.onward(here) if link.kind != "fuse"]
    found: dict[str, bool] = {}
    for here in reversed(order):
        found[here] = here in sides or any(found.get(link.other(here), False) for link in network.onward(here))
    return found


def _bare_branches(case: Case, source: str, region: dict[str, bool]) -> Iterator[Found]:
    waiting = [source]
    while waiting:
        here = waiting.pop()
        for link in case.network.onward(here):
            there = link.other(here)
            if there not in region:
                continue
            is_load = there.split(".")[0] in case.plan.loads
            if link.kind == "conductor" and (is_load or not region[there]):
                yield _bare(case, source, link, there, region)
            elif is_load:
                yield _plugged(case, source, there)
            if region[there] or link.kind != "conductor":
                waiting.append(there)


def _bare(case: Case, source: str, link: Link, outer: str, region: dict[str, bool]) -> Found:
    behind = [outer]
    for here in behind:
        behind += [there for one in case.network.onward(here) if (there := one.other(here)) in region]
    loads = list(dict.fromkeys(name for point in behind if (name := point.split(".")[0]) in case.plan.loads))
    feeds = f", and feeds {', '.join(loads)}" if loads else ""
    said = f"{link.name} is live from {source} with no fuse before it{feeds}"
    return Found("fail", link_path(link), said, f"fit a fuse in {link.name}, close to {source}")


def _plugged(case: Case, source: str, point: str) -> Found:
    """Of a load's terminal that contacts alone join to a source."""
    load, _, pin = point.partition(".")
    subject, own = f"loads.{load}.terminals.{pin}", case.plan.sources[source].fuse_a
    if own is not None:
        said = f"{point} is plugged in at {source}, behind its fuse of {own:g} A"
        return Found("pass", subject, said, "", {"fuse_a": own})
    return Found("fail", subject, f"{point} is plugged in at {source} with no fuse before it", "fit a fuse between")


RULES = (unfused_positive,)
