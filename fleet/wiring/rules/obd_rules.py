"""The diagnostic plug: which of its pins kit may use, and for what. Pure."""

from collections.abc import Iterator, Mapping

from fleet.wiring.rules.network import Network, mated
from fleet.wiring.rules.rule import Case, Found, at_most, missing, rule
from fleet.wiring.rules.vehicle_tables import J1962_PINS, J1962_SUPPLY_A
from protocols.wiring.plan import Plan

_SUPPLY_PIN = "16"
_GROUND_PINS = ("4", "5")


@rule("obd-pin", "safety", "pin is 4, 5, 6, 7, 14 or 16, joined to what it is for; load_a ≤ limit_a at pin 16")
def obd_pin(case: Case) -> Iterator[Found]:
    """Of each pin of a J1962 connector that our conductors or loads are joined to, there or at the half it mates."""
    for connector, pin in _used(case.plan):
        subject, point = f"connectors.{connector}.cavities.{pin}", f"{connector}.{pin}"
        wrong = _wrong(case.network, pin, point)
        if pin not in J1962_PINS:
            yield Found("fail", subject, f"pin {pin} of the diagnostic plug is not for kit", "leave it free")
        elif wrong is not None:
            yield Found("fail", subject, f"{point} is {J1962_PINS[pin]}, and is {wrong}", "mend what it is joined to")
        elif pin == _SUPPLY_PIN:
            yield _drawn(case, subject, point)
        else:
            yield Found("pass", subject, f"{point} is {J1962_PINS[pin]}")


def _used(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each pin in use once: at the half that our conductor or load is at, or at the one that is a diagnostic plug's."""
    ours = {point for one in plan.conductors.values() for point in (one.start, one.end)}
    for name, connector in plan.connectors.items():
        for pin, cavity in connector.cavities.items():
            if cavity.joins is not None and cavity.joins.split(".")[0] in plan.loads:
                ours.add(f"{name}.{pin}")
    halves = [name for name, connector in plan.connectors.items() if connector.kind == "J1962"]
    mates: Mapping[str, str] = {one: other for pair in mated(plan) for one, other in (pair, pair[::-1])}
    for at, name in enumerate(halves):
        other = mates.get(name)
        for pin in plan.connectors[name].cavities:
            is_here, is_there = f"{name}.{pin}" in ours, f"{other}.{pin}" in ours
            if (is_here and not (other in halves[:at] and is_there)) or (is_there and other not in halves):
                yield name, pin


def _wrong(network: Network, pin: str, point: str) -> str | None:
    """What a pin is joined to against its meaning. What a bus is joined to is `can-listen-only`'s to tell."""
    if not network.reached(point).isdisjoint(f"{bus}.{line}" for bus in network.plan.buses for line in ("h", "l")):
        return None
    if pin != _SUPPLY_PIN and network.is_fed(point):
        return "joined to supply"
    if pin not in _GROUND_PINS and network.is_return(point):
        return "joined to a ground"
    return None


def _drawn(case: Case, subject: str, point: str) -> Found:
    flows = case.network.flows_at(point)
    needs = [f"loads.{flow.name}.running_a" for flow in flows if flow.load.running_a is None]
    vehicle = case.plan.vehicle
    if vehicle is None or needs:
        needs = ["vehicle"] * (vehicle is None) + needs
        return missing(subject, f"whether {point} carries what is drawn from it", needs)
    limit = J1962_SUPPLY_A[vehicle.system_v]
    load_a = case.network.current_at_a(point, "running") or 0.0
    figures = {"load_a": load_a, "limit_a": limit.value}
    unverified = () if limit.is_verified else (f"pin {_SUPPLY_PIN} ({limit.source})",)
    said = f"{load_a:.4g} A is drawn from {point}, which gives {limit.value:g} A at {vehicle.system_v} V"
    if at_most(load_a, limit.value):
        return Found("pass", subject, said, "", figures, unverified)
    return Found("fail", subject, said, "take supply from the battery, through a fuse", figures, unverified)


RULES = (obd_pin,)
