"""How a load knows that the engine runs. Pure."""

from collections.abc import Iterator

from fleet.wiring.rules.network import terminal_of
from fleet.wiring.rules.rule import Case, Found, missing, rule
from protocols.wiring.parts import Load
from protocols.wiring.plan import Vehicle


@rule("ignition-sense", "function", "the signal tells whether the engine runs")
def ignition_sense(case: Case) -> Iterator[Found]:
    """Of each load that has to know whether the engine runs."""
    for name, load in case.plan.loads.items():
        if load.ignition_sense == "terminal-15":
            yield _by_terminal_15(case, name, load)
        elif load.ignition_sense == "voltage":
            yield _by_voltage(case.plan.vehicle, name)
        elif load.ignition_sense == "can":
            yield _by_can(name, load)
        elif load.ignition_sense == "motion":
            yield Found("pass", _path(name), f"{name} goes by motion, which needs no conductor")


def _by_terminal_15(case: Case, name: str, load: Load) -> Found:
    subject = _path(name)
    point = terminal_of(name, load, "ignition-sense")
    feed = None if point is None else case.network.feed(point)
    terminal = None if feed is None else case.plan.sources[feed.origin].terminal
    if terminal == "15":
        return Found("pass", subject, f"{name} senses terminal 15")
    why = f"{name} has no terminal for it"
    if point is not None:
        why = f"no source feeds {point}" if terminal is None else f"{point} is fed by terminal {terminal}"
    return Found(
        "fail",
        subject,
        f"{name} is to sense terminal 15, and {why}",
        "feed its ignition-sense terminal from a fused circuit of terminal 15",
    )


def _by_voltage(vehicle: Vehicle | None, name: str) -> Found:
    subject = _path(name)
    alternator = None if vehicle is None else vehicle.alternator
    if alternator is None:
        needs = ["vehicle" if vehicle is None else "vehicle.alternator"]
        return missing(subject, f"whether the voltage tells {name} that the engine runs", needs)
    if alternator.kind == "smart":
        return Found(
            "fail",
            subject,
            f"{name} goes by the voltage, which a smart alternator lets fall while the engine runs",
            "sense terminal 15, or hear it on the bus",
        )
    return Found("pass", subject, f"{name} goes by the voltage of a conventional alternator")


def _by_can(name: str, load: Load) -> Found:
    subject = _path(name)
    if load.can is None:
        return Found(
            "fail",
            subject,
            f"{name} is to hear on a bus that the engine runs, and hears none",
            "join it to a bus, listen-only, or sense terminal 15",
        )
    return Found("pass", subject, f"{name} hears on {load.can.bus} that the engine runs")


def _path(name: str) -> str:
    return f"loads.{name}.ignition_sense"


RULES = (ignition_sense,)
