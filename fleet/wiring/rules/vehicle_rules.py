"""Loads against the vehicle's voltages: while it runs, and when its battery is lost. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.rule import Case, Found, at_least, at_most, missing, rule
from fleet.wiring.rules.vehicle_tables import LOAD_DUMP_V, Suppression
from protocols.wiring.parts import Load
from protocols.wiring.plan import Vehicle


@rule("supply-window", "function", "min_v ≤ system_v; min_v ≤ charge_min_v; charge_max_v ≤ max_v")
def supply_window(case: Case) -> Iterator[Found]:
    """Of each load that draws from the vehicle: it works at every voltage from the battery's to the alternator's."""
    for flow in case.network.flows:
        yield _window(case.plan.vehicle, flow.name, flow.load)


@rule("load-dump", "safety", "transient_max_v ≥ load_dump_v")
def load_dump(case: Case) -> Iterator[Found]:
    """Of each load that draws from the vehicle: it survives the battery being lost while the alternator charges it."""
    for flow in case.network.flows:
        yield _dump(case.plan.vehicle, flow.name, flow.load)


def _window(vehicle: Vehicle | None, name: str, load: Load) -> Found:
    subject = f"loads.{name}"
    alternator = None if vehicle is None else vehicle.alternator
    known = {
        "min_v": load.min_v,
        "max_v": load.max_v,
        "system_v": None if vehicle is None else float(vehicle.system_v),
        "charge_min_v": None if alternator is None else alternator.charge_min_v,
        "charge_max_v": None if alternator is None else alternator.charge_max_v,
    }
    figures = {key: value for key, value in known.items() if value is not None}
    wrong = [
        f"{low} is {figures[low]:g} V and {high} {figures[high]:g} V"
        for low, high in (("min_v", "system_v"), ("min_v", "charge_min_v"), ("charge_max_v", "max_v"))
        if low in figures and high in figures and not at_most(figures[low], figures[high])
    ]
    if wrong:
        return Found(
            "fail",
            subject,
            f"{name} does not work at every voltage of the vehicle: {'; '.join(wrong)}",
            "choose kit with a wider supply window, or put a converter before it",
            figures,
        )
    needs = [f"{subject}.{key}" for key in ("min_v", "max_v") if known[key] is None]
    needs += ["vehicle"] if vehicle is None else ["vehicle.alternator"] if alternator is None else []
    if needs:
        return missing(subject, f"whether {name} works at every voltage of the vehicle", needs)
    return Found("pass", subject, f"{name} works at every voltage of the vehicle", "", figures)


def _dump(vehicle: Vehicle | None, name: str, load: Load) -> Found:
    """Where nobody says whether the alternator is suppressed, the higher voltage is enough and the lower one is too
    little; between them it is not judged."""
    subject, survives_v = f"loads.{name}", load.transient_max_v
    needs = ["vehicle"] if vehicle is None else ["vehicle.load_dump"] if vehicle.load_dump is None else []
    if vehicle is None or survives_v is None:
        needs += [f"{subject}.transient_max_v"] if survives_v is None else []
        return missing(subject, f"whether {name} survives load dump", needs)
    asked: tuple[Suppression, ...] = ("suppressed", "unsuppressed") if needs else (vehicle.load_dump or "suppressed",)
    entries = [LOAD_DUMP_V[vehicle.system_v, one] for one in asked]
    survived = [entry for entry in entries if at_least(survives_v, entry.value)]
    if survived and len(survived) < len(entries):
        return missing(subject, f"whether {name} survives load dump", needs)
    entry = survived[-1] if survived else entries[0]
    figures = {"transient_max_v": survives_v, "load_dump_v": entry.value}
    unverified = () if entry.is_verified else (f"load dump of {entry.value:g} V ({entry.source})",)
    if survived:
        return Found("pass", subject, f"{name} survives load dump of {entry.value:g} V", "", figures, unverified)
    return Found(
        "fail",
        subject,
        f"{name} survives {survives_v:g} V, and load dump reaches {entry.value:g} V",
        "put a surge stopper before it, or choose kit that survives it",
        figures,
        unverified,
    )


RULES = (supply_window, load_dump)
