"""What is done otherwise in the field: colours that change at a connector, a supply that runs apart from its return.
Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.network import Flow
from fleet.wiring.rules.rule import Case, Found, missing, rule
from protocols.wiring.plan import Plan


@rule("colour-continuity", "practice", "colours on both sides of a contact are the same")
def colour_continuity(case: Case) -> Iterator[Found]:
    """Of each pair of cavities that are mated, or linked inside a connector, with a conductor on both sides."""
    at: dict[str, list[str]] = {}
    for name, conductor in case.plan.conductors.items():
        for point in () if conductor.shield else (conductor.start, conductor.end):
            at.setdefault(point, []).append(name)
    for link in case.network.links:
        if link.kind in ("mate", "inside") and at.get(link.start) and at.get(link.end):
            yield _continued(case.plan, link.start, [*at[link.start], *at[link.end]])


@rule("pair-together", "practice", "routes of the return are among the routes of the supply")
def pair_together(case: Case) -> Iterator[Found]:
    """Of each load whose supply and return both say which way they take. A return to the chassis beside the load takes
    none."""
    for flow in case.network.flows:
        found = _together(case.plan, flow)
        if found is not None:
            yield found


def _continued(plan: Plan, point: str, conductors: list[str]) -> Found:
    connector, cavity = point.split(".")
    subject = f"connectors.{connector}.cavities.{cavity}"
    silent = [f"conductors.{name}.colour" for name in conductors if plan.conductors[name].colour is None]
    colours = list(dict.fromkeys(colour for name in conductors if (colour := plan.conductors[name].colour)))
    if len(colours) > 1:
        return Found(
            "fail",
            subject,
            f"the colour changes at {point}: {' to '.join(colours)}",
            f"take one colour for {' and '.join(conductors)}",
        )
    if silent:
        return missing(subject, f"whether the colour stays the same at {point}", silent)
    return Found("pass", subject, f"{colours[0]} stays {colours[0]} at {point}")


def _together(plan: Plan, flow: Flow) -> Found | None:
    if flow.feed is None or flow.back is None:
        return None
    out = [plan.conductors[name] for name in flow.feed.names("conductor")]
    back = {name: plan.conductors[name] for name in flow.back.names("conductor") if plan.conductors[name].route}
    routes = {conductor.route for conductor in out if conductor.route}
    if not routes or not back:
        return None
    cables = {conductor.cable for conductor in out if conductor.cable}
    apart = [name for name, one in back.items() if one.route not in routes and one.cable not in cables]
    if apart:
        return Found(
            "fail",
            f"loads.{flow.name}",
            f"the return of {flow.name} runs apart from its supply: {', '.join(apart)} by {back[apart[0]].route}",
            "run supply and return side by side, so that they radiate and pick up less",
        )
    return Found("pass", f"loads.{flow.name}", f"supply and return of {flow.name} run together")


RULES = (colour_continuity, pair_together)
