"""Which battery is behind a source. Pure."""

from protocols.wiring.plan import Plan


def battery_behind(plan: Plan, source: str | None) -> str | None:
    """The battery that a source says, else the only one there is; None where nobody can say."""
    batteries = {} if plan.vehicle is None else plan.vehicle.batteries
    named = None if source is None else plan.sources[source].battery
    if named is None and len(batteries) == 1:
        return next(iter(batteries))
    return named if named in batteries else None
